// The chat with everything in it, in each kind of theme: looked at by axe, and gone through with the tabulator key.
import { readFileSync } from "node:fs";

import { Chat } from "./chat.mjs";

const THEMES = {
  light: ["Light Modern", "vscode-light"],
  dark: ["Dark Modern", "vscode-dark"],
  "high-contrast": ["Dark High Contrast", "vscode-high-contrast"],
  "high-contrast-light": ["Light High Contrast", "vscode-high-contrast-light"],
};

export default async function (user) {
  const axe = readFileSync(`${user.packages}/axe-core/axe.min.js`, "utf8");
  const chat = await Chat.open(user, "shop/prices.py");
  await chat.ask("Explain");
  await chat.answered();
  await chat.ask("Round to cents");
  await chat.answered();
  await chat.button("Accept the change of shop/prices.py, line 11").click();
  await chat.turn.locator(".decided").waitFor();
  await chat.ask("Test it");
  await chat.button("Run once").waitFor();
  await chat.log.evaluate((log) => {
    for (const details of log.querySelectorAll("details")) details.open = true;
  });

  const violations = {};
  const colours = {};
  for (const [name, [theme, kind]] of Object.entries(THEMES)) {
    await user.theme(theme);
    await chat.frame.locator(`body.${kind}`).waitFor();
    const document = await chat.document();
    await document.evaluate(axe);
    const found = await document.evaluate(() => globalThis.axe.run());
    violations[name] = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    colours[name] = await chat.frame.locator("body").evaluate((body) => getComputedStyle(body).color);
    await user.screenshot(name);
  }
  await chat.log.evaluate((log) => log.scrollTo(0, 0));
  await user.screenshot("top");
  const stops = await chat.tabbed();
  await user.page.keyboard.press("Escape");
  await chat.answered("cancelled");
  return { violations, colours, stops };
}
