// What a run proposes is decided in the chat: by hunk, by file, all of it; with VS Code's own diff editor beside it.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  await chat.ask("Round to cents");
  await chat.answered();
  const proposal = chat.frame.getByRole("region", { name: "Proposed changes" }).last();
  const prices = proposal.getByRole("group", { name: "shop/prices.py" });
  const offered = await proposal.getByRole("button").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));

  await chat.button("Show the diff of shop/prices.py").click();
  await chat.side("modified", "round(sum(prices), 2)").waitFor();
  await chat.side("original", "return sum(prices)").waitFor();
  const diff = await user.page.locator(".tab.active").getAttribute("aria-label");
  await user.screenshot("diff");
  await user.reach("shown");

  // By keyboard alone: the focus goes on to what is left.
  await chat.button("Accept the change of shop/prices.py, line 11").focus();
  await user.page.keyboard.press("Enter");
  await prices.locator(".decided", { hasText: "accepted" }).waitFor();
  await chat.side("original", "round(sum(prices), 2)").waitFor();
  const focused = await chat.focused();
  await chat.button("Reject the change of shop/prices.py, line 7").click();
  await prices.locator(".decided", { hasText: "rejected" }).waitFor();
  // What was rejected is on neither side any more.
  await chat.side("modified", "round(net").waitFor({ state: "hidden" });
  await chat.button("Accept the change of shop/cart.py, line 7").click();
  await chat.button("Reject the change of shop/cents.py, new").click();
  await chat.button("Undo the accepted changes").waitFor();
  await user.screenshot("decided");
  for (const name of ["cart.py", "prices.py"]) await user.save(name);
  await user.reach("decided");

  await chat.ask("And the tax?");
  await chat.answered();
  await chat.button("Accept all changes").last().click();
  await chat.button("Undo the accepted changes").waitFor();
  await user.save("prices.py");
  await user.reach("accepted");
  await chat.button("Undo the accepted changes").click();
  await chat.turn.locator(".decided", { hasText: "undone" }).waitFor();
  await user.save("prices.py");
  await user.reach("undone");

  await chat.ask("Once more");
  await chat.answered();
  await chat.button("Reject all changes").last().click();
  await chat.turn.locator(".decided", { hasText: "rejected" }).waitFor();
  await chat.ask("Thanks");
  await chat.answered();
  return { offered, diff, focused };
}
