import * as vscode from "vscode";

const SEEN = "walkthroughSeen";

/** Open the walkthrough where Devstral starts for the first time, once. */
export async function welcome(context: vscode.ExtensionContext): Promise<void> {
  if (context.globalState.get(SEEN, false)) return;
  await context.globalState.update(SEEN, true);
  await openWalkthrough(context);
}

export async function openWalkthrough(context: vscode.ExtensionContext): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`, false);
}
