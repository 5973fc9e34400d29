import type { Proposal, RunState } from "./server";

/** A conversation is a list of turns: what was asked, and the parts of what came of it, in their order. */
export interface Turn {
  id: number;
  prompt: string;
  /** What the question was about, in words: a file, lines, problems. */
  about: string[];
  images: string[];
  /** The server that knew of it is gone, and the model remembers nothing of it. */
  past: boolean;
  state: RunState;
  /** Why it failed, or what it waits for. */
  message: string;
  parts: Part[];
}

export type Part = { id: string } & (
  | { kind: "text" | "reasoning"; text: string; open: boolean }
  | { kind: "notice"; text: string }
  | { kind: "tool"; call: string; title: string; state: "running" | "ok" | "failed"; summary: string; output: string }
  | { kind: "approval"; question: string; choices: string[]; answer?: string }
  /** lost: the server that made it is gone, and it can't be decided any more. */
  | { kind: "proposal"; proposal: Proposal; problem?: string; canUndo: boolean; lost: boolean }
);

export type PartOf<Kind extends Part["kind"]> = Extract<Part, { kind: Kind }>;

/** Something the next question will be about, and which can be left out. */
export interface Chip {
  id: "file" | "selection" | "problems";
  label: string;
  title: string;
}

export interface Composing {
  chips: Chip[];
  /** What was left out, so that it can be taken in again. */
  left: Chip[];
  images: string[];
}

/** From the extension to the view. */
export type ToView =
  | { type: "all"; turns: Turn[]; composing: Composing; usage: string; draft: string }
  | { type: "turn"; turn: Turn }
  | { type: "part"; turn: number; part: Part }
  | { type: "composing"; composing: Composing }
  | { type: "usage"; usage: string };

/** From the view to the extension. Whatever comes from there is checked before anything is done. */
export type FromView =
  | { type: "ready" }
  | { type: "ask"; prompt: string }
  | { type: "draft"; draft: string }
  | { type: "cancel" }
  | { type: "new" }
  | { type: "leave"; chip: Chip["id"] }
  | { type: "take"; chip: Chip["id"] }
  | { type: "paste"; image: string }
  | { type: "dropImage"; index: number }
  | { type: "answer"; part: string; choice: string }
  | { type: "decide"; accept: boolean; proposal: string; uri?: string; hunk?: string }
  | { type: "diff"; proposal: string; uri: string }
  | { type: "undo" }
  | { type: "copy"; text: string }
  | { type: "insert"; text: string }
  | { type: "link"; href: string };
