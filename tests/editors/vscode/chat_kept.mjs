// The conversation stays: where the view is moved, the window is loaded anew, and the server is started anew.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  await chat.ask("Round to cents");
  await chat.answered();
  await chat.button("Accept the change of shop/prices.py, line 11").click();
  await chat.turn.locator(".decided", { hasText: "accepted" }).waitFor();
  await user.save("prices.py");
  await chat.prompt.fill("What else?");

  await user.move("Chat", "New Panel Entry");
  await user.page.locator("#workbench\\.parts\\.panel .composite-bar", { hasText: "Devstral" }).waitFor();
  await chat.log.getByText("Round to cents").waitFor();
  const moved = { text: await chat.log.innerText(), draft: await chat.holds("What else?") };
  await user.command("View: Reset View Locations");
  await user.page.keyboard.press("Control+J");
  await user.page.locator("#workbench\\.parts\\.panel").waitFor({ state: "hidden" });
  // The view's commands are gone for a moment.
  await user.page.locator('.activitybar .action-item[aria-label="Devstral"], .activitybar [aria-label="Devstral"]').first().click();
  await chat.log.getByText("Round to cents").waitFor();

  await user.reload();
  await chat.show();
  await chat.forgotten.waitFor();
  const reloaded = { text: await chat.log.innerText(), draft: await chat.holds("What else?") };
  const buttons = await chat.log.getByRole("button").allInnerTexts();
  await user.screenshot("kept");
  await chat.button("Ask again").click();
  const again = await chat.holds("Round to cents");
  await chat.prompt.fill("");

  await chat.ask("And now?");
  await chat.answered();
  const order = await chat.log.evaluate((log) => [...log.children].map((one) => one.className));
  await user.screenshot("gone-on");

  await chat.ask("Think long");
  await chat.log.getByText("Thinking about it").waitFor();
  await user.reach("killed");
  await user.status("Devstral is ready");
  await chat.log.locator(".turn.past").nth(2).waitFor();
  const broken = await chat.turn.locator(".state").innerText();
  const later = await chat.log.evaluate((log) => [...log.children].map((one) => one.className));
  await user.screenshot("crashed");

  await chat.forgotten.getByRole("button", { name: "New Chat" }).click();
  await chat.frame.locator(".welcome").waitFor();
  await user.reload();
  await chat.show();
  await chat.frame.locator(".welcome").waitFor();
  const turns = await chat.frame.locator(".turn").count();
  return { moved, reloaded, buttons, again, order, broken, later, turns };
}
