// What a screen reader is given of the chat: Chromium's accessibility tree, and all that live regions say.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const chat = await Chat.open(user, "shop/prices.py");
  const document = await chat.document();
  // What any region that is live comes to say, in its order.
  await document.evaluate(() => {
    globalThis.said = [];
    const lives = (node) => {
      const live = (node instanceof Element ? node : node.parentElement)?.closest("[aria-live], [role=alert], [role=status], [role=log]");
      return live !== null && live?.getAttribute("aria-live") !== "off" ? live : undefined;
    };
    new MutationObserver((changes) => {
      for (const live of new Set(changes.map((change) => lives(change.target)).filter(Boolean))) {
        globalThis.said.push(`${live.getAttribute("role")}: ${live.textContent}`);
      }
    }).observe(globalThis.document.body, { childList: true, subtree: true, characterData: true });
  });
  await chat.ask("Explain");
  await chat.answered();
  await chat.ask("Round to cents");
  await chat.answered();
  await chat.button("Accept the change of shop/prices.py, line 11").click();
  await chat.turn.locator(".decided").waitFor();
  const line = chat.turn.locator("details.tool").first();
  await line.locator("summary").focus();
  await user.page.keyboard.press("Enter");
  await line.locator("pre").waitFor();
  await chat.ask("Test it");
  await chat.button("Run once").waitFor();
  const tree = await chat.tree();
  await chat.button("Deny").click();
  await chat.answered();
  const said = await document.evaluate(() => globalThis.said);
  return { tree, said };
}
