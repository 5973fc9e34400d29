import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  ShowMessageNotification,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import { show } from "./messages";
import { ProgressNotifications, type Step } from "./progress";
import { Restarts } from "./restarts";
import { keysForServer } from "./secrets";
import { NoServer, type Servers } from "./server";
import { explicitSettings } from "./settings";
import type { StatusItem } from "./status";

/** What the server sends whenever a run starts or ends. */
interface Status {
  busy: boolean;
  message: string;
  health: "ok" | "error";
}

/** The server's process and the connection to it: started, watched, and started again when it crashes. */
export class Connection {
  /** The connection, while there is one. */
  client: LanguageClient | undefined;
  private readonly restarts = new Restarts();
  private readonly progress = new ProgressNotifications(() => this.client);
  private readonly starting = new vscode.EventEmitter<LanguageClient>();
  private keys: Record<string, string> = {};
  private turn: Promise<void> = Promise.resolve();

  /** A client that is about to start: the place to register for what this server's process sends. */
  readonly onStarting = this.starting.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly servers: Servers,
    private readonly log: vscode.LogOutputChannel,
    private readonly status: StatusItem,
  ) {}

  /** Start the server anew, with the settings and keys as they are now. */
  async restart(): Promise<void> {
    this.restarts.forget();
    return this.inTurn(async () => {
      await this.end();
      await this.start();
    });
  }

  /** Keys are given to the process when it starts: start it anew where it should have others. */
  async restartForKeys(): Promise<void> {
    const wanted = await keysForServer(this.context.secrets);
    if (JSON.stringify(wanted) !== JSON.stringify(this.keys)) await this.restart();
  }

  async stop(): Promise<void> {
    this.restarts.forget();
    return this.inTurn(() => this.end());
  }

  /** Look up the model that would be asked now, and show it. */
  async showModel(): Promise<void> {
    const client = this.client;
    try {
      const known: { model: string | null } | undefined = await client?.sendRequest(ExecuteCommandRequest.type, {
        command: "devstral.status",
      });
      this.status.uses(known?.model ?? undefined);
    } catch (error) {
      // A server that leaves has no answer; one that stays should.
      if (client === this.client) this.log.warn(`The server does not say which model it uses: ${String(error)}`);
    }
  }

  /** One at a time, in the order asked for: two starts at once would be two servers. */
  private inTurn(action: () => Promise<void>): Promise<void> {
    return (this.turn = this.turn.then(action, action));
  }

  private async end(): Promise<void> {
    const ending = this.client;
    this.client = undefined;
    this.progress.endAll();
    try {
      await ending?.dispose();
    } catch (error) {
      this.log.warn(`The server did not leave as asked: ${String(error)}`);
    }
  }

  private async start(): Promise<void> {
    this.status.starts();
    try {
      this.client = await this.connect();
    } catch (error) {
      this.broken(error);
      return;
    }
    void vscode.commands.executeCommand("setContext", "devstral.running", true);
    this.status.ready();
    await this.showModel();
  }

  private async connect(): Promise<LanguageClient> {
    const { command, args } = await this.servers.find();
    this.keys = await keysForServer(this.context.secrets);
    const env = { ...process.env, ...this.keys };
    const serve = { command, args: [...args, "serve"], options: { env } };
    const client: LanguageClient = new LanguageClient("devstral", "Devstral", serve, this.options(() => client));
    client.onNotification("devstral/status", (status: Status) => void this.took(status));
    // The client's own way would make links of what a message quotes.
    client.onNotification(ShowMessageNotification.type, show);
    this.starting.fire(client);
    await client.start();
    return client;
  }

  private options(itself: () => LanguageClient): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: "file" }],
      outputChannel: this.log,
      // A line per turn and tool is for those who look.
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: { client: { stream: true } },
      // What goes wrong while it starts is told by whoever starts it.
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          // One that never was there has not crashed: it does not start, and would not a second later.
          if (this.client === itself()) void this.inTurn(() => this.crashed());
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      middleware: {
        handleWorkDoneProgress: (token, params) => this.progress.take(token, params as Step),
        workspace: {
          // Changes are announced without the settings, which would be VS Code's merged ones; the server asks for them.
          didChangeConfiguration: async () => {
            await itself().sendNotification(DidChangeConfigurationNotification.type, { settings: null });
            await this.showModel();
          },
          configuration: (parameters) =>
            parameters.items.map((item) =>
              item.section === "devstral" ? explicitSettings(this.context.extension) : null,
            ),
        },
      },
    };
  }

  private async took(status: Status): Promise<void> {
    if (status.busy) this.status.works(status.message);
    else if (status.health === "ok") this.status.ready();
    else this.status.broken(status.message || "Devstral can't reach its model", "doctor");
    await this.showModel();
  }

  private async crashed(): Promise<void> {
    await this.end();
    const seconds = this.restarts.crashed(performance.now() / 1000);
    if (seconds === undefined) {
      const message = "Devstral's server crashed six times within three minutes.";
      this.status.broken(message, "restart");
      void follow(vscode.window.showErrorMessage(message, "Restart", "Show Log"));
      return;
    }
    this.log.warn(`The server crashed; it is started again in ${seconds} s.`);
    this.status.broken(`Devstral crashed, and starts again in ${seconds} s`);
    // Not in turn: whoever starts or stops it by hand meanwhile does not wait for this.
    void this.restarts.pause(seconds).then((on) => (on ? this.inTurn(() => this.start()) : undefined));
  }

  /** Say that it does not run, why, and what can be done. */
  private broken(error: unknown): void {
    void vscode.commands.executeCommand("setContext", "devstral.running", false);
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(message);
    const mayInstall = error instanceof NoServer && error.ask;
    this.status.broken(message, mayInstall ? "installServer" : "showLog");
    // Not awaited: the message stays for as long as the user likes.
    const { showErrorMessage, showInformationMessage } = vscode.window;
    if (mayInstall) void follow(showInformationMessage(message, "Install", "Open Settings"));
    else if (error instanceof NoServer) void follow(showErrorMessage(message, "Open Settings", "Show Log"));
    else void follow(showErrorMessage(`Devstral's server does not start: ${message}`, "Restart", "Show Log"));
  }
}

/** Go the way that is chosen in a message, if one is. */
async function follow(message: Thenable<keyof typeof WAYS | undefined>): Promise<void> {
  const way = await message;
  if (way === undefined) return;
  const [command, ...rest] = WAYS[way];
  await vscode.commands.executeCommand(command, ...rest);
}

const WAYS = {
  Install: ["devstral.ui.installServer"],
  Restart: ["devstral.ui.restart"],
  "Show Log": ["devstral.ui.showLog"],
  "Open Settings": ["workbench.action.openSettings", "devstral.server.path"],
} satisfies Record<string, [string, ...string[]]>;
