// A workspace of two folders: what is worked on is in the second.
const vscode = require("vscode");

module.exports = async (host) => {
  const { folders } = await vscode.commands.executeCommand("devstral.status");
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(host.play.file));
  await vscode.window.showTextDocument(document);
  const { proposal } = await host.proposed("Round to cents");
  await host.chat.decide(true, proposal.proposalId);
  await host.holds(document, "round(sum(prices), 2)");
  return { folders, paths: proposal.files.map((file) => file.path), text: document.getText() };
};
