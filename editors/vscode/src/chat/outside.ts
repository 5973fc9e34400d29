import { env, Uri, window } from "vscode";

/** Put text at the cursor of the active editor, in place of what is selected. */
export async function insert(text: string): Promise<void> {
  const editor = window.activeTextEditor;
  if (editor === undefined) throw new Error("Open a file to insert the code into.");
  await editor.edit((edit) => edit.replace(editor.selection, text));
}

/** Only to the web, whatever the model wrote: never a command, never a file. VS Code asks before it goes there. */
export async function follow(href: string): Promise<void> {
  const uri = Uri.parse(href, true);
  if (uri.scheme === "https" || uri.scheme === "http") await env.openExternal(uri);
}
