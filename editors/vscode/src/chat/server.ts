/** What the server says of runs and proposals; docs/protocol.md has the rest. */

export type Update = { sessionId: string; seq: number } & (
  | { kind: "text" | "reasoning" | "notice"; text: string }
  | { kind: "toolCall"; callId: string; name: string; title: string }
  | { kind: "toolResult"; callId: string; name: string; title: string; ok: boolean; summary: string; output: string }
  | { kind: "approval"; command: string; directory: string }
  | ({ kind: "proposal" } & Proposal)
  | { kind: "usage"; promptTokens: number; completionTokens: number }
  | { kind: "state"; state: RunState; message: string; turn: number }
);

export type RunState = "queued" | "running" | "finished" | "cancelled" | "failed";

export type Decision = "applied" | "rejected" | "modified" | "undone" | "superseded";

export interface Proposal {
  proposalId: string;
  state: "pending" | "partly applied" | Decision;
  files: ProposedFile[];
}

export interface ProposedFile {
  uri: string;
  path: string;
  kind: "create" | "edit" | "delete" | "rename";
  state: "pending" | "partly applied" | Decision;
  added: number;
  removed: number;
  hunks: Hunk[];
  decided: Decided[];
  movedFrom?: { uri: string; path: string };
}

/** line: counted from 0. diff: its lines, each with + or - before it. */
export interface Hunk {
  id: string;
  line: number;
  added: number;
  removed: number;
  diff: string;
}

export interface Decided {
  decision: Decision;
  added: number;
  removed: number;
  diff: string;
}

/** Whether any of a file's proposed changes is there now. */
export function isInTheText(file: ProposedFile): boolean {
  return file.decided.some((hunk) => hunk.decision === "applied" || hunk.decision === "modified");
}

/** The answer to a command that was waited for. */
export interface Answer {
  sessionId: string;
  state: "finished" | "cancelled" | "failed" | "needsInput";
  message: string | null;
}
