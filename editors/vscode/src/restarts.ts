const WINDOW = 3 * 60;
const MOST = 5;

/** When a server that crashed is started again. */
export class Restarts {
  private crashes: number[] = [];
  private wake: ((on: boolean) => void) | undefined;

  /**
   * The seconds to wait before the next start: 1, 2, 4, 8, 16 - undefined after more than 5 crashes in 3 minutes.
   *
   * now: seconds on any clock that only goes forward.
   */
  crashed(now: number): number | undefined {
    this.crashes = [...this.crashes.filter((then) => now - then < WINDOW), now];
    return this.crashes.length > MOST ? undefined : 2 ** (this.crashes.length - 1);
  }

  /** Whether to go on after so many seconds: no, if it was given up meanwhile. */
  async pause(seconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(true), seconds * 1000);
      this.wake = (on) => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(on);
      };
    });
  }

  /** Forget the crashes, and a pause that goes on: somebody starts or stops the server by hand. */
  forget(): void {
    this.crashes = [];
    this.wake?.(false);
  }
}
