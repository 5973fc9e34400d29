import * as vscode from "vscode";
import { ExecuteCommandRequest, MessageType, type LanguageClient, type Range } from "vscode-languageclient/node";

import { show } from "./messages";

/** What a command of the server takes; every field optional. docs/protocol.md has the rest. */
export interface Arguments {
  prompt?: string;
  textDocument?: { uri: string };
  range?: Range;
  diagnostics?: unknown[];
  sessionId?: string;
  model?: string;
}

export type Client = () => LanguageClient | undefined;

/**
 * The palette's commands about code. They are named devstral.ui.*: devstral.* are the server's own, which the language
 * client registers for all of VS Code.
 */
export function codeCommands(client: Client): Record<string, () => Promise<unknown>> {
  return {
    ask: () => prompted(client, "ask", "Ask Devstral", "What does this do?"),
    edit: () => prompted(client, "edit", "Have Devstral edit this", "make it async"),
    explain: () => run(client, "explain", here(client)),
    fix: () => fix(client),
    document: () => run(client, "document", here(client)),
    test: () => run(client, "test", here(client)),
    reviewFile: () => run(client, "review", here(client)),
    runInstruction: () => run(client, "runInstruction", atCursor(client)),
    cancel: () => run(client, "cancel", {}),
    newSession: () => newSession(client),
    showTranscript: () => run(client, "showTranscript", {}),
    undo: () => run(client, "undo", {}),
  };
}

/** Have the server start a command; it answers at once. What it refuses, it says in one line; then undefined. */
export async function run<Answer>(client: Client, command: string, argument: Arguments): Promise<Answer | undefined> {
  const connected = client();
  if (connected === undefined) {
    void vscode.window.showErrorMessage("Devstral does not run. Its log says why (Devstral: Show Server Log).");
    return undefined;
  }
  try {
    const request = { command: `devstral.${command}`, arguments: [argument] };
    return (await connected.sendRequest(ExecuteCommandRequest.type, request)) as Answer;
  } catch (error) {
    show({ type: MessageType.Error, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Ask for a prompt, and run a command with it. */
export async function prompted(
  client: Client,
  command: string,
  title: string,
  example: string,
  more: Arguments = {},
): Promise<void> {
  // Before the box opens: what was selected then is what the prompt is about.
  const place = here(client);
  const prompt = await vscode.window.showInputBox({ title, placeHolder: example, ignoreFocusOut: true });
  if (prompt?.trim()) await run(client, command, { ...place, ...more, prompt });
}

async function newSession(client: Client): Promise<void> {
  const begun = await run(client, "newSession", {});
  if (begun !== undefined) vscode.window.setStatusBarMessage("Devstral: the next question starts a new session", 5000);
}

/** Fix what any extension reports in the selection, or on the cursor's line. */
async function fix(client: Client): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const connected = client();
  if (editor === undefined || connected === undefined) {
    await run(client, "fix", {});
    return;
  }
  const { selection, document } = editor;
  const lines = new vscode.Range(selection.start.line, 0, selection.end.line + 1, 0);
  const found = vscode.languages.getDiagnostics(document.uri).filter((problem) => lines.intersection(problem.range));
  const diagnostics = await connected.code2ProtocolConverter.asDiagnostics(found);
  await run(client, "fix", { ...atCursor(client), diagnostics });
}

/** The active document, and the selection if there is one. */
function here(client: Client): Arguments {
  const { range, ...document } = atCursor(client);
  return vscode.window.activeTextEditor?.selection.isEmpty === false && range ? { ...document, range } : document;
}

/** The active document and the selection, which may be a mere cursor. */
function atCursor(client: Client): Arguments {
  const editor = vscode.window.activeTextEditor;
  const convert = client()?.code2ProtocolConverter;
  if (editor === undefined || convert === undefined || editor.document.uri.scheme !== "file") return {};
  return { textDocument: { uri: convert.asUri(editor.document.uri) }, range: convert.asRange(editor.selection) };
}
