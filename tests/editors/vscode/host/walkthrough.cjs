// The walkthrough opens, its commands are there, and the one that it ends with examines this machine.
const vscode = require("vscode");

const { until } = require("./host.cjs");

module.exports = async (host) => {
  const { walkthroughs } = host.extension.packageJSON.contributes;
  const linked = [...JSON.stringify(walkthroughs).matchAll(/command:([\w.]+)/g)].map(([, command]) => command);
  const commands = await vscode.commands.getCommands();
  const missing = linked.filter((command) => !commands.includes(command));

  // Closed tabs go one after the other.
  const tabs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.label);
  await until(vscode.window.tabGroups.onDidChangeTabs, () => tabs().length === 0);
  await vscode.commands.executeCommand("devstral.ui.walkthrough");
  const [title] = await until(vscode.window.tabGroups.onDidChangeTabs, () => tabs().length > 0 && tabs());

  await vscode.commands.executeCommand("devstral.ui.doctor");
  const page = vscode.window.activeTextEditor.document;
  return { linked, missing, title, scheme: page.uri.scheme, page: page.getText() };
};
