// Builds the server's wheel into server/, from the source tree this extension is part of, or the one in DEVSTRAL_LS.
// PYTHON names another Python. What builds the wheel comes from pip's package index.

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { env, platform } from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const source = resolve(env.DEVSTRAL_LS ?? join(here, "..", ".."));
const python = env.PYTHON ?? (platform === "win32" ? "python" : "python3");
const folder = join(here, "server");

for (const old of readdirSync(folder).filter((name) => name.endsWith(".whl"))) rmSync(join(folder, old));
const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", folder];
execFileSync(python, ["-m", "pip", "wheel", ...options, source], { stdio: "inherit" });
