import { commands, ProgressLocation, window, type Disposable } from "vscode";

/** Characters that VS Code shows of a notification are 1,000, the links' addresses included. */
const LONGEST = 600;
const ANSWER = "devstral.chat.answer";
const SHOW = "[Show in Chat](command:devstral.chat.open)";

/**
 * Questions of the chat while it can't be seen, each in a notification that goes when it is answered, wherever that is.
 *
 * A message with buttons could not be closed: it would go on asking. So these are progress notifications, with links.
 */
export class Toasts implements Disposable {
  private readonly open = new Map<number, { choices: string[]; choose: (choice: string) => void; close: () => void }>();
  private asked = 0;
  private readonly answering = commands.registerCommand(ANSWER, (number: number, index: number) => {
    // A link of a question that is over finds nothing: no number is given twice.
    const toast = this.open.get(number);
    const choice = toast?.choices[index];
    if (choice !== undefined) toast?.choose(choice);
  });

  dispose(): void {
    this.answering.dispose();
    for (const { close } of [...this.open.values()]) close();
  }

  /** Ask; what is returned closes it. */
  ask(question: string, choices: string[], choose: (choice: string) => void): () => void {
    const number = ++this.asked;
    const close = new Promise<void>((resolve) => {
      this.open.set(number, { choices, choose, close: resolve });
    }).then(() => void this.open.delete(number));
    const title = inToast(question, number, choices);
    void window.withProgress({ location: ProgressLocation.Notification, title }, () => close);
    return () => this.open.get(number)?.close();
  }
}

function inToast(question: string, number: number, choices: string[]): string {
  const text = plain(question).replace(/\s+/g, " ");
  // Nobody approves what can't be seen.
  if (text.length > LONGEST) return `${text.slice(0, LONGEST)}… ${SHOW}`;
  const answers = choices.map((choice, index) => {
    const argument = encodeURIComponent(JSON.stringify([number, index]));
    return `[${choice}](command:${ANSWER}?${argument})`;
  });
  return [`${text} — ${SHOW}`, ...answers].join(" · ");
}

/** Text of the model's in a notification is no link, whatever it looks like: VS Code makes links of [title](address). */
export function plain(text: string): string {
  return text.replaceAll("](", "]\u2060(");
}
