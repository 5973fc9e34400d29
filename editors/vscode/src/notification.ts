import { ProgressLocation, window, type Progress } from "vscode";

/** A notification about something that goes on, with a Cancel button. VS Code shows it a little after it was told to. */
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
    this.message = message;
    this.progress?.report({ message });
  }

  end(): void {
    this.over();
  }
}
