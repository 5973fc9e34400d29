// What the extension needs of VS Code to ask in notifications, for tests that run without one: it keeps what was shown.

type Action = (...args: never[]) => unknown;

export enum ProgressLocation {
  Notification = 15,
}

interface Shown {
  title: string;
  location: ProgressLocation;
  open: boolean;
  cancel: () => void;
  message: string;
}

/** Every notification that was shown, the oldest first. */
export const shown: Shown[] = [];
const registered = new Map<string, Action>();

export const commands = {
  registerCommand(name: string, action: Action): { dispose(): void } {
    if (registered.has(name)) throw new Error(`command '${name}' already exists`);
    registered.set(name, action);
    return { dispose: () => registered.delete(name) };
  },
};

export const window = {
  async withProgress(
    options: { title: string; location: ProgressLocation },
    task: (
      progress: { report(step: { message: string }): void },
      token: { onCancellationRequested(action: () => void): void },
    ) => Promise<void>,
  ): Promise<void> {
    const it: Shown = { ...options, open: true, cancel: () => undefined, message: "" };
    shown.push(it);
    const report = ({ message }: { message: string }) => void (it.message = message);
    await task({ report }, { onCancellationRequested: (action) => (it.cancel = action) });
    it.open = false;
  },
};

/** Follow the link of this text in a notification, as VS Code does; undefined where there is none. */
export function click(title: string, text: string): unknown {
  const link = [...title.matchAll(/\[([^\]]+)\]\(command:([^)\s?]+)(?:\?([^)\s]+))?\)/g)].find((found) => found[1] === text);
  if (link === undefined) return undefined;
  const args = link[3] === undefined ? [] : (JSON.parse(decodeURIComponent(link[3])) as never[]);
  return registered.get(link[2]!)?.(...args);
}
