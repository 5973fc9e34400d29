import { spawn } from "node:child_process";
import * as vscode from "vscode";

import type { Program } from "./finding";
import { onPath } from "./programs";

const PAGE = vscode.Uri.parse("devstral-doctor:/Devstral Doctor");

/** What doctor found, as far as something is made of it here. advice: commands, or lines on what to do. */
interface Findings {
  ok: boolean;
  chosen: string | null;
  error: string | null;
  advice: string[];
}

/** `devstral-ls doctor`, with VS Code's settings and keys: its page, and what to do about what it found. */
export class Doctor implements vscode.TextDocumentContentProvider {
  private text = "";
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(): string {
    return this.text;
  }

  /** account: which server that is, and why. True when a run would work. */
  async examine(program: Program, env: NodeJS.ProcessEnv, settings: object, account: string): Promise<boolean> {
    const options = { location: vscode.ProgressLocation.Notification, title: "Devstral: Doctor", cancellable: true };
    const found = await vscode.window.withProgress(options, async (_, cancellation) => {
      const ask = (...more: string[]) => output(program, [...more], env, JSON.stringify(settings), cancellation);
      // For people with all the tries, which take a while; for us in brief.
      const [page, findings] = await Promise.all([ask(), ask("--json", "--quick")]);
      return { page, findings };
    });
    if (found.page === undefined || found.findings === undefined) return false;
    await this.show(`${found.page.trimEnd()}\n\n${account}\n`);
    const findings = parsed(found.findings);
    void this.offer(findings);
    return findings.ok;
  }

  private async show(text: string): Promise<void> {
    this.text = text;
    this.changed.fire(PAGE);
    const page = await vscode.workspace.openTextDocument(PAGE);
    await vscode.window.showTextDocument(page, { preview: false });
  }

  private async offer({ ok, error, chosen, advice }: Findings): Promise<void> {
    if (ok) return void vscode.window.showInformationMessage(`Devstral works with ${chosen ?? "its server"}.`);
    const message = error ?? "A run would not work.";
    const ways = advice.length > 0 ? (["What to Install...", "Set API Key..."] as const) : (["Set API Key..."] as const);
    const way = await vscode.window.showWarningMessage(message, ...ways);
    if (way === "Set API Key...") await vscode.commands.executeCommand("devstral.ui.setApiKey");
    if (way === "What to Install...") await chooseRemedy(advice);
  }
}

/** Offer the commands that would mend it. The one chosen is typed into a terminal; Enter is the user's. */
async function chooseRemedy(advice: readonly string[]): Promise<void> {
  const remedies = advice.filter((line) => !line.includes("MISTRAL_API_KEY"));
  const download = { label: "Download Ollama", description: OLLAMA, command: undefined };
  const items = remedies.map((line) => ({ label: line, command: line.split("  # ")[0] }));
  const ollama = (await onPath("ollama")) === undefined ? [download] : [];
  const title = "Devstral: What to Install";
  const chosen = await vscode.window.showQuickPick([...ollama, ...items], { title, placeHolder: "One of these is enough" });
  if (chosen === undefined) return;
  if (chosen.command === undefined) await vscode.env.openExternal(vscode.Uri.parse(OLLAMA));
  else typeInTerminal(chosen.command);
}

const OLLAMA = "https://ollama.com/download";

/** Type a command into a terminal of our own without running it. */
export function typeInTerminal(command: string): void {
  const terminal = vscode.window.createTerminal("Devstral");
  terminal.show();
  terminal.sendText(command, false);
}

function parsed(json: string): Findings {
  try {
    return JSON.parse(json) as Findings;
  } catch {
    // It ended before it found anything; its page has the reason.
    return { ok: false, chosen: null, error: "Doctor did not get far: its page says why.", advice: [] };
  }
}

/** What doctor writes, its errors too; undefined when it was cancelled. */
async function output(
  { command, args }: Program,
  more: string[],
  env: NodeJS.ProcessEnv,
  input: string,
  cancellation: vscode.CancellationToken,
): Promise<string | undefined> {
  const process = spawn(command, [...args, "doctor", "--settings", "-", ...more], { env });
  cancellation.onCancellationRequested(() => process.kill());
  let text = "";
  const hear = (chunk: string) => (text += chunk);
  process.stdout.setEncoding("utf8").on("data", hear);
  process.stderr.setEncoding("utf8").on("data", hear);
  // It may leave before it has read everything, which its own words explain better.
  process.stdin.on("error", () => undefined).end(input);
  await new Promise<void>((resolve, reject) => process.on("close", () => resolve()).on("error", reject));
  return cancellation.isCancellationRequested ? undefined : text;
}
