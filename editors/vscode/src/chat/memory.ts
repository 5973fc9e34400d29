import type { Memento } from "vscode";

import { keep, taken, type Kept } from "./kept";

const KEY = "chat";
/** Milliseconds between two times that what grows is kept. */
const PAUSE = 1000;

/** Keeps the conversation in the workspace's state, which outlives the window. */
export class Memory {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly state: Memento,
    private readonly said: () => Omit<Kept, "version">,
  ) {}

  /** What was kept before the window was loaded anew. */
  recall(): Kept | undefined {
    return taken(this.state.get(KEY));
  }

  /** Something grows: keep it before long. */
  soon(): void {
    this.timer ??= setTimeout(() => void this.now(), PAUSE);
  }

  async now(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.state.update(KEY, keep(this.said()));
  }
}
