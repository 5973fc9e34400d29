import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { account, choose, ENVIRONMENT, PATH, SETTING, UVX, type Machine } from "../src/finding";

const BUNDLE = { wheel: "/ext/devstral_ls-1.0-py3-none-any.whl", requirements: "/ext/requirements.txt", version: "1.0" };
/** Everything is there and allowed but the setting and a finished environment. */
const MACHINE: Machine = {
  setting: "",
  settingIsProgram: false,
  bundle: BUNDLE,
  environment: { state: "absent" },
  python: "/usr/bin/python3",
  uvx: "/usr/bin/uvx",
  onPath: "/usr/bin/devstral-ls",
  mayDownload: true,
};
const READY = { state: "ready", python: "/made/bin/python" } as const;

function started(machine: Partial<Machine>) {
  const choice = choose({ ...MACHINE, ...machine });
  assert.equal(choice.kind, "start");
  return choice as Extract<typeof choice, { kind: "start" }>;
}

describe("which server is taken", () => {
  it("is the one in the setting before any other", () => {
    const { way, program } = started({ setting: "/my/server", settingIsProgram: true, environment: READY });
    assert.equal(way, SETTING);
    assert.deepEqual(program, { command: "/my/server", args: [] });
  });

  it("is never another one where the setting names no program", () => {
    const choice = choose({ ...MACHINE, setting: "/gone", environment: READY });
    assert.equal(choice.kind, "none");
    assert.match(JSON.stringify(choice), /devstral\.server\.path is \/gone/);
  });

  it("is the environment, away from what PYTHONPATH and the workspace have", () => {
    const { way, program } = started({ environment: READY });
    assert.equal(way, ENVIRONMENT);
    assert.deepEqual(program, { command: "/made/bin/python", args: ["-I", "-m", "devstral_ls"] });
  });

  it("is the environment once it has been made, where there is none or an outdated one", () => {
    for (const state of ["absent", "outdated"] as const) {
      const choice = choose({ ...MACHINE, environment: { state } });
      assert.equal(choice.kind, "install", state);
    }
  });

  it("is the bundled wheel through uvx where no Python can make the environment", () => {
    const { way, program, passedOver } = started({ python: undefined });
    assert.equal(way, UVX);
    const args = ["--constraints", BUNDLE.requirements, "--from", BUNDLE.wheel, "devstral-ls"];
    assert.deepEqual(program, { command: "/usr/bin/uvx", args });
    assert.match(account(way, passedOver), /no Python 3\.11 or newer/);
  });

  it("is the next one where the environment could not be made, and says why", () => {
    const failed = { environment: { state: "failed", reason: "no network" } } as const;
    assert.equal(started(failed).way, UVX);
    const { way, passedOver } = started({ ...failed, uvx: undefined });
    assert.equal(way, PATH);
    assert.match(account(way, passedOver), /could not be made: no network\.\n.*uvx is not there/);
  });

  it("downloads nothing before the user agreed: the one on PATH is taken", () => {
    const { way, passedOver } = started({ mayDownload: false });
    assert.equal(way, PATH);
    assert.deepEqual(
      passedOver.map((each) => each.way),
      [SETTING, ENVIRONMENT, UVX],
    );
    assert.match(account(way, passedOver), /nothing is downloaded before you agree/);
  });

  it("keeps to an environment that is there even where nothing may be downloaded", () => {
    assert.equal(started({ environment: READY, mayDownload: false }).way, ENVIRONMENT);
  });

  it("is asked for where it would have to be downloaded", () => {
    const nothing = { onPath: undefined, mayDownload: false };
    assert.equal(choose({ ...MACHINE, ...nothing }).kind, "ask");
    assert.equal(choose({ ...MACHINE, ...nothing, python: undefined }).kind, "ask", "uvx could");
    assert.equal(choose({ ...MACHINE, ...nothing, python: undefined, uvx: undefined }).kind, "none");
  });

  it("is the one on PATH where the extension was built without one", () => {
    assert.equal(started({ bundle: undefined }).way, PATH);
    const choice = choose({ ...MACHINE, bundle: undefined, onPath: undefined });
    assert.match(JSON.stringify(choice), /Install devstral-ls, or say where/);
  });
});
