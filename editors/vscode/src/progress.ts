import * as vscode from "vscode";
import { WorkDoneProgressCancelNotification, type LanguageClient, type ProgressToken } from "vscode-languageclient/node";

export type Step =
  | { kind: "begin"; title: string; message?: string }
  | { kind: "report"; message?: string }
  | { kind: "end" };

/** What goes on under one token. VS Code shows it a little after it was told to. */
interface Going {
  message: string;
  show: (message: string) => void;
  end: () => void;
}

/**
 * What runs, as notifications with a Cancel button.
 *
 * The language client itself would show progress in the status bar only, where nothing can be cancelled.
 */
export class ProgressNotifications {
  private readonly going = new Map<ProgressToken, Going>();

  constructor(private readonly connection: () => LanguageClient | undefined) {}

  take(token: ProgressToken, step: Step): void {
    if (step.kind === "begin") this.begin(token, step.title, step.message);
    const going = this.going.get(token);
    if (going === undefined) return;
    if (step.kind === "end") this.end(token, going);
    else if (step.message !== undefined) going.show((going.message = step.message));
  }

  /** The server is gone: nothing goes on any more. */
  endAll(): void {
    for (const [token, going] of [...this.going]) this.end(token, going);
  }

  private begin(token: ProgressToken, title: string, message = ""): void {
    const going: Going = { message, show: () => undefined, end: () => undefined };
    const over = new Promise<void>((resolve) => (going.end = resolve));
    this.going.set(token, going);
    // Titles of runs have our name in them already.
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    void vscode.window.withProgress(options, (progress, cancellation) => {
      cancellation.onCancellationRequested(() => {
        void this.connection()?.sendNotification(WorkDoneProgressCancelNotification.type, { token });
      });
      going.show = (text) => progress.report({ message: text });
      if (going.message) going.show(going.message);
      return over;
    });
  }

  private end(token: ProgressToken, going: Going): void {
    going.end();
    this.going.delete(token);
  }
}
