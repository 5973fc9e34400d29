import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";

import { findBundle, lookAt, make } from "../src/environment";
import type { Bundle } from "../src/finding";

/**
 * A Python as far as an environment is made with it: `-m venv` copies it, and everything else it is told to do goes into
 * `log`. What the file `fails` names fails.
 */
const PYTHON = `#!/bin/sh
echo "$@" >> "$HOME/log"
if [ "$3" = venv ]; then mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; exit; fi
case "$*" in *"$(cat "$HOME/fails")"*) echo "it went wrong" >&2; exit 1;; esac
case "$*" in *hangs*) : > "$HOME/hanging"; exec sleep 600;; esac
`;

let home: string, storage: string, python: string, bundle: Bundle;
const homes: string[] = [];

beforeEach(async () => {
  homes.push((home = await mkdtemp(join(tmpdir(), "environment-"))));
  process.env["HOME"] = home;
  storage = join(home, "storage");
  python = join(home, "python");
  await writeFile(python, PYTHON);
  await chmod(python, 0o755);
  await writeFile(join(home, "fails"), "nothing");
  bundle = await bundled("1.0", "wheel");
});
after(() => Promise.all(homes.map((each) => rm(each, { recursive: true }))));

async function bundled(version: string, content: string, requirements = "requirements.txt"): Promise<Bundle> {
  const folder = join(home, `bundle-${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `devstral_ls-${version}-py3-none-any.whl`), content);
  await writeFile(join(folder, "requirements.txt"), "");
  return { ...((await findBundle(folder)) as Bundle), requirements: join(folder, requirements) };
}

async function appears(name: string): Promise<void> {
  for await (const { filename } of watch(home)) if (filename === name) return;
}

const made = () => make(storage, bundle, python, () => undefined, new AbortController().signal);

describe("the environment of the bundled server", () => {
  it("is there when it was made, and not before", async () => {
    assert.deepEqual(await lookAt(storage, bundle), { state: "absent" });
    await made();
    assert.equal((await lookAt(storage, bundle)).state, "ready");
  });

  it("is thrown away where a step fails, whose last words say why", async () => {
    await writeFile(join(home, "fails"), "--require-hashes");
    await assert.rejects(made(), { message: "it went wrong" });
    assert.deepEqual(await readdir(storage), []);
    assert.deepEqual(await lookAt(storage, bundle), { state: "absent" });
  });

  it("is thrown away where it is cancelled", async () => {
    bundle = { ...bundle, requirements: join(home, "hangs") };
    await writeFile(bundle.requirements, "");
    const stop = new AbortController();
    const hanging = appears("hanging");
    const making = make(storage, bundle, python, () => undefined, stop.signal);
    await hanging;
    stop.abort(new Error("you cancelled it"));
    await assert.rejects(making, { message: "you cancelled it" });
    assert.deepEqual(await readdir(storage), []);
  });

  it("is made anew for another version, and for another build of the same one", async () => {
    await made();
    for (const [version, content] of [["1.1", "wheel"], ["1.1", "wheel, built again"]] as const) {
      bundle = await bundled(version, content);
      assert.deepEqual(await lookAt(storage, bundle), { state: "outdated" });
      await made();
      assert.equal((await lookAt(storage, bundle)).state, "ready");
    }
    assert.equal((await readdir(storage)).length, 2, "the oldest is gone; another window may run the one before");
  });

  it("is made anew where its Python is gone", async () => {
    await made();
    const ready = await lookAt(storage, bundle);
    assert.ok(ready.state === "ready");
    await rm(ready.python);
    assert.equal((await lookAt(storage, bundle)).state, "outdated");
    await made();
    assert.equal((await lookAt(storage, bundle)).state, "ready");
  });

  it("that a window left half-made is thrown away, but not one that another window is making", async () => {
    // A process id that was never given out, and ours.
    for (const pid of [2 ** 22 + 1, process.pid]) await mkdir(join(storage, `making-${pid}-x`), { recursive: true });
    await made();
    const left = (await readdir(storage)).filter((name) => name.startsWith("making-"));
    assert.deepEqual(left, [`making-${process.pid}-x`]);
  });
});

it("a folder without a wheel has no server in it", async () => {
  assert.equal(await findBundle(home), undefined);
  assert.equal(await findBundle(join(home, "nowhere")), undefined);
});
