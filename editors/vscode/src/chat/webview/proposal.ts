import type { PartOf } from "../messages";
import type { Decided, Hunk, ProposedFile } from "../server";
import { button, h } from "./dom";

const KINDS = { create: "new", edit: "", delete: "deleted", rename: "moved" };
const STATES = {
  pending: "",
  applied: "accepted",
  "partly applied": "partly accepted",
  rejected: "rejected",
  modified: "accepted, then changed",
  undone: "undone",
  superseded: "replaced by a later proposal",
};

/** What a run proposes: files and their hunks, each to accept or to reject. */
export function proposal(part: PartOf<"proposal">): HTMLElement {
  const { proposalId, files, state } = part.proposal;
  const left = files.filter((file) => file.hunks.length > 0);
  const pending = part.lost ? [] : left;
  const all = { proposal: proposalId };
  const count = files.length === 1 ? "1 file" : `${files.length} files`;
  return h(
    "section",
    { class: `proposal ${pending.length > 0 ? "pending" : "over"}`, "data-key": part.id, "aria-label": `Proposed changes of ${files.map((file) => file.path).join(", ")}` },
    h(
      "div",
      { class: "head" },
      h("span", { class: "title" }, pending.length > 0 ? `Proposes ${count}` : `Proposed ${count}`),
      h("span", { class: "outcome" }, STATES[state]),
    ),
    ...files.map((file) => drawnFile(proposalId, file, part.lost)),
    part.lost && left.length > 0 ? lost(part.id) : undefined,
    part.problem === undefined ? undefined : h("p", { class: "problem", role: "alert" }, part.problem),
    pending.length === 0
      ? undefined
      : h(
          "div",
          { class: "buttons" },
          decide("Accept all", true, all, "Accept all changes", `${part.id}-all`, "primary"),
          decide("Reject all", false, all, "Reject all changes", `${part.id}-none`),
        ),
    part.canUndo && pending.length === 0
      ? h("div", { class: "buttons" }, button("Undo", "undo", { key: `${part.id}-undo` }, { "aria-label": "Undo the accepted changes" }))
      : undefined,
  );
}

/** What can be done about changes that nobody can decide about any more. */
function lost(id: string): HTMLElement {
  return h(
    "div",
    { class: "buttons" },
    h("span", { class: "outcome" }, "Not decided before Devstral was started anew, so it can't be any more."),
    button("Ask Again", "again", { key: `${id}-again` }, { "aria-label": "Ask again: put this question into the prompt" }),
  );
}

function drawnFile(proposalId: string, file: ProposedFile, lost: boolean): HTMLElement {
  const where = { proposal: proposalId, uri: file.uri };
  const key = `${proposalId}-${file.path}`;
  const several = file.hunks.length > 1 && !lost;
  const label = file.movedFrom === undefined ? file.path : `${file.movedFrom.path} → ${file.path}`;
  return h(
    "div",
    { class: "file", role: "group", "aria-label": file.path },
    h(
      "div",
      { class: "head" },
      h("span", { class: "path", title: label }, label),
      h("span", { class: "kind" }, [KINDS[file.kind], STATES[file.state]].filter(Boolean).join(", ")),
      file.hunks.length > 0 && !lost
        ? button("Diff", "diff", { ...where, key: `${key}-diff` }, { "aria-label": `Show the diff of ${file.path}` })
        : undefined,
      several ? decide("Accept", true, where, `Accept all of ${file.path}`, `${key}-all`) : undefined,
      several ? decide("Reject", false, where, `Reject all of ${file.path}`, `${key}-none`) : undefined,
    ),
    ...file.decided.map((hunk, index) => decidedHunk(hunk, `${key}-decided-${index}`)),
    ...file.hunks.map((hunk) => pendingHunk(proposalId, file, hunk, lost)),
  );
}

function pendingHunk(proposalId: string, file: ProposedFile, hunk: Hunk, lost: boolean): HTMLElement {
  const where = { proposal: proposalId, hunk: hunk.id };
  const place = file.kind === "edit" ? `line ${hunk.line + 1}` : KINDS[file.kind];
  return h(
    "div",
    { class: "hunk", "data-key": `${proposalId}-${hunk.id}` },
    h(
      "div",
      { class: "head" },
      h("span", { class: "place" }, place),
      size(hunk),
      ...(lost
        ? []
        : [
            decide("Accept", true, where, `Accept the change of ${file.path}, ${place}`, `${hunk.id}-yes`),
            decide("Reject", false, where, `Reject the change of ${file.path}, ${place}`, `${hunk.id}-no`),
          ]),
    ),
    diff(hunk.diff),
  );
}

function decidedHunk(hunk: Decided, key: string): HTMLElement {
  const mark = hunk.decision === "applied" || hunk.decision === "modified" ? "✓" : "✗";
  return h(
    "details",
    { class: "hunk decided", "data-key": key },
    h(
      "summary",
      {},
      h("span", { class: "mark", "aria-hidden": "true" }, mark),
      h("span", { class: "place" }, STATES[hunk.decision]),
      size(hunk),
    ),
    diff(hunk.diff),
  );
}

function size({ added, removed }: { added: number; removed: number }): HTMLElement {
  return h("span", { class: "size" }, `+${added} −${removed}`);
}

function diff(lines: string): HTMLElement {
  const drawn = lines
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => h("span", { class: line.startsWith("+") ? "added" : "removed" }, `${line}\n`));
  return h("pre", { class: "diff", tabindex: 0, role: "group", "aria-label": "Changed lines" }, ...drawn);
}

function decide(
  text: string,
  accept: boolean,
  where: Record<string, string>,
  label: string,
  key: string,
  look = "",
): HTMLButtonElement {
  return button(text, "decide", { ...where, accept: String(accept), key }, { class: look, "aria-label": label });
}
