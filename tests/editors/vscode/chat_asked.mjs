// Questions in the chat: answers are streamed, code is copied and inserted, and what the model wrote is only ever text.
import { Chat } from "./chat.mjs";

export default async function (user) {
  const refused = [];
  user.page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) refused.push(message.text());
  });
  await user.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const chat = await Chat.open(user, "shop/prices.py");

  await chat.ask("What does total do?");
  await chat.log.getByText("It adds").waitFor();
  const early = { text: await chat.turn.locator(".text").innerText(), busy: await chat.turn.getAttribute("aria-busy") };
  await chat.answered();
  const answer = chat.turn.locator(".text");
  const tags = await answer.evaluate((text) => [...text.querySelectorAll("*")].map((element) => element.tagName));
  const links = await answer.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  const text = await answer.innerText();
  const usage = await chat.frame.locator(".usage").innerText();
  await user.screenshot("answered");

  // Scripts that get into the page in spite of it all do not run.
  const document = await chat.document();
  const before = [...refused];
  const blocked = await document.evaluate(
    () =>
      new Promise((resolve) => {
        addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
        const script = globalThis.document.createElement("script");
        script.textContent = "globalThis.ran = true";
        globalThis.document.body.append(script);
      }),
  );
  const ran = await document.evaluate(() => globalThis.ran === true);

  // VS Code asks before it opens a page of the web.
  await answer.getByRole("link", { name: "the documentation" }).click();
  const dialog = user.page.locator(".monaco-dialog-box");
  const asked = await dialog.innerText();
  await user.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  await user.focusEditor();
  await user.page.keyboard.press("Control+End");
  await chat.button("Insert code block 1, python, at the cursor").click();
  await user.shows("print(total([1, 2]))");
  await chat.button("Copy code block 1, python").click();
  await chat.prompt.click();
  await user.page.keyboard.press("Control+V");
  const pasted = await chat.holds("print(total([1, 2]))");

  // The view is gone while another one is shown, and is as it was when it is back.
  await user.command("View: Show Explorer");
  await chat.log.waitFor({ state: "hidden" });
  await user.command("Devstral: Open Chat");
  await chat.log.getByText("It adds").waitFor();
  const draft = await chat.holds("print(total([1, 2]))");

  await chat.prompt.fill("");
  await chat.ask("And in one word?");
  await chat.log.getByText("Sum.").waitFor();
  await chat.answered();
  await user.command("Devstral: New Chat");
  await chat.frame.locator(".welcome").waitFor();
  return { early, tags, links, text, usage, refused: before, blocked, ran, asked, pasted, draft };
}
