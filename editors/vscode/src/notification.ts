import { ProgressLocation, window, type Progress } from "vscode";

/**
 * A notification about something that goes on, with a Cancel button. VS Code shows it a little after it was told to.
 *
 * title: links in it are links.
 */
export class Notification {
  private message = "";
  private progress: Progress<{ message: string }> | undefined;
  private over: () => void = () => undefined;

  constructor(title: string, cancel: () => void) {
    const ended = new Promise<void>((resolve) => (this.over = resolve));
    const options = { location: ProgressLocation.Notification, title, cancellable: true };
    void window.withProgress(options, (progress, cancellation) => {
      cancellation.onCancellationRequested(cancel);
      this.progress = progress;
      if (this.message) progress.report({ message: this.message });
      return ended;
    });
  }

  show(message: string): void {
    this.message = plain(message);
    this.progress?.report({ message: this.message });
  }

  end(): void {
    this.over();
  }
}

/** Text that may be the model's has no links, whatever it looks like: VS Code makes some of [title](command:address). */
export function plain(text: string): string {
  return text.replaceAll("](", "]\u2060(");
}

/** A question about a command, whose lines stay apart where VS Code puts all of them into one. */
export function question(text: string): string {
  const [first = "", ...command] = plain(text).split("\n");
  return `${first} ${command.map((line) => line.trim()).join(" ⏎ ")}`.trim();
}
