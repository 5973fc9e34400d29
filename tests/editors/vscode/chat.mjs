// What a person does and sees in the chat view.

export class Chat {
  constructor(user) {
    this.user = user;
    this.page = user.page;
    this.frame = user.page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
    this.prompt = this.frame.getByRole("textbox", { name: "Ask Devstral" });
    this.log = this.frame.getByRole("log", { name: "Conversation" });
  }

  // Open the project with one of its files, and the chat beside it.
  static async open(user, name) {
    const chat = new Chat(user);
    await user.open(name);
    await user.command("Devstral: Open Chat");
    await chat.prompt.waitFor();
    return chat;
  }

  async hide() {
    await this.user.command("View: Show Explorer");
    await this.log.waitFor({ state: "hidden" });
  }

  async show() {
    await this.user.command("Devstral: Open Chat");
    await this.prompt.waitFor();
  }

  // Ask, and wait until the question is in the conversation.
  async ask(text) {
    const turns = this.frame.locator(".turn");
    const before = await turns.count();
    await this.prompt.click();
    await this.page.keyboard.type(text);
    await this.page.keyboard.press("Enter");
    await turns.nth(before).waitFor();
  }

  // Wait until the last answer is complete.
  async answered(state = "finished") {
    await this.turn.locator(`.state.${state}`).waitFor({ state: "attached" });
  }

  // Where it says that the model does not remember what is above.
  get forgotten() {
    return this.frame.getByRole("note").filter({ hasText: "does not remember" });
  }

  // What the view's document is to a screen reader: [{ role, name, ...properties }], without what it passes over.
  async tree() {
    const session = await this.page.context().newCDPSession(this.page);
    const { frameTree } = await session.send("Page.getFrameTree");
    const all = (tree) => [tree.frame, ...(tree.childFrames ?? []).flatMap(all)];
    const read = (frame) => session.send("Accessibility.getFullAXTree", { frameId: frame.id });
    const documents = await Promise.all(all(frameTree).map(read));
    // The frames have no names; ours is the one with a log in it.
    const { nodes } = documents.find((document) => document.nodes.some((node) => node.role?.value === "log"));
    await session.detach();
    return nodes
      .filter((node) => !node.ignored && node.name !== undefined && !/^(StaticText|InlineTextBox)$/.test(node.role.value))
      .map(({ role, name, description, properties = [] }) => ({
        role: role.value,
        name: name.value ?? "",
        description: description?.value ?? "",
        ...Object.fromEntries(properties.map((property) => [property.name, property.value.value])),
      }));
  }

  get turn() {
    return this.frame.locator(".turn").last();
  }

  // One side of the diff editor, once it shows this text.
  side(which, text) {
    return this.page.locator(`.editor.${which} .view-lines`, { hasText: text });
  }

  button(name) {
    return this.frame.getByRole("button", { name });
  }

  // The frame that the view is drawn in, to look at the document itself.
  async document() {
    const handle = await this.log.elementHandle();
    return handle.ownerFrame();
  }

  // Wait until the prompt has this text in it; the prompt.
  async holds(text) {
    const document = await this.document();
    await document.waitForFunction((wanted) => globalThis.document.querySelector("#prompt").value.includes(wanted), text);
    return this.prompt.inputValue();
  }

  // What has the focus in the view.
  async focused() {
    const document = await this.document();
    return document.evaluate(() => globalThis.document.activeElement?.getAttribute("aria-label"));
  }

  // Paste a PNG into the prompt, as a browser does it.
  async paste(base64) {
    await this.prompt.evaluate((prompt, data) => {
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
      prompt.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, base64);
  }

  // What the tabulator key goes to, from the conversation to the button that sends.
  async tabbed() {
    await this.log.focus();
    const document = await this.document();
    const stops = [];
    for (let stop = ""; stop !== "Send" && stops.length < 100; stops.push(stop)) {
      await this.page.keyboard.press("Tab");
      stop = await document.evaluate(() => {
        const { activeElement } = globalThis.document;
        const outlined = getComputedStyle(activeElement).outlineStyle !== "none" ? "" : "no outline: ";
        return outlined + (activeElement.getAttribute("aria-label") ?? activeElement.id ?? "") || activeElement.textContent;
      });
    }
    return stops;
  }
}
