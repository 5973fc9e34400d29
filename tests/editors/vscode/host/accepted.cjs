// Edits in two places are accepted at once; one undo takes both back.
const vscode = require("vscode");

module.exports = async (host) => {
  const document = await host.open("shop/prices.py");
  const before = { text: document.getText(), version: document.version };
  const part = await host.proposed("Round to cents");
  const proposed = { text: document.getText(), version: document.version, state: part.proposal.state };

  await host.chat.decide(true, part.proposal.proposalId);
  await host.part("proposal", ({ proposal }) => proposal.state === "applied");
  const accepted = { text: document.getText(), version: document.version, dirty: document.isDirty };
  await host.reach("accepted");

  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand("undo");
  const undone = { text: document.getText(), version: document.version };
  await host.chat.ask("And now?");
  return { before, proposed, accepted, undone };
};
