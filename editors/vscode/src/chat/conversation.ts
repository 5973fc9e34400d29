import { randomUUID } from "node:crypto";

import type { Kept } from "./kept";
import type { Part, PartOf, Turn } from "./messages";
import { isInTheText, type Proposal, type Update } from "./server";

/** Characters of a tool's output that are shown; the transcript has all of it. */
const OUTPUT_SHOWN = 20_000;

/** Who draws the conversation is told what changed. */
export interface Watcher {
  turnChanged(turn: Turn): void;
  partChanged(turn: Turn, part: Part): void;
}

/** What was asked and answered in one session, put together from the server's updates. Knows nothing of VS Code. */
export class Conversation {
  readonly turns: Turn[];
  promptTokens: number;
  completionTokens: number;

  /** Unknown until the first question is sent, and again when the server was started anew. */
  sessionId: string | undefined;

  /** kept: what was said before the window was loaded anew. */
  constructor(
    private readonly watcher: Watcher,
    kept?: Kept,
  ) {
    this.turns = kept?.turns ?? [];
    this.promptTokens = kept?.promptTokens ?? 0;
    this.completionTokens = kept?.completionTokens ?? 0;
  }

  /** The run that goes on, if one does; else the next that waits. */
  get going(): Turn | undefined {
    return this.turns.find((turn) => turn.state === "running") ?? this.turns.find((turn) => turn.state === "queued");
  }

  asked(prompt: string, about: string[], images: string[]): Turn {
    const id = this.turns.length;
    const turn: Turn = { id, prompt, about, images, past: false, state: "queued", message: "", parts: [] };
    this.turns.push(turn);
    this.watcher.turnChanged(turn);
    return turn;
  }

  began(turn: Turn): void {
    turn.state = "running";
    this.watcher.turnChanged(turn);
  }

  /** The run is over; nothing more comes of it. */
  ended(turn: Turn, state: Turn["state"], message: string): void {
    if (turn.state !== "running" && turn.state !== "queued") return;
    this.close(turn);
    for (const part of turn.parts) {
      if (part.kind === "tool" && part.state === "running") {
        Object.assign(part, { state: "failed", summary: "broken off" });
        this.watcher.partChanged(turn, part);
      }
    }
    Object.assign(turn, { state, message: state === "finished" ? "" : message });
    this.watcher.turnChanged(turn);
  }

  /** The server that knew of all this is gone: nothing of it goes on, or can be decided any more. */
  forgotten(): void {
    this.sessionId = undefined;
    for (const turn of this.turns.filter((each) => !each.past)) {
      this.ended(turn, "cancelled", "broken off: Devstral was started anew");
      turn.past = true;
      for (const part of turn.parts) {
        if (part.kind === "proposal") Object.assign(part, { lost: true, canUndo: false });
        if (part.kind === "approval") part.answer ??= "none";
      }
    }
  }

  heard(update: Update): void {
    const turn = this.turns.find((each) => each.state === "running") ?? this.begunElsewhere(update);
    if (turn === undefined) {
      // What is decided about a proposal after its run.
      if (update.kind === "proposal") this.proposed(update);
      return;
    }
    switch (update.kind) {
      case "text":
      case "reasoning":
        return this.grow(turn, update.kind, update.text);
      case "notice":
        this.close(turn);
        return this.add(turn, { kind: "notice", id: this.name(), text: update.text });
      case "toolCall":
        this.close(turn);
        return this.add(turn, {
          kind: "tool",
          id: this.name(),
          title: update.title,
          state: "running",
          summary: "",
          output: "",
          call: update.callId,
        });
      case "toolResult":
        return this.used(turn, update);
      case "proposal":
        return this.proposed(update);
      case "usage":
        this.promptTokens += update.promptTokens;
        this.completionTokens += update.completionTokens;
        this.close(turn);
        return this.watcher.turnChanged(turn);
      case "state":
        return this.moved(turn, update);
      case "approval":
        return; // The question itself follows.
    }
  }

  /** Put a question where the run stands. */
  question(question: string, choices: string[]): PartOf<"approval"> | undefined {
    const turn = this.turns.find((each) => each.state === "running");
    if (turn === undefined) return undefined;
    const part: PartOf<"approval"> = { kind: "approval", id: this.name(), question, choices };
    this.add(turn, part);
    this.says(turn, "waits for your answer");
    return part;
  }

  answered(part: PartOf<"approval">, answer: string): void {
    part.answer = answer;
    this.changed(part);
    const turn = this.turns.find((each) => each.state === "running");
    if (turn?.parts.includes(part)) this.says(turn, "");
  }

  /** A proposal is new, or something of it was decided. */
  proposed(proposal: Proposal): void {
    const { proposalId, state, files } = proposal;
    const found = this.proposals().find((part) => part.proposal.proposalId === proposalId);
    if (found === undefined) {
      const turn = this.turns.find((each) => each.state === "running");
      if (turn === undefined) return;
      this.close(turn);
      return this.add(turn, {
        kind: "proposal",
        id: this.name(),
        proposal: { proposalId, state, files },
        canUndo: false,
        lost: false,
      });
    }
    found.proposal = { proposalId, state, files };
    if (state !== "pending") delete found.problem;
    this.changed(found);
    const last = this.proposals()
      .filter((part) => !part.lost && part.proposal.files.some(isInTheText))
      .at(-1);
    for (const part of this.proposals()) {
      if (part.canUndo !== (part === last)) {
        part.canUndo = part === last;
        this.changed(part);
      }
    }
  }

  /** Say at a proposal why something could not be done. */
  refused(proposalId: string, problem: string): void {
    const found = this.proposals().find((part) => part.proposal.proposalId === proposalId);
    if (found === undefined) return;
    found.problem = problem;
    this.changed(found);
  }

  proposals(): PartOf<"proposal">[] {
    return this.turns.flatMap((turn) => turn.parts.filter((part) => part.kind === "proposal"));
  }

  approval(id: string): PartOf<"approval"> | undefined {
    return this.turns.flatMap((turn) => turn.parts).find((part) => part.kind === "approval" && part.id === id) as
      | PartOf<"approval">
      | undefined;
  }

  /** A run of this session that was started outside of the chat, such as from the palette. */
  private begunElsewhere(update: Update): Turn | undefined {
    if (update.kind !== "state" || update.state !== "running") return undefined;
    const turn = this.asked("", ["asked outside of the chat"], []);
    this.began(turn);
    return turn;
  }

  private moved(turn: Turn, update: Extract<Update, { kind: "state" }>): void {
    if (update.state === "queued" || update.state === "running") {
      this.says(turn, update.state === "queued" ? update.message : "");
    } else this.ended(turn, update.state, update.message);
  }

  /** What a turn that goes on is about now. */
  private says(turn: Turn, message: string): void {
    turn.message = message;
    this.watcher.turnChanged(turn);
  }

  private grow(turn: Turn, kind: "text" | "reasoning", text: string): void {
    const last = turn.parts.at(-1);
    if (last?.kind === kind && last.open) {
      last.text += text;
      return this.watcher.partChanged(turn, last);
    }
    this.close(turn);
    this.add(turn, { kind, id: this.name(), text, open: true });
  }

  /** What is being written is complete. */
  private close(turn: Turn): void {
    const last = turn.parts.at(-1);
    if (last !== undefined && (last.kind === "text" || last.kind === "reasoning") && last.open) {
      last.open = false;
      this.watcher.partChanged(turn, last);
    }
  }

  private used(turn: Turn, result: Extract<Update, { kind: "toolResult" }>): void {
    const call = turn.parts.find(
      (part) => part.kind === "tool" && part.state === "running" && part.call === result.callId,
    );
    if (call?.kind !== "tool") return;
    const more = result.output.length - OUTPUT_SHOWN;
    const output = more > 0 ? `${result.output.slice(0, OUTPUT_SHOWN)}\n... ${more} more characters` : result.output;
    Object.assign(call, { state: result.ok ? "ok" : "failed", summary: result.summary, output });
    this.watcher.partChanged(turn, call);
  }

  private add(turn: Turn, part: Part): void {
    turn.parts.push(part);
    this.watcher.partChanged(turn, part);
  }

  private changed(part: Part): void {
    const turn = this.turns.find((each) => each.parts.includes(part));
    if (turn !== undefined) this.watcher.partChanged(turn, part);
  }

  private name(): string {
    // Of this conversation alone: what is meant for a part of an earlier one finds none.
    return `part-${randomUUID()}`;
  }
}
