// What is there once the extension is: its commands and the server's.
const vscode = require("vscode");

module.exports = async (host) => ({
  path: host.extension.extensionPath,
  active: host.extension.isActive,
  commands: await vscode.commands.getCommands(true),
});
