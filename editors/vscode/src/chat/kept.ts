import type { Part, Turn } from "./messages";

/** A conversation as it outlives the window, with what was begun to be written. */
export interface Kept {
  version: 1;
  turns: Turn[];
  promptTokens: number;
  completionTokens: number;
  draft: string;
}

/** Characters of all that is kept; VS Code complains of more than half a million. */
export const LONGEST = 400_000;
/** Characters of a tool's output, or of thoughts, that are kept; the transcript has all of it. */
export const OUTPUT_KEPT = 2_000;

/** What to keep of a conversation: the newest of it, without its images. A copy. */
export function keep(said: Omit<Kept, "version">): Kept {
  let left = LONGEST - said.draft.length;
  const turns: Turn[] = [];
  for (const turn of said.turns.map(slim).reverse()) {
    const fitting = left > 0 ? fit(turn, left) : undefined;
    if (fitting === undefined) break;
    left -= size(fitting);
    turns.unshift(fitting);
  }
  return { version: 1, ...said, turns: turns.map((turn, id) => ({ ...turn, id })) };
}

/** What was kept, undefined where it is nothing of ours, or of another version. A copy. */
export function taken(value: unknown): Kept | undefined {
  const kept = value as Partial<Kept> | undefined;
  return kept?.version === 1 && Array.isArray(kept.turns) ? structuredClone(kept as Kept) : undefined;
}

function slim(turn: Turn): Turn {
  const count = turn.images.length;
  const lost = count === 0 ? [] : [count === 1 ? "1 image" : `${count} images`];
  return { ...structuredClone({ ...turn, images: [] }), about: [...turn.about, ...lost], parts: turn.parts.map(cut) };
}

function cut(part: Part): Part {
  const copy = structuredClone(part);
  if (copy.kind === "tool") copy.output = bounded(copy.output);
  if (copy.kind === "reasoning") copy.text = bounded(copy.text);
  return copy;
}

function bounded(text: string): string {
  const more = text.length - OUTPUT_KEPT;
  return more > 0 ? `${text.slice(0, OUTPUT_KEPT)}\n... ${more} more characters` : text;
}

/** The turn with as many of its last parts as there is room for; undefined where its question alone is too long. */
function fit(turn: Turn, room: number): Turn | undefined {
  if (size(turn) <= room) return turn;
  const notice: Part = { kind: "notice", id: `cut-${turn.id}`, text: "What came before this is in the transcript." };
  let shorter: Turn = { ...turn, parts: [notice] };
  if (size(shorter) > room) return undefined;
  for (const part of [...turn.parts].reverse()) {
    const longer = { ...shorter, parts: [notice, part, ...shorter.parts.slice(1)] };
    if (size(longer) > room) break;
    shorter = longer;
  }
  return shorter;
}

function size(turn: Turn): number {
  return JSON.stringify(turn).length;
}
