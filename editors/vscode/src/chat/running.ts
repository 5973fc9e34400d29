import { Notification } from "../notification";
import type { Step } from "../progress";

/** The run of the chat as a notification, while nothing else shows it: the chat itself, or a question of the run. */
export class Running {
  private going: { title: string; message: string } | undefined;
  private shown: Notification | undefined;

  constructor(
    private readonly shownElsewhere: () => boolean,
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

  /** Show it as things are now. */
  draw(): void {
    if (this.going === undefined || this.shownElsewhere()) {
      this.shown?.end();
      this.shown = undefined;
      return;
    }
    this.shown ??= new Notification(this.going.title, this.cancel);
    this.shown.show(this.going.message);
  }
}
