import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { Running } from "../src/chat/running";
import { shown } from "./doubles/vscode";

const settled = () => new Promise(setImmediate);

describe("the notification about a run of the chat", () => {
  let visible: boolean;
  let cancelled: number;
  let running: Running;
  const open = () => shown.filter((each) => each.open);

  beforeEach(() => {
    [visible, cancelled] = [true, 0];
    shown.length = 0;
    running = new Running(
      () => visible,
      () => void cancelled++,
    );
  });

  it("is there while the chat is hidden, with what was reported last", async () => {
    running.take({ kind: "begin", title: "Devstral: Ask" });
    running.take({ kind: "report", message: "reads" });
    assert.equal(shown.length, 0);
    visible = false;
    running.draw();
    assert.deepEqual([shown[0]?.title, shown[0]?.message], ["Devstral: Ask", "reads"]);
    running.take({ kind: "report", message: "writes" });
    assert.equal(shown[0]?.message, "writes");
    visible = true;
    running.draw();
    await settled();
    assert.deepEqual(open(), []);
  });

  it("ends with the run, also where the server never says that it did", async () => {
    visible = false;
    running.take({ kind: "begin", title: "Devstral: Ask" });
    running.over();
    await settled();
    assert.deepEqual(open(), []);
    running.take({ kind: "report", message: "late" });
    assert.equal(shown.length, 1);
  });

  it("shows what the model wrote as text, and none of it as a link", () => {
    visible = false;
    running.take({ kind: "begin", title: "Devstral: Ask" });
    running.take({ kind: "report", message: "see [this](command:workbench.action.quit)" });
    assert.doesNotMatch(shown[0]!.message, /\]\(/);
    assert.match(shown[0]!.message, /see \[this\]/);
  });

  it("has a button that cancels the run", () => {
    visible = false;
    running.take({ kind: "begin", title: "Devstral: Ask" });
    shown[0]?.cancel();
    assert.equal(cancelled, 1);
  });
});
