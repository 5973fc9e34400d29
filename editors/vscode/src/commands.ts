import * as vscode from "vscode";
import { ExecuteCommandRequest, type LanguageClient, type Range } from "vscode-languageclient/node";

/** What a command of the server takes; every field optional. docs/protocol.md has the rest. */
interface Arguments {
  prompt?: string;
  textDocument?: { uri: string };
  range?: Range;
  diagnostics?: unknown[];
}

type Connection = () => LanguageClient | undefined;

/**
 * The palette's commands. They are named devstral.ui.*: devstral.* are the server's own, which the language client
 * registers for all of VS Code.
 */
export function registerCommands(connection: Connection): vscode.Disposable[] {
  const commands: Record<string, () => Promise<unknown>> = {
    ask: () => prompted(connection, "ask", "Ask Devstral", "What does this do?"),
    edit: () => prompted(connection, "edit", "Have Devstral edit this", "make it async"),
    explain: () => run(connection, "explain", here(connection)),
    fix: () => fix(connection),
    document: () => run(connection, "document", here(connection)),
    test: () => run(connection, "test", here(connection)),
    review: () => run(connection, "review", here(connection)),
    runInstruction: () => run(connection, "runInstruction", atCursor(connection)),
    cancel: () => run(connection, "cancel", {}),
    newSession: () => run(connection, "newSession", {}),
    showTranscript: () => run(connection, "showTranscript", {}),
  };
  return Object.entries(commands).map(([name, action]) => vscode.commands.registerCommand(`devstral.ui.${name}`, action));
}

async function prompted(connection: Connection, command: string, title: string, example: string): Promise<void> {
  // Before the box opens: what was selected then is what the prompt is about.
  const place = here(connection);
  const prompt = await vscode.window.showInputBox({ title, placeHolder: example, ignoreFocusOut: true });
  if (prompt?.trim()) await run(connection, command, { ...place, prompt });
}

/** Fix what any extension reports in the selection, or on the cursor's line. */
async function fix(connection: Connection): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const client = connection();
  if (editor === undefined || client === undefined) return run(connection, "fix", {});
  const { selection, document } = editor;
  const lines = new vscode.Range(selection.start.line, 0, selection.end.line + 1, 0);
  const found = vscode.languages.getDiagnostics(document.uri).filter((problem) => lines.intersection(problem.range));
  const diagnostics = await client.code2ProtocolConverter.asDiagnostics(found);
  await run(connection, "fix", { ...atCursor(connection), diagnostics });
}

/** The active document, and the selection if there is one. */
function here(connection: Connection): Arguments {
  const { range, ...document } = atCursor(connection);
  return vscode.window.activeTextEditor?.selection.isEmpty === false && range ? { ...document, range } : document;
}

/** The active document and the selection, which may be a mere cursor. */
function atCursor(connection: Connection): Arguments {
  const editor = vscode.window.activeTextEditor;
  const convert = connection()?.code2ProtocolConverter;
  if (editor === undefined || convert === undefined || editor.document.uri.scheme !== "file") return {};
  return { textDocument: { uri: convert.asUri(editor.document.uri) }, range: convert.asRange(editor.selection) };
}

/** Have the server start a command; it answers at once. What it refuses, it says in one line. */
async function run(connection: Connection, command: string, argument: Arguments): Promise<void> {
  const client = connection();
  if (client === undefined) {
    void vscode.window.showErrorMessage("Devstral does not run. Its log says why (Devstral: Show Log).");
    return;
  }
  try {
    await client.sendRequest(ExecuteCommandRequest.type, { command: `devstral.${command}`, arguments: [argument] });
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}
