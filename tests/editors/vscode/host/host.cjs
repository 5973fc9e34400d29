// What a case in the extension host works with: VS Code's API, our extension's, and a folder of its own.

const vscode = require("vscode");

const EXTENSION = "devstral-ls.devstral-ls";

class Host {
  constructor(play, reach, { chat, status }) {
    this.play = play;
    this.reach = reach;
    this.chat = chat;
    this.status = status;
    this.extension = vscode.extensions.getExtension(EXTENSION);
    this.folder = vscode.Uri.file(play.folder);
  }

  // With a server that is ready, nothing open and a new conversation.
  static async fresh(play, reach) {
    const host = new Host(play, reach, await vscode.extensions.getExtension(EXTENSION).activate());
    // A case that failed may have left a run.
    await vscode.commands.executeCommand("devstral.ui.cancel");
    await host.chat.startAnew();
    await host.says("Devstral is ready");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    return host;
  }

  // Wait until the status bar's item says `what`.
  says(what) {
    const found = () => this.status.says.includes(what);
    found.toString = () => `the status "${what}", which is "${this.status.says}"`;
    return until(this.status.onDidChange, found);
  }

  // The document of a file of the case, in the active editor.
  async open(name) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(this.folder, name));
    await vscode.window.showTextDocument(document);
    return document;
  }

  // Wait until a document has the text `what` in it.
  holds(document, what) {
    return until(vscode.workspace.onDidChangeTextDocument, () => document.getText().includes(what));
  }

  // Wait until the last turn has a part of this kind that `matches`; the part.
  part(kind, matches = () => true) {
    const found = () => this.parts(kind).find(matches);
    found.toString = () => `a part ${kind}: ${matches}, of ${JSON.stringify(this.parts(kind))}`;
    return until(this.chat.onDidChange, found);
  }

  // The parts of the last turn that are of this kind.
  parts(kind) {
    return (this.chat.turns.at(-1)?.parts ?? []).filter((part) => part.kind === kind);
  }

  // Ask without waiting for the answer, but until the question is in the conversation; what becomes of it.
  async begin(prompt) {
    const before = this.chat.turns.length;
    const running = this.chat.ask(prompt);
    await until(this.chat.onDidChange, () => this.chat.turns.length > before);
    return { running };
  }

  // Ask for edits; the part of the conversation that proposes them.
  async proposed(prompt) {
    await this.chat.ask(prompt);
    return this.parts("proposal")[0];
  }

  // The answer to the last question, as text.
  get answer() {
    return this.parts("text").at(-1)?.text;
  }
}

// What is being waited for, for those who see it take too long.
const waiting = new Set();

// Wait until `find` finds something, and return it. event: tells when to look again.
function until(event, find) {
  return new Promise((resolve) => {
    let listening;
    const look = () => {
      const found = find();
      if (!found) return;
      listening?.dispose();
      waiting.delete(find);
      resolve(found);
    };
    waiting.add(find);
    look();
    if (waiting.has(find)) listening = event(look);
  });
}

// What is waited for and has not come, in the words of the case; nothing waits for it any more.
function missed() {
  const missing = [...waiting].map(String);
  waiting.clear();
  return missing;
}

module.exports = { Host, missed, until };
