import { join } from "node:path";
import * as vscode from "vscode";

import { findBundle, lookAt, make } from "./environment";
import { account, choose, type Bundle, type Choice, type Machine, type Program } from "./finding";
import { expandHome, findPython, isProgram, onPath } from "./programs";
import type { StatusItem } from "./status";

const CONSENT = "mayDownload";

/** There is no server to start. ask: it may be installed, and the user has not been asked yet. */
export class NoServer extends Error {
  constructor(
    message: string,
    readonly ask: boolean,
  ) {
    super(message);
  }
}

/** Finds the server on this machine, and installs the one that came with the extension where the user agreed. */
export class Servers {
  private failure: string | undefined;
  /** The one that was found last. */
  program: Program | undefined;
  /** What was done to find it, and why not otherwise. */
  account = "";

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly status: StatusItem,
  ) {}

  get mayDownload(): boolean {
    return this.context.globalState.get(CONSENT, false);
  }

  /** The user has agreed that packages are downloaded; what failed before is tried again. */
  async agree(): Promise<void> {
    this.failure = undefined;
    await this.context.globalState.update(CONSENT, true);
  }

  /** The server to start. It is installed first where that is agreed. Rejects with NoServer. */
  async find(): Promise<Program> {
    this.program = undefined;
    let choice = choose(await this.look());
    if (choice.kind === "install") {
      await this.install(choice.bundle, choice.python);
      choice = choose(await this.look());
    }
    const way = choice.kind === "start" ? choice.way : "not there";
    this.account = account(way, choice.passedOver);
    for (const line of this.account.split("\n")) this.log.info(line);
    this.status.tells(this.account);
    if (choice.kind !== "start") throw new NoServer(refusal(choice), choice.kind === "ask");
    this.program = choice.program;
    this.log.info(`It is started as ${[choice.program.command, ...choice.program.args, "serve"].join(" ")}`);
    return choice.program;
  }

  private async look(): Promise<Machine> {
    const setting = expandHome(vscode.workspace.getConfiguration("devstral.server").get("path", ""));
    const bundle = await findBundle(join(this.context.extensionPath, "server"));
    const environment = await this.environment(bundle);
    // Pythons are asked for their version one by one, which takes a while: only where one is needed.
    const wanted = setting === "" && bundle !== undefined && environment.state !== "ready";
    return {
      setting,
      settingIsProgram: setting !== "" && (await isProgram(setting)),
      bundle,
      environment,
      python: wanted ? await findPython() : undefined,
      uvx: await onPath("uvx"),
      onPath: await onPath("devstral-ls"),
      mayDownload: this.mayDownload,
    };
  }

  private async environment(bundle: Bundle | undefined): Promise<Machine["environment"]> {
    if (bundle === undefined) return { state: "absent" };
    const found = await lookAt(this.storage, bundle);
    if (found.state === "ready" || this.failure === undefined) return found;
    return { state: "failed", reason: this.failure };
  }

  private async install(bundle: Bundle, python: string): Promise<void> {
    this.log.info(`Installing devstral-ls ${bundle.version} with ${python} into ${this.storage}`);
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Devstral: installing its server ${bundle.version}`,
      cancellable: true,
    };
    this.status.starts("Devstral installs its server");
    this.failure = await vscode.window.withProgress(options, async (progress, cancellation) => {
      const stop = new AbortController();
      cancellation.onCancellationRequested(() => stop.abort(new Error("you cancelled it")));
      const report = (line: string) => {
        this.log.info(line);
        progress.report({ message: line.length > 60 ? `${line.slice(0, 59)}…` : line });
      };
      try {
        await make(this.storage, bundle, python, report, stop.signal);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    });
    if (this.failure !== undefined) this.log.error(`The server could not be installed: ${this.failure}`);
  }

  private get storage(): string {
    return this.context.globalStorageUri.fsPath;
  }
}

function refusal(choice: Exclude<Choice, { kind: "start" }>): string {
  if (choice.kind === "none") return choice.message;
  return "Devstral needs its server. May it be installed? Its packages are downloaded into an environment of its own.";
}
