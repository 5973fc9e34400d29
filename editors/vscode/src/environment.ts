import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Bundle, Environment } from "./finding";
import { isProgram } from "./programs";

const READY = "server-";
const HALF_MADE = "making-";

/** The bundled wheel in `folder` of the extension, undefined where it was built without one. */
export async function findBundle(folder: string): Promise<Bundle | undefined> {
  const names = await entries(folder);
  const wheel = names.find((name) => name.endsWith(".whl"));
  const version = wheel?.split("-")[1];
  if (wheel === undefined || version === undefined || !names.includes("requirements.txt")) return undefined;
  return { wheel: join(folder, wheel), requirements: join(folder, "requirements.txt"), version };
}

/** The environment in `storage` as it is now. It is of one wheel: another wheel's is outdated. */
export async function lookAt(storage: string, bundle: Bundle): Promise<Environment> {
  const python = pythonOf(join(storage, await nameFor(bundle)));
  // The Python it was made with may be gone since.
  if (await isProgram(python)) return { state: "ready", python };
  const others = (await entries(storage)).some((name) => name.startsWith(READY));
  return { state: others ? "outdated" : "absent" };
}

/**
 * Make the environment: the pinned packages from the package index pip is set up with, each checked by its hash, and the
 * wheel. It appears under its name when it is whole; what is left of one that was broken off is thrown away.
 *
 * Rejects with what the step that failed said last, or with the signal's reason.
 */
export async function make(
  storage: string,
  bundle: Bundle,
  python: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(storage, { recursive: true });
  await throwAwayHalfMade(storage);
  const place = join(storage, `${HALF_MADE}${process.pid}-${randomBytes(4).toString("hex")}`);
  const pip = [pythonOf(place), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"];
  const steps: [string, string[]][] = [
    ["making an environment", [python, "-I", "-m", "venv", place]],
    ["downloading packages", [...pip, "--require-hashes", "--only-binary", ":all:", "-r", bundle.requirements]],
    ["installing the server", [...pip, "--no-index", bundle.wheel]],
    ["trying it out", [pythonOf(place), "-I", "-m", "devstral_ls", "--version"]],
  ];
  try {
    for (const [what, command] of steps) {
      report(what);
      await carryOut(command, report, signal);
    }
    await putInPlace(place, join(storage, await nameFor(bundle)));
    await throwAwayOld(storage, await nameFor(bundle));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Environments are known by what is in them, so that another build of the same version is another environment. */
async function nameFor(bundle: Bundle): Promise<string> {
  const digest = createHash("sha256");
  for (const file of [bundle.wheel, bundle.requirements]) digest.update(await readFile(file)).update("\0");
  return `${READY}${bundle.version}-${digest.digest("hex").slice(0, 12)}`;
}

function pythonOf(environment: string): string {
  return process.platform === "win32" ? join(environment, "Scripts", "python.exe") : join(environment, "bin", "python");
}

async function putInPlace(made: string, place: string): Promise<void> {
  // One without its Python would be in the way; a whole one was made by another window meanwhile, and is as good.
  if (await isProgram(pythonOf(place))) return;
  await rm(place, { recursive: true, force: true });
  await rename(made, place);
}

/** Those whose window is gone: another window may be making one right now. */
async function throwAwayHalfMade(storage: string): Promise<void> {
  for (const name of (await entries(storage)).filter((each) => each.startsWith(HALF_MADE))) {
    if (!lives(Number(name.split("-")[1]))) await rm(join(storage, name), { recursive: true, force: true });
  }
}

/** All but this one and the newest of the others, which another window may still run. */
async function throwAwayOld(storage: string, current: string): Promise<void> {
  const others = (await entries(storage)).filter((name) => name.startsWith(READY) && name !== current);
  const made = await Promise.all(others.map(async (name) => ({ name, at: (await stat(join(storage, name))).mtimeMs })));
  const old = made.sort((one, other) => other.at - one.at).slice(1);
  for (const { name } of old) await rm(join(storage, name), { recursive: true, force: true });
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Run a command to its end; `report` gets each line of what it says. */
async function carryOut([program, ...args]: string[], report: (line: string) => void, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const process = spawn(program as string, args, { signal, stdio: ["ignore", "pipe", "pipe"] });
  let last = "";
  const hear = (chunk: Buffer) => {
    for (const line of chunk.toString().split(/\r?\n/).filter((each) => each.trim() !== "")) {
      last = line.trim();
      report(last);
    }
  };
  process.stdout.on("data", hear);
  process.stderr.on("data", hear);
  const code = await new Promise<number | null>((resolve, reject) => {
    process.on("close", resolve);
    process.on("error", (error) => (signal.aborted ? undefined : reject(error)));
  });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(last || `${program} ended with ${code}`);
}
