import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { expandHome, findPython, isProgram, onPath } from "../src/programs";

let folder: string;

async function program(name: string, text: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(join(place, ".."), { recursive: true });
  await writeFile(place, `#!/bin/sh\n${text}\n`);
  await chmod(place, 0o755);
  return place;
}

before(async () => void (folder = await mkdtemp(join(tmpdir(), "programs-"))));
after(() => rm(folder, { recursive: true }));

describe("programs on PATH", () => {
  it("are found in the first folder that has them", async () => {
    const first = await program("one/server", "exit 0");
    await program("two/server", "exit 0");
    await mkdir(join(folder, "none"));
    const path = ["none", "one", "two"].map((name) => join(folder, name)).join(delimiter);
    assert.equal(await onPath("server", { path, windows: false }), first);
    assert.equal(await onPath("other", { path, windows: false }), undefined);
  });

  it("are not looked for in relative folders, which the workspace could have", async () => {
    assert.equal(await onPath("sh", { path: [".", "bin", ""].join(delimiter), windows: false }), undefined);
  });

  it("are files that can be run", async () => {
    await writeFile(join(folder, "text"), "");
    assert.equal(await isProgram(join(folder, "text")), false);
    assert.equal(await isProgram(folder), false);
    assert.equal(await isProgram(await program("run", "exit 0")), true);
  });
});

describe("the Python that makes the environment", () => {
  it("is one that says it can; another is passed over", async () => {
    await program("pythons/python3.13", "exit 1");
    const good = await program("pythons/python3", "exit 0");
    assert.equal(await findPython({ path: join(folder, "pythons"), windows: false }), good);
  });

  it("is none where none can", async () => {
    await program("old/python3", "exit 1");
    assert.equal(await findPython({ path: join(folder, "old"), windows: false }), undefined);
  });
});

it("~ in the setting is the home folder", () => {
  assert.equal(expandHome(" ~/bin/devstral-ls"), `${homedir()}/bin/devstral-ls`);
});
