import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";

import { changesIn, LONGEST, prompt } from "../src/changes";

let folder: string;
const folders: string[] = [];
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=me", "-c", "user.email=me@example.org", ...args], { cwd: folder });

beforeEach(async () => {
  folders.push((folder = await mkdtemp(join(tmpdir(), "changes-"))));
  git("init", "--quiet");
});
after(() => Promise.all(folders.map((each) => rm(each, { recursive: true }))));

describe("what is not committed", () => {
  it("is what was changed, staged or not, and what is new", async () => {
    for (const name of ["one.py", "two.py"]) await writeFile(join(folder, name), "before\n");
    git("add", ".");
    git("commit", "--quiet", "-m", "first");
    for (const name of ["one.py", "two.py"]) await writeFile(join(folder, name), "after\n");
    git("add", "one.py");
    await writeFile(join(folder, "naïve.py"), "new\n");
    const { files, untracked, diff } = await changesIn(folder);
    assert.deepEqual([files, untracked], [["one.py", "two.py"], ["naïve.py"]]);
    assert.equal(diff.match(/^\+after$/gm)?.length, 2);
  });

  it("is everything that is staged where nothing was committed yet", async () => {
    await writeFile(join(folder, "one.py"), "new\n");
    git("add", ".");
    assert.deepEqual((await changesIn(folder)).files, ["one.py"]);
  });

  it("is that of the folder, where the repository is around it", async () => {
    await mkdir(join(folder, "part"));
    for (const name of ["outside.py", "part/inside.py"]) await writeFile(join(folder, name), "new\n");
    git("add", ".");
    assert.deepEqual((await changesIn(join(folder, "part"))).files, ["inside.py"]);
  });

  it("does not run what the repository's configuration names", async () => {
    await writeFile(join(folder, "one.py"), "before\n");
    git("add", ".");
    git("commit", "--quiet", "-m", "first");
    await writeFile(join(folder, "one.py"), "after\n");
    const script = `touch ${join(folder, "ran")}; true`;
    for (const key of ["diff.external", "core.fsmonitor", "core.pager"]) git("config", key, script);
    await changesIn(folder);
    assert.deepEqual((await changesIn(folder)).untracked, []);
  });
});

describe("the prompt of a review", () => {
  it("has the diff in a fence that the diff can't end", () => {
    assert.match(prompt({ files: ["a.md"], untracked: [], diff: "+````\n" }), /`{5}diff\n\+````\n`{5}$/);
  });

  it("says where a diff was too long", () => {
    const asked = prompt({ files: ["a"], untracked: ["b"], diff: "x".repeat(LONGEST + 1) });
    assert.ok(asked.length < LONGEST + 1000);
    assert.match(asked, /New files, to be read whole: b\n/);
    assert.match(asked, /The diff goes on/);
  });
});
