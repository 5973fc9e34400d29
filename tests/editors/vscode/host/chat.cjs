// In the extension host: the chat of the extension as other extensions get it, and the documents it changes.
const vscode = require("vscode");

// Once `find` finds something. `event` tells when to look again.
function until(event, find) {
  return new Promise((resolve) => {
    const look = () => {
      const found = find();
      if (found === undefined || found === false) return;
      listening?.dispose();
      resolve(found);
    };
    const listening = event(look);
    look();
  });
}

async function run() {
  const extension = vscode.extensions.getExtension("devstral-ls.devstral-ls");
  const { chat } = await extension.activate();
  const file = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, "shop", "prices.py");
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  const seen = {};
  const parts = (kind) => (chat.turns.at(-1)?.parts ?? []).filter((part) => part.kind === kind);
  const holds = (text) => until(vscode.workspace.onDidChangeTextDocument, () => document.getText().includes(text));

  const grown = [];
  const listening = chat.onDidChange(() => grown.push(parts("text")[0]?.text ?? ""));
  seen.answer = (await chat.ask("What is this?")).parts.at(-1).text;
  listening.dispose();
  seen.streamed = grown.some((text) => text !== "" && text.length < seen.answer.length);

  const propose = async () => {
    await chat.ask("Round to cents");
    return parts("proposal")[0].proposal;
  };
  let proposal = await propose();
  seen.hunks = proposal.files.map((each) => each.hunks.length);
  await chat.decide(true, proposal.proposalId, undefined, proposal.files[0].hunks[1].id);
  await holds("round(sum(prices), 2)");
  seen.afterOne = document.getText();
  await chat.decide(false, proposal.proposalId);
  seen.afterReject = document.getText();

  proposal = await propose();
  await chat.decide(true, proposal.proposalId);
  await holds("round(net");
  seen.afterAll = document.getText();

  await vscode.commands.executeCommand("devstral.chat.open");
  const running = chat.ask("Test it");
  const question = await until(chat.onDidChange, () => parts("approval").find((part) => part.answer === undefined));
  chat.answer(question.id, "Run once");
  const tested = await running;
  seen.approved = tested.parts.find((part) => part.kind === "tool").output;

  const long = chat.ask("Think long");
  await until(chat.onDidChange, () => parts("text").length > 0);
  await chat.cancel();
  seen.cancelled = (await long).state;
  console.log(`SEEN ${JSON.stringify(seen)}`);
}

module.exports = { run };
