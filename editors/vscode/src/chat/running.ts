import { Notification } from "../notification";
import type { Step } from "../progress";

/** The run of the chat as a notification, while the chat - where it can be seen and cancelled - is hidden. */
export class Running {
  private going: { title: string; message: string } | undefined;
  private shown: Notification | undefined;

  constructor(
    private readonly visible: () => boolean,
    private readonly cancel: () => void,
  ) {}

  /** What the server says of the run. */
  take(step: Step): void {
    if (step.kind === "end") return this.over();
    if (step.kind === "begin") this.going = { title: step.title, message: step.message ?? "" };
    else if (this.going !== undefined) this.going.message = step.message ?? this.going.message;
    this.draw();
  }

  /** The run is over, whether or not the server came to say so. */
  over(): void {
    this.going = undefined;
    this.draw();
  }

  /** Show it as it is now: the run, and whether the chat can be seen. */
  draw(): void {
    if (this.going === undefined || this.visible()) {
      this.shown?.end();
      this.shown = undefined;
      return;
    }
    this.shown ??= new Notification(this.going.title, this.cancel);
    this.shown.show(this.going.message);
  }
}
