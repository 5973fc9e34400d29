import { window, type CancellationToken } from "vscode";
import type { MessageActionItem, ShowMessageRequestParams } from "vscode-languageclient/node";

import { question } from "../notification";
import type { Conversation } from "./conversation";
import type { Update } from "./server";
import type { Toasts } from "./toast";

/** Where questions are shown. */
export interface Place {
  /** The conversation, if it is this session's. */
  conversation(sessionId: string): Conversation | undefined;
  /** Whether the user can see it now. */
  visible(): boolean;
  /** A question waits, or none does any more. */
  waiting(count: number): void;
}

/** A question in the chat. close: while a notification asks it too, closes that. */
interface Open {
  message: string;
  titles: string[];
  choose: (title: string | undefined) => void;
  close?: () => void;
}

/** Characters of a message that VS Code shows. */
const LONGEST = 1000;

/**
 * The server's questions of a run that the chat shows are asked there, where the run stands; while the chat can't be seen,
 * a notification asks them too. All others are asked in a message.
 */
export class Questions {
  /** Approvals that were announced and whose question has not come yet. */
  private announced: { sessionId: string; command: string; directory: string }[] = [];
  private readonly open = new Map<string, Open>();

  constructor(
    private readonly place: Place,
    private readonly toasts: Toasts,
  ) {}

  /** Whether one waits for an answer. */
  get asks(): boolean {
    return this.open.size > 0;
  }

  heard(update: Update): void {
    if (update.kind === "approval") {
      const { sessionId, command, directory } = update;
      this.announced.push({ sessionId, command, directory });
    }
    // A run that is over asks nothing any more.
    if (update.kind === "state" && update.state !== "running" && update.state !== "queued") {
      this.announced = this.announced.filter((each) => each.sessionId !== update.sessionId);
    }
  }

  async ask(params: ShowMessageRequestParams, token: CancellationToken): Promise<MessageActionItem | null> {
    const sessionId = this.sessionOf(params.message);
    const conversation = sessionId === undefined ? undefined : this.place.conversation(sessionId);
    const titles = (params.actions ?? []).map((action) => action.title);
    const picked = await (conversation === undefined
      ? inMessage(params.message, titles)
      : this.inChat(conversation, params.message, titles, token));
    return params.actions?.find((action) => action.title === picked) ?? null;
  }

  /** The user's answer in the chat. What is not asked (any more) changes nothing. */
  answer(part: string, choice: string): void {
    this.open.get(part)?.choose(choice);
  }

  /** A notification asks what the chat can't be seen to ask, and no longer than that. */
  draw(): void {
    for (const question of this.open.values()) {
      if (this.place.visible()) {
        question.close?.();
        delete question.close;
      } else question.close ??= this.toasts.ask(question.message, question.titles, question.choose);
    }
  }

  /** Whoever asked is gone. */
  withdraw(): void {
    this.announced = [];
    for (const question of [...this.open.values()]) question.choose(undefined);
  }

  private sessionOf(message: string): string | undefined {
    const about = this.announced.filter((each) => message.includes(each.command) && message.includes(each.directory));
    // A command with characters that can't be seen is written differently in the question.
    const found = about[0] ?? (message.startsWith("Devstral wants to run") ? this.announced[0] : undefined);
    this.announced = this.announced.filter((each) => each !== found);
    return found?.sessionId;
  }

  private async inChat(
    conversation: Conversation,
    message: string,
    titles: string[],
    token: CancellationToken,
  ): Promise<string | undefined> {
    const part = conversation.question(message, titles);
    if (part === undefined) return inMessage(message, titles);
    const picked = await new Promise<string | undefined>((resolve) => {
      const choose = (title: string | undefined) => {
        if (title === undefined || titles.includes(title)) resolve(title);
      };
      this.open.set(part.id, { message, titles, choose });
      token.onCancellationRequested(() => choose(undefined));
      this.draw();
      this.place.waiting(this.open.size);
    });
    this.open.get(part.id)?.close?.();
    this.open.delete(part.id);
    this.place.waiting(this.open.size);
    conversation.answered(part, picked ?? "none, it was withdrawn");
    return picked;
  }
}

async function inMessage(message: string, titles: string[]): Promise<string | undefined> {
  const text = question(message);
  if (text.length <= LONGEST) return window.showInformationMessage(text, ...titles);
  // A dialog shows all of it: nobody approves what can't be seen.
  const [first = "", ...rest] = message.split("\n");
  return window.showInformationMessage(first, { modal: true, detail: rest.join("\n") }, ...titles);
}
