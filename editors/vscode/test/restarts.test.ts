import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Restarts } from "../src/restarts";

describe("a server that crashes", () => {
  it("is started again after 1, 2, 4, 8 and 16 seconds, and then no more", () => {
    const restarts = new Restarts();
    const pauses = [0, 3, 9, 20, 40, 70].map((now) => restarts.crashed(now));
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, undefined]);
  });

  it("is started again after a second where the last crash was three minutes ago", () => {
    const restarts = new Restarts();
    assert.equal(restarts.crashed(0), 1);
    assert.equal(restarts.crashed(179), 2);
    assert.equal(restarts.crashed(359), 1);
  });

  it("starts anew where somebody starts it by hand", () => {
    const restarts = new Restarts();
    for (let now = 0; now < 5; now++) restarts.crashed(now);
    restarts.forget();
    assert.equal(restarts.crashed(6), 1);
  });

  it("is not started again where somebody stopped it during the pause", async () => {
    const restarts = new Restarts();
    const paused = restarts.pause(3600);
    restarts.forget();
    assert.equal(await paused, false);
    assert.equal(await restarts.pause(0), true);
  });
});
