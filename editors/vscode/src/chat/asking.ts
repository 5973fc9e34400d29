import { randomUUID } from "node:crypto";

import { ProgressType } from "vscode-languageclient/node";

import type { Step } from "../progress";
import { execute, inWords, type Connection } from "./connection";
import type { Conversation } from "./conversation";
import type { Turn } from "./messages";
import type { Running } from "./running";
import type { Answer } from "./server";

/** Of its own: what comes as the language client's WorkDoneProgress is shown by the connection. */
const STEPS = new ProgressType<Step>();

/** The questions that were asked, sent one after the other: a session has one run at a time. */
export class Asking {
  private readonly waiting: { turn: Turn; argument: object }[] = [];
  private busy = false;
  private stopped: Turn | undefined;

  /** conversation: the one that goes on now. */
  constructor(
    private readonly connection: Connection,
    private readonly conversation: () => Conversation,
    private readonly running: Running,
  ) {}

  /** Send a question, now or when what goes on is over. Resolves when the answer is there. */
  async ask(turn: Turn, argument: object): Promise<void> {
    this.waiting.push({ turn, argument });
    if (this.busy) return;
    this.busy = true;
    for (let each = this.waiting.shift(); each !== undefined; each = this.waiting.shift()) {
      await this.send(this.conversation(), each.turn, each.argument);
    }
    this.busy = false;
  }

  /** Stop what goes on, and what waits for it. */
  async cancel(): Promise<void> {
    const conversation = this.conversation();
    for (const { turn } of this.waiting.splice(0)) conversation.ended(turn, "cancelled", "cancelled");
    // A question that is not sent yet is not known to the server.
    this.stopped = conversation.going;
    const { sessionId } = conversation;
    if (sessionId !== undefined && this.busy) await execute(this.connection, "cancel", { sessionId });
  }

  private async send(conversation: Conversation, turn: Turn, argument: object): Promise<void> {
    conversation.began(turn);
    try {
      conversation.sessionId ??= (await execute<{ sessionId: string }>(this.connection, "newSession")).sessionId;
      const { sessionId } = conversation;
      const { editsModes } = await execute<{ editsModes: { ask: string } }>(this.connection, "status");
      if (this.stopped === turn) return conversation.ended(turn, "cancelled", "cancelled");
      // What is proposed is shown here, so no preview opens; who has edits applied at once wants that here, too.
      const apply = editsModes.ask === "auto" ? {} : { apply: "propose" };
      const answer = await this.run({ ...argument, ...apply, sessionId, wait: true });
      conversation.ended(turn, answer.state === "needsInput" ? "failed" : answer.state, answer.message ?? "");
    } catch (error) {
      conversation.ended(turn, "failed", inWords(error));
    }
  }

  private async run(argument: object): Promise<Answer> {
    const token = `chat-${randomUUID()}`;
    const listening = this.connection()?.onProgress(STEPS, token, (step) => this.running.take(step));
    try {
      return await execute<Answer>(this.connection, "ask", argument, token);
    } finally {
      listening?.dispose();
      this.running.over();
    }
  }
}
