import { access, constants, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, extname, join } from "node:path";
import { env, platform } from "node:process";

/** There is no devstral-ls to start; the message says what to do. */
export class NoServer extends Error {}

/** The program to start: the one the setting names, else devstral-ls on PATH. Throws NoServer. */
export async function findServer(configured: string): Promise<string> {
  const named = configured.trim().replace(/^~(?=[\\/])/, homedir());
  if (named !== "") {
    if (await isProgram(named)) return named;
    throw new NoServer(`devstral.server.path is ${named}, and there is no program of that name.`);
  }
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    for (const name of spellings("devstral-ls")) {
      const candidate = join(folder, name);
      if (folder !== "" && (await isProgram(candidate))) return candidate;
    }
  }
  throw new NoServer(
    "devstral-ls is not on the PATH of VS Code. Install it (pipx install devstral-ls), or say where it is in devstral.server.path.",
  );
}

function spellings(name: string): string[] {
  if (platform !== "win32") return [name];
  // Node starts no batch files without a shell.
  return [".exe", ".com"].map((ending) => name + ending);
}

async function isProgram(path: string): Promise<boolean> {
  if (platform === "win32" && extname(path) === "") path += ".exe";
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
