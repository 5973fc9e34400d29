import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, extname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where programs are looked for. */
export interface Places {
  readonly path: string;
  readonly windows: boolean;
}

export const HERE: Places = { path: process.env["PATH"] ?? "", windows: process.platform === "win32" };

/** The program of this name on PATH. Folders that are not absolute are left out: they would be in the workspace. */
export async function onPath(name: string, places: Places = HERE): Promise<string | undefined> {
  // Node starts no batch files without a shell.
  const names = places.windows ? [`${name}.exe`, `${name}.com`] : [name];
  for (const folder of places.path.split(delimiter).filter(isAbsolute)) {
    for (const candidate of names.map((each) => join(folder, each))) {
      if (await isProgram(candidate, places)) return candidate;
    }
  }
  return undefined;
}

/** The newest Python that can make environments: 3.11 or newer, with venv and pip. */
export async function findPython(places: Places = HERE): Promise<string | undefined> {
  const names = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];
  for (const name of names) {
    const found = await onPath(name, places);
    if (found !== undefined && (await canMakeEnvironments(found))) return found;
  }
  return undefined;
}

const CAN = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

async function canMakeEnvironments(python: string): Promise<boolean> {
  try {
    await run(python, ["-I", "-c", CAN], { timeout: 10_000 });
    return true;
  } catch {
    return false; // too old, without venv, or a stub that opens a shop
  }
}

export function expandHome(path: string): string {
  return path.trim().replace(/^~(?=[\\/])/, homedir());
}

export async function isProgram(path: string, { windows }: Places = HERE): Promise<boolean> {
  if (windows && extname(path) === "") path += ".exe";
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
