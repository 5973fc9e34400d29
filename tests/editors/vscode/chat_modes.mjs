// What a command's own mode says of its edits counts in the chat.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  // The model is the sign that the settings of this case are there, and later that they have changed.
  await user.status("model mistral-small");
  await chat.ask("Round to cents");
  await chat.answered();
  // The edits are applied when the answer is there.
  await chat.turn.locator(".decided .place").first().waitFor();
  const decided = await chat.turn.locator(".decided .place").allInnerTexts();
  const asked = await chat.button("Accept all changes").count();
  await user.shows("round(sum(prices), 2)");
  await user.save("prices.py");
  await user.reach("applied");
  await user.status("model devstral-small-2");
  await chat.ask("And the tax?");
  await chat.answered();
  const offered = await chat.button("Accept all changes").count();
  await user.reach("proposed");
  return { decided, asked, offered };
}
