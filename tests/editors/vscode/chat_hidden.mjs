// While the chat is hidden its run is in a notification, and so are its questions; both go when the chat is back.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  const toasts = user.page.locator(".notification-toast");
  const toast = user.page.locator(".notification-toast", { hasText: "Devstral wants to run" });
  const running = toasts.filter({ hasText: "Thinking about it" });

  // A question that is looked at in the chat, and answered there.
  await chat.ask("Test it");
  const question = chat.frame.getByRole("region", { name: "Approval" }).last();
  await question.getByRole("button", { name: "Deny" }).waitFor();
  await user.status("click to cancel");
  const visible = await toasts.count();
  await chat.hide();
  await toast.waitFor();
  const once = await toasts.count();
  const links = await toast.getByRole("button").or(toast.getByRole("link")).allInnerTexts();
  const said = await toast.locator(".notification-list-item-message").innerText();
  await user.screenshot("asks");
  await toast.getByText("Show in Chat").click();
  await chat.prompt.waitFor();
  await toast.waitFor({ state: "hidden" });
  await chat.hide();
  await toast.waitFor();
  await chat.show();
  await toast.waitFor({ state: "hidden" });
  await question.getByRole("button", { name: "Deny" }).click();
  await chat.answered();

  // One that is answered in the notification.
  await chat.ask("Again");
  await question.getByRole("button", { name: "Deny" }).waitFor();
  await chat.hide();
  await toast.getByText("Run once", { exact: true }).click();
  await toast.waitFor({ state: "hidden" });
  await chat.show();
  await chat.answered();
  const answered = await question.locator(".answered").innerText();

  // One that nobody can see all of.
  await chat.ask("Long");
  await question.getByRole("button", { name: "Deny" }).waitFor();
  await chat.hide();
  await toast.waitFor();
  const long = await toast.locator(".notification-list-item-message").innerText();
  await chat.show();
  await user.page.keyboard.press("Escape");
  await chat.answered("cancelled");
  await toast.waitFor({ state: "hidden" });

  // A run without a question.
  await chat.ask("Think long");
  await chat.log.getByText("Thinking about it").waitFor();
  const beside = await toasts.count();
  await chat.hide();
  await running.waitFor();
  await user.screenshot("runs");
  await chat.show();
  await running.waitFor({ state: "hidden" });
  await chat.hide();
  await running.locator(".monaco-button", { hasText: "Cancel" }).click();
  await running.waitFor({ state: "hidden" });
  await chat.show();
  await chat.answered("cancelled");
  return { visible, once, links, said, answered, long, beside };
}
