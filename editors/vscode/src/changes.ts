import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Characters of a diff that a review is given. */
export const LONGEST = 60_000;

/** What is not committed in a folder. files: changed ones first, relative to the folder; diff: of those Git knows. */
export interface Changes {
  readonly files: readonly string[];
  readonly untracked: readonly string[];
  readonly diff: string;
}

/** What a repository's configuration would have Git run, it does not run. */
const PLAIN = ["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"];
const PLAIN_DIFF = ["--relative", "--no-ext-diff", "--no-textconv", "--no-color"];

/** The changes of a folder against the last commit. Rejects with what Git said where it is no repository. */
export async function changesIn(folder: string): Promise<Changes> {
  const git = async (...args: string[]) => {
    const limits = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    return (await run("git", [...PLAIN, ...args], limits)).stdout;
  };
  const base = (await git("rev-list", "--all", "-n", "1")).trim() === "" ? EMPTY : "HEAD";
  const names = await git("diff", base, ...PLAIN_DIFF, "--name-only", "-z", "--", ".");
  const diff = await git("diff", base, ...PLAIN_DIFF, "--", ".");
  const untracked = await git("ls-files", "--others", "--exclude-standard", "-z");
  return { files: split(names), untracked: split(untracked), diff };
}

/** Git's name for a tree without files, which a repository without commits is compared with. */
const EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** What a review of these changes asks. */
export function prompt({ untracked, diff }: Changes): string {
  const parts = ["Review the uncommitted changes, not the file as it was. Read the files around them where you need to."];
  if (untracked.length > 0) parts.push(`New files, to be read whole: ${untracked.join(", ")}`);
  if (diff !== "") parts.push("The changes:", fenced(diff.length > LONGEST ? diff.slice(0, LONGEST) : diff));
  if (diff.length > LONGEST) parts.push("The diff goes on; look at the other files yourself.");
  return parts.join("\n\n");
}

function fenced(diff: string): string {
  const longest = Math.max(2, ...(diff.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}diff\n${diff.trimEnd()}\n${fence}`;
}

function split(listed: string): string[] {
  return listed.split("\0").filter(Boolean);
}
