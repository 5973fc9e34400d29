// What a person at a VS Code does and sees: opens files, runs commands, looks at previews.
//
// node user.mjs PACKAGES BROWSER PROFILE. A case is a module whose default export takes a User and returns what was
// seen. The test says over stdin what to play; over stdout it gets {"outcome": ...} or {"failed": ...}, and
// {"reached": ...} where a case waits for the test to look at the rest of the world.

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, browser, profile] = process.argv.slice(2);
const { chromium } = createRequire(`${packages}/`)("playwright-core");

const PATIENCE = 120_000; // milliseconds; a case that waits longer has failed
const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

class User {
  constructor(page, play) {
    const { port, folder, screenshots } = play;
    Object.assign(this, { page, play, screenshots, packages, folder });
    this.server = `http://127.0.0.1:${port}`;
    this.base = `${this.server}/?folder=${folder}`;
    this.remote = `vscode-remote://127.0.0.1:${port}${folder}`;
  }

  // Open the project with one of its files, and wait until Devstral is there.
  async open(name) {
    await this.load(name);
    await this.status("Devstral is ready");
  }

  async load(name) {
    await this.goto(this.base, `${this.remote}/${name}`);
  }

  // Load the window anew, as somebody does who wants to begin afresh, and wait until Devstral is there again.
  async reload() {
    const loaded = this.page.waitForEvent("load");
    await this.command("Developer: Reload Window");
    await loaded;
    await this.page.locator(".editor-instance .view-line").first().waitFor();
    await this.status("Devstral is ready");
  }

  // A file of this VS Code's own machine, by its whole path; base: the address of the folder or workspace.
  async goto(base, file) {
    const payload = JSON.stringify([["openFile", file]]);
    await this.page.goto(`${base}&payload=${encodeURIComponent(payload)}`);
    await this.page.locator(".editor-instance .view-line").first().waitFor();
  }

  // Open a workspace file. In this form VS Code may read it too early; then it has no folders until it is loaded anew.
  async workspace(path, payload) {
    const rows = this.page.locator(".explorer-folders-view .monaco-list-row");
    for (const end = Date.now() + PATIENCE; ; ) {
      await this.page.goto(`${this.server}/?workspace=${path}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
      try {
        return await rows.first().waitFor({ timeout: 15_000 });
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  // Wait until the status bar's item says `what`.
  async status(what) {
    await this.page.locator(`#devstral-ls\\.devstral-ls\\.devstral\\.status a[aria-label*="${what}"]`).waitFor();
  }

  // The text of a notification that has this in it, once there is one.
  toast(text) {
    return this.page.locator(".notification-toast", { hasText: text }).first();
  }

  async answer(text, button) {
    const toast = this.toast(text);
    await toast.waitFor();
    const said = await toast.innerText();
    await toast.locator(".monaco-button", { hasText: button }).first().click();
    return said;
  }

  // Wait until no run goes on, and the notification about the last one is gone, which VS Code lets stand a while.
  async quiet() {
    await this.status("Devstral is ready");
    await this.page.locator(".notification-toast").first().waitFor({ state: "hidden" });
  }

  // Close every notification: there is room for three.
  async clearToasts() {
    await this.command("Notifications: Clear All Notifications");
    await this.page.locator(".notification-toast").first().waitFor({ state: "hidden" });
  }

  // The rows of the list that is asked from, once `what` is one of them.
  async choices(what) {
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    await rows.filter({ hasText: what }).first().waitFor();
    return (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  }

  async choose(what) {
    const choices = await this.choices(what);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: what }).first().click();
    return choices;
  }

  // Run a command of the palette by its title.
  async command(title) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`>${title}`);
    // Until the list has settled another command is the one that Enter runs.
    await this.page.locator(`.quick-input-list .monaco-list-row.focused[aria-label*="${title}"]`).waitFor();
    await this.page.keyboard.press("Enter");
  }

  // Move a view, both by its name, to a place of the list that is then shown.
  async move(view, place) {
    await this.page.keyboard.press("F1");
    await this.page.locator(".quick-input-widget input").fill(">View: Move View");
    // Others of which this is the beginning come first.
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: /^View: Move View$/ }).click();
    await this.choose(view);
    await this.choose(place);
  }

  // Run a command that asks for a prompt, and give it one.
  async prompt(title, text) {
    await this.command(title);
    const box = this.page.locator(".quick-input-widget .quick-input-titlebar", { hasText: "Devstral" });
    await box.waitFor();
    await this.page.locator(".quick-input-widget input").fill(text);
    await this.page.keyboard.press("Enter");
    await box.waitFor({ state: "hidden" });
  }

  // Choose a colour theme by its name.
  async theme(name) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(">Preferences: Color Theme");
    // Another command of this name comes first.
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: /^Preferences: Color Theme(?!s)/ }).click();
    await this.page.locator('.quick-input-widget input[placeholder*="heme"]').waitFor();
    await input.fill(name);
    await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).first().waitFor();
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  get preview() {
    return this.page.locator(".bulk-edit-panel");
  }

  // Wait for the Refactor Preview; its rows, once all of them are there: [{ text, ticked, label }].
  async rows(count) {
    const rows = this.preview.locator(".monaco-list-row");
    await rows.nth(count - 1).waitFor();
    const found = [];
    for (const row of await rows.all()) {
      const box = row.locator(".edit-checkbox");
      found.push({
        text: (await row.innerText()).replace(/\s+/g, " ").trim(),
        ticked: (await box.getAttribute("aria-checked")) === "true",
        label: await row.getAttribute("aria-label"),
      });
    }
    return found;
  }

  async untick(text) {
    await this.preview.locator(".monaco-list-row", { hasText: text }).first().locator(".edit-checkbox").click();
  }

  async press(button) {
    await this.page.locator(".bulk-edit-panel .monaco-button", { hasText: button }).click();
  }

  async previewGone() {
    await this.preview.waitFor({ state: "hidden" });
  }

  // Wait until the active editor shows this text.
  async shows(text) {
    await this.page.locator(".editor-group-container.active .view-lines", { hasText: text }).first().waitFor();
  }

  async focusEditor() {
    await this.page.locator(".editor-group-container.active .view-lines").first().click();
  }

  // Save a file whose tab is there, or comes.
  async save(name) {
    const unsaved = this.page.locator(`.tab.dirty[data-resource-name="${name}"]`);
    await unsaved.click();
    await this.page.keyboard.press("Control+S");
    await unsaved.waitFor({ state: "hidden" });
  }

  async undo() {
    await this.focusEditor();
    await this.page.keyboard.press("Control+Z");
  }

  // Open the menu of code actions at the cursor; the titles of Devstral's. It is opened again where something took the
  // focus from it, such as a tab that opens late.
  async actions() {
    const rows = this.page.locator(".action-widget .monaco-list-row.action");
    for (const end = Date.now() + PATIENCE; ; ) {
      await this.focusEditor();
      await this.page.keyboard.press("Control+.");
      try {
        await rows.filter({ hasText: "Devstral: " }).first().waitFor({ timeout: 3000 });
        break;
      } catch (error) {
        if (Date.now() > end) throw error;
        await this.page.keyboard.press("Escape");
      }
    }
    return (await rows.allInnerTexts()).map((text) => text.trim()).filter((text) => text.startsWith("Devstral: "));
  }

  // The titles, once they are as they should be: a menu can't be waited for, only opened again.
  async actionsUntil(holds) {
    for (const end = Date.now() + PATIENCE; ; ) {
      const titles = await this.actions();
      await this.page.keyboard.press("Escape");
      await this.page.locator(".action-widget").first().waitFor({ state: "hidden" });
      if (holds(titles)) return titles;
      if (Date.now() > end) throw new Error(`the code actions stay ${titles.join("; ")}`);
    }
  }

  async act(title) {
    await this.actions();
    const row = this.page.locator(".action-widget .monaco-list-row.action", { hasText: title }).first();
    // The list moves by keys; a click on it closes it at times without an effect.
    while (!(await row.getAttribute("class")).includes("focused")) await this.page.keyboard.press("ArrowDown");
    await this.page.keyboard.press("Enter");
    await this.page.locator(".action-widget").first().waitFor({ state: "hidden" });
  }

  async screenshot(name) {
    // What is fading in is shown as it will be.
    await this.page.screenshot({ path: `${this.screenshots}/${name}.png`, animations: "disabled" });
  }

  // Let the test look at the rest of the world, if it wants to, and go on when it has.
  async reach(place) {
    if (!this.play.places.includes(place)) return;
    say({ reached: place });
    await said.next();
  }
}

const context = await chromium.launchPersistentContext(profile, {
  executablePath: browser,
  viewport: { width: 1280, height: 800 },
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    ...["--disable-component-update", "--disable-sync", "--no-proxy-server"],
  ],
});
context.setDefaultTimeout(PATIENCE);
for (let line = await said.next(); !line.done; line = await said.next()) {
  const play = JSON.parse(line.value);
  mkdirSync(play.screenshots, { recursive: true });
  const page = await context.newPage();
  const user = new User(page, play);
  try {
    const { default: steps } = await import(`./${play.case}.mjs`);
    say({ outcome: (await steps(user)) ?? {} });
  } catch (error) {
    await user.screenshot("failed");
    say({ failed: error.stack });
  }
  // At once: VS Code asks before it leaves unsaved files.
  await page.close({ runBeforeUnload: false });
}
await context.close();
