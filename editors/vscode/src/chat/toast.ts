import { commands, type Disposable } from "vscode";

import { Notification, question } from "../notification";

/** Characters that VS Code shows of a notification are 1,000, the links' addresses included. */
const LONGEST = 600;
const ANSWER = "devstral.chat.answer";
const SHOW = "[Show in Chat](command:devstral.chat.open)";

/**
 * Questions of the chat while it can't be seen, each in a notification that goes when it is answered, wherever that is.
 *
 * A message with buttons could not be closed: it would go on asking. So these are notifications of the run, with its
 * Cancel button, and links to answer with.
 */
export class Toasts implements Disposable {
  private readonly open = new Map<number, { choices: string[]; choose: (choice: string) => void }>();
  private asked = 0;
  private readonly answering = commands.registerCommand(ANSWER, (number: number, index: number) => {
    // A link of a question that is over finds nothing: no number is given twice.
    const toast = this.open.get(number);
    const choice = toast?.choices[index];
    if (choice !== undefined) toast?.choose(choice);
  });

  constructor(private readonly cancel: () => void) {}

  dispose(): void {
    this.answering.dispose();
  }

  /** Ask; what is returned closes it. */
  ask(message: string, choices: string[], choose: (choice: string) => void): () => void {
    const number = ++this.asked;
    this.open.set(number, { choices, choose });
    const notification = new Notification(inToast(message, number, choices), this.cancel);
    return () => {
      this.open.delete(number);
      notification.end();
    };
  }
}

function inToast(message: string, number: number, choices: string[]): string {
  const text = question(message);
  // Nobody approves what can't be seen.
  if (text.length > LONGEST) return `${text.slice(0, LONGEST)}… ${SHOW}`;
  const answers = choices.map((choice, index) => {
    const argument = encodeURIComponent(JSON.stringify([number, index]));
    return `[${choice}](command:${ANSWER}?${argument})`;
  });
  // This link first: an open bracket of the model's would make the text from there on the first one's title.
  return [`${text} — ${SHOW}`, ...answers].join(" · ");
}
