// Commands ask in the chat, or in a message when it can't be seen; Escape ends a run, and what waits for it.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  await chat.ask("Test it");
  const question = chat.frame.getByRole("region", { name: "Approval" }).last();
  await question.getByRole("button", { name: "Run once" }).waitFor();
  const asked = await question.innerText();
  const toasts = await user.page.locator(".notification-toast").count();
  await user.screenshot("approval");
  await question.getByRole("button", { name: "Run once" }).focus();
  await user.page.keyboard.press("Enter");
  await chat.answered();
  const answered = await question.locator(".answered").innerText();
  const line = chat.turn.locator("details.tool", { hasText: "run echo tested" });
  const folded = await line.getAttribute("open");
  await line.locator("summary").focus();
  await user.page.keyboard.press("Enter");
  const output = await line.locator("pre").innerText();
  await user.reach("approved");

  await chat.ask("Again");
  await question.getByRole("button", { name: "Deny" }).click();
  await chat.answered();
  const denied = await question.locator(".answered").innerText();

  await chat.ask("Think long");
  await chat.log.getByText("Thinking about it").waitFor();
  await chat.ask("And this");
  await chat.turn.locator(".state.queued").waitFor();
  await user.screenshot("busy");
  await user.page.keyboard.press("Escape");
  await chat.answered("cancelled");
  const states = await chat.frame.locator(".turn > .state").evaluateAll((all) => all.map((one) => one.className));
  await user.reach("cancelled");
  return { asked, toasts, answered, folded, output, denied, states };
}
