import { WorkDoneProgressCancelNotification, type LanguageClient, type ProgressToken } from "vscode-languageclient/node";

import { Notification } from "./notification";

export type Step =
  | { kind: "begin"; title: string; message?: string }
  | { kind: "report"; message?: string }
  | { kind: "end" };

/**
 * What runs, as notifications with a Cancel button.
 *
 * The language client itself would show progress in the status bar only, where nothing can be cancelled.
 */
export class ProgressNotifications {
  private readonly going = new Map<ProgressToken, Notification>();

  constructor(private readonly connection: () => LanguageClient | undefined) {}

  take(token: ProgressToken, step: Step): void {
    // Titles of runs have our name in them already.
    if (step.kind === "begin") this.going.set(token, new Notification(step.title, () => this.cancel(token)));
    const going = this.going.get(token);
    if (going === undefined) return;
    if (step.kind === "end") this.end(token, going);
    else if (step.message !== undefined) going.show(step.message);
  }

  /** The server is gone: nothing goes on any more. */
  endAll(): void {
    for (const [token, going] of [...this.going]) this.end(token, going);
  }

  private cancel(token: ProgressToken): void {
    void this.connection()?.sendNotification(WorkDoneProgressCancelNotification.type, { token });
  }

  private end(token: ProgressToken, going: Notification): void {
    going.end();
    this.going.delete(token);
  }
}
