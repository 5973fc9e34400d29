/** The wheel that came with the extension. version: the server's; requirements: the packages it needs, pinned. */
export interface Bundle {
  readonly wheel: string;
  readonly requirements: string;
  readonly version: string;
}

/**
 * The environment of our own that the bundled wheel is installed in.
 *
 * outdated: made for another version of the wheel. failed: it could not be made, and why.
 */
export type Environment =
  | { readonly state: "ready"; readonly python: string }
  | { readonly state: "absent" | "outdated" }
  | { readonly state: "failed"; readonly reason: string };

/** What was seen on this machine. Programs are absolute paths. */
export interface Machine {
  /** devstral.server.path, "" where it is not set. */
  readonly setting: string;
  readonly settingIsProgram: boolean;
  readonly bundle: Bundle | undefined;
  readonly environment: Environment;
  /** A Python that can make the environment. */
  readonly python: string | undefined;
  readonly uvx: string | undefined;
  readonly onPath: string | undefined;
  /** Whether the user has agreed that packages are downloaded. */
  readonly mayDownload: boolean;
}

/** A way to the server that was not taken, and why. */
export interface PassedOver {
  readonly way: string;
  readonly why: string;
}

/** A program that is the server, after `serve`; or doctor, after `doctor`. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** What to do: start a server, make its environment first, ask whether it may be made, or say that there is none. */
export type Choice = { readonly passedOver: readonly PassedOver[] } & (
  | { readonly kind: "start"; readonly way: string; readonly program: Program }
  | { readonly kind: "install"; readonly python: string; readonly bundle: Bundle }
  | { readonly kind: "ask" }
  | { readonly kind: "none"; readonly message: string }
);

export const SETTING = "the setting devstral.server.path";
export const ENVIRONMENT = "the server that came with the extension, in an environment of its own";
export const UVX = "the server that came with the extension, through uvx";
export const PATH = "devstral-ls on PATH";

const NOT_AGREED = "nothing is downloaded before you agree (Devstral: Install Server)";

/**
 * Which server to start. The first of these that can be had: the setting, the environment, uvx, PATH.
 *
 * A setting that names no program is an error, never a reason to take another server. Whatever downloads waits for the
 * user's consent, and is passed over without it.
 */
export function choose(machine: Machine): Choice {
  const passedOver: PassedOver[] = [];
  if (machine.setting !== "") {
    if (machine.settingIsProgram) return started(SETTING, { command: machine.setting, args: [] }, passedOver);
    const message = `devstral.server.path is ${machine.setting}, and there is no program of that name.`;
    return { kind: "none", message, passedOver };
  }
  passedOver.push({ way: SETTING, why: "not set" });

  const { bundle, environment } = machine;
  if (bundle !== undefined && environment.state === "ready") {
    return started(ENVIRONMENT, { command: environment.python, args: ISOLATED }, passedOver);
  }
  const noEnvironment = whyNoEnvironment(machine);
  if (noEnvironment === undefined) {
    return { kind: "install", python: machine.python as string, bundle: bundle as Bundle, passedOver };
  }
  passedOver.push({ way: ENVIRONMENT, why: noEnvironment });

  if (bundle !== undefined && machine.uvx !== undefined && machine.mayDownload) {
    return started(UVX, { command: machine.uvx, args: fromWheel(bundle) }, passedOver);
  }
  passedOver.push({ way: UVX, why: whyNoUvx(machine) });

  if (machine.onPath !== undefined) return started(PATH, { command: machine.onPath, args: [] }, passedOver);
  passedOver.push({ way: PATH, why: "not there" });

  const downloadable = bundle !== undefined && (machine.python ?? machine.uvx) !== undefined;
  if (downloadable && !machine.mayDownload) return { kind: "ask", passedOver };
  return { kind: "none", message: nothing(machine), passedOver };
}

/** Away from what PYTHONPATH and the workspace have: the server is the installed one. */
const ISOLATED = ["-I", "-m", "devstral_ls"] as const;

function fromWheel(bundle: Bundle): string[] {
  return ["--constraints", bundle.requirements, "--from", bundle.wheel, "devstral-ls"];
}

function started(way: string, program: Program, passedOver: readonly PassedOver[]): Choice {
  return { kind: "start", way, program, passedOver };
}

/** undefined where it can be made. */
function whyNoEnvironment({ bundle, environment, python, mayDownload }: Machine): string | undefined {
  if (bundle === undefined) return "this build of the extension has no server in it";
  if (environment.state === "failed") return `could not be made: ${environment.reason}`;
  if (python === undefined) return "no Python 3.11 or newer with venv was found";
  return mayDownload ? undefined : NOT_AGREED;
}

function whyNoUvx({ bundle, uvx }: Machine): string {
  if (bundle === undefined) return "this build of the extension has no server in it";
  return uvx === undefined ? "uvx is not there" : NOT_AGREED;
}

function nothing({ bundle, environment }: Machine): string {
  if (environment.state === "failed") return `Devstral's server could not be installed: ${environment.reason}`;
  const need = bundle === undefined ? "Install devstral-ls" : "Install Python 3.11 or newer (with venv), or uv,";
  return `There is no devstral-ls to start. ${need}, or say where one is in devstral.server.path.`.replace(",,", ",");
}

/** What was done, in one line and the reasons below it. */
export function account(way: string, passedOver: readonly PassedOver[]): string {
  return [`Server: ${way}.`, ...passedOver.map((each) => `Not ${each.way}: ${each.why}.`)].join("\n");
}
