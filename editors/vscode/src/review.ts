import * as vscode from "vscode";

import { changesIn, prompt, type Changes } from "./changes";
import { run, type Client } from "./commands";

/** Review what is not committed yet, in the folder of the active file. */
export async function reviewChanges(client: Client): Promise<void> {
  const folder = await theFolder();
  if (folder === undefined) return;
  const changes = await look(folder);
  if (changes === undefined) return;
  const first = changes.files[0] ?? changes.untracked[0];
  if (first === undefined) {
    void vscode.window.showInformationMessage(`Devstral: nothing in ${folder.name} is uncommitted.`);
    return;
  }
  // Git sees files, not editors.
  const unsaved = vscode.workspace.textDocuments.filter((each) => each.isDirty && each.uri.scheme === "file").length;
  if (unsaved > 0) void vscode.window.showWarningMessage("Devstral reviews what is saved; some files are not.");
  const uri = client()?.code2ProtocolConverter.asUri(vscode.Uri.joinPath(folder.uri, first));
  await run(client, "review", { prompt: prompt(changes), ...(uri === undefined ? {} : { textDocument: { uri } }) });
}

async function theFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folders = vscode.workspace.workspaceFolders ?? [];
  const around = active && vscode.workspace.getWorkspaceFolder(active);
  if (around !== undefined) return around;
  if (folders.length === 0) void vscode.window.showErrorMessage("Devstral: open a folder to review its changes.");
  return folders.length > 1 ? vscode.window.showWorkspaceFolderPick() : folders[0];
}

async function look(folder: vscode.WorkspaceFolder): Promise<Changes | undefined> {
  try {
    return await changesIn(folder.uri.fsPath);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n")[0];
    void vscode.window.showErrorMessage(`Devstral: Git can't say what changed: ${said || String(error)}`);
    return undefined;
  }
}
