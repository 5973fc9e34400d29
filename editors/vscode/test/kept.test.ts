import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Conversation } from "../src/chat/conversation";
import { keep, LONGEST, OUTPUT_KEPT, taken } from "../src/chat/kept";
import type { Proposal, ProposedFile } from "../src/chat/server";

const NOBODY = { turnChanged: () => undefined, partChanged: () => undefined };
const HUNK = { id: "h1", line: 3, added: 1, removed: 1, diff: "-a\n+b\n" };
const FILE: ProposedFile = {
  ...{ uri: "file:///calc.py", path: "calc.py", kind: "edit", state: "pending" },
  ...{ added: 1, removed: 1, hunks: [HUNK], decided: [] },
};
const PROPOSAL: Proposal = { proposalId: "p1", state: "pending", files: [FILE] };

/** What is there again when the window is loaded anew. */
function again(conversation: Conversation, draft = ""): Conversation {
  const { turns, promptTokens, completionTokens } = conversation;
  const stored: unknown = JSON.parse(JSON.stringify(keep({ turns, promptTokens, completionTokens, draft })));
  const later = new Conversation(NOBODY, taken(stored));
  later.forgotten();
  return later;
}

function begun(prompt = "Round it"): Conversation {
  const conversation = new Conversation(NOBODY);
  conversation.sessionId = "s1";
  conversation.began(conversation.asked(prompt, ["calc.py"], []));
  return conversation;
}

describe("a conversation that is kept", () => {
  it("is there again with its answers, tool lines and decisions", () => {
    const conversation = begun();
    const said = { sessionId: "s1", seq: 1 };
    conversation.heard({ ...said, kind: "text", text: "I look." });
    conversation.heard({ ...said, kind: "toolCall", callId: "c1", name: "read_file", title: "read calc.py" });
    const result = { callId: "c1", name: "read_file", title: "read calc.py", ok: true, summary: "9 lines", output: "..." };
    conversation.heard({ ...said, kind: "toolResult", ...result });
    const decided = [{ decision: "applied" as const, added: 1, removed: 1, diff: HUNK.diff }];
    conversation.proposed({ ...PROPOSAL, state: "applied", files: [{ ...FILE, state: "applied", hunks: [], decided }] });
    conversation.heard({ ...said, kind: "usage", promptTokens: 10, completionTokens: 2 });
    conversation.ended(conversation.turns[0]!, "finished", "");

    const later = again(conversation);
    const [turn] = later.turns;
    assert.deepEqual(
      turn?.parts.map((part) => part.kind),
      ["text", "tool", "proposal"],
    );
    assert.equal(turn?.state, "finished");
    assert.equal(later.promptTokens, 10);
    assert.equal(later.proposals()[0]?.proposal.state, "applied");
    assert.equal(later.proposals()[0]?.canUndo, false, "the server that could take it back is gone");
  });

  it("is not known to the model: it has no session, and what was pending can't be decided any more", () => {
    const conversation = begun();
    conversation.proposed(PROPOSAL);
    conversation.ended(conversation.turns[0]!, "finished", "");
    const later = again(conversation);
    assert.equal(later.sessionId, undefined);
    assert.equal(later.turns[0]?.past, true);
    assert.equal(later.proposals()[0]?.lost, true);
    assert.equal(later.asked("And now?", [], []).past, false);
  });

  it("says of a run that went on, and of its question, that they were broken off", () => {
    const conversation = begun();
    const call = { callId: "c1", name: "run_command", title: "run make" };
    conversation.heard({ sessionId: "s1", seq: 1, kind: "toolCall", ...call });
    conversation.question("Devstral wants to run\nmake", ["Run once", "Deny"]);
    const later = again(conversation);
    const [turn] = later.turns;
    assert.equal(turn?.state, "cancelled");
    assert.match(turn?.message ?? "", /started anew/);
    assert.equal(turn?.parts[0]?.kind === "tool" && turn.parts[0].state, "failed");
    assert.equal(turn?.parts[1]?.kind === "approval" && turn.parts[1].answer, "none");
    assert.equal(later.going, undefined);
  });

  it("is the same for a server that is started anew in a window that stays", () => {
    const conversation = begun();
    conversation.forgotten();
    assert.deepEqual([conversation.sessionId, conversation.turns[0]?.past], [undefined, true]);
  });

  it("has no images, and says so; of a tool's output it has the beginning", () => {
    const conversation = new Conversation(NOBODY);
    conversation.began(conversation.asked("Look", [], ["data:image/png;base64,AAAA", "data:image/png;base64,BBBB"]));
    const call = { callId: "c1", name: "read_file", title: "read" };
    conversation.heard({ sessionId: "s1", seq: 1, kind: "toolCall", ...call });
    const output = "x".repeat(3 * OUTPUT_KEPT);
    conversation.heard({ sessionId: "s1", seq: 2, kind: "toolResult", ...call, ok: true, summary: "", output });
    const later = again(conversation);
    assert.ok(!JSON.stringify(later.turns).includes("base64"));
    assert.deepEqual(later.turns[0]?.about, ["2 images"]);
    assert.ok(JSON.stringify(later.turns).length < 2 * OUTPUT_KEPT);
    assert.equal(conversation.turns[0]?.images.length, 2, "what is shown now keeps them");
  });

  it("is never longer than there is room for: the oldest is left out first, of a question too", () => {
    const conversation = new Conversation(NOBODY);
    for (let number = 0; number < 50; number++) {
      const turn = conversation.asked(`Question ${number}`, [], []);
      conversation.began(turn);
      conversation.heard({ sessionId: "s1", seq: 1, kind: "text", text: "y".repeat(20_000) });
      conversation.ended(turn, "finished", "");
    }
    const { turns, promptTokens, completionTokens } = conversation;
    const kept = keep({ turns, promptTokens, completionTokens, draft: "d" });
    assert.ok(JSON.stringify(kept).length <= LONGEST + 1000);
    assert.equal(kept.turns.at(-1)?.prompt, "Question 49");
    assert.ok(kept.turns.length > 15);
    assert.deepEqual(
      kept.turns.map((turn) => turn.id),
      kept.turns.map((_, index) => index),
    );
    const first = kept.turns[0]!.parts.map((part) => (part.kind === "text" || part.kind === "notice" ? part.text : ""));
    assert.deepEqual(first, ["What came before this is in the transcript."]);
  });

  it("is not taken from what is nothing of ours", () => {
    for (const strange of [undefined, null, 3, "x", {}, { version: 2, turns: [] }, { version: 1, turns: "x" }]) {
      assert.equal(taken(strange), undefined);
    }
  });
});
