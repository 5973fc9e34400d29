import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import { Chat } from "./chat/chat";
import { registerCommands } from "./commands";
import { findServer, NoServer } from "./server";
import { explicitSettings } from "./settings";
import { StatusItem } from "./status";

/** The connection to devstral-ls, while there is one. */
let client: LanguageClient | undefined;

/** What other extensions get. */
export interface Exports {
  chat: Chat;
}

export async function activate(context: vscode.ExtensionContext): Promise<Exports> {
  const log = vscode.window.createOutputChannel("Devstral", { log: true });
  const status = new StatusItem();
  const chat = new Chat(context, () => client);
  const restart = async () => {
    await stop();
    client = await start(context, log, status, chat);
  };
  context.subscriptions.push(
    log,
    status,
    chat,
    ...registerCommands(() => client),
    vscode.commands.registerCommand("devstral.ui.restart", restart),
    vscode.commands.registerCommand("devstral.ui.showLog", () => log.show()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("devstral.server")) await restart();
    }),
  );
  client = await start(context, log, status, chat);
  return { chat };
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  status: StatusItem,
  chat: Chat,
): Promise<LanguageClient | undefined> {
  try {
    const command = await findServer(vscode.workspace.getConfiguration("devstral.server").get("path", ""));
    log.info(`The server is ${command}`);
    const starting = new LanguageClient("devstral", "Devstral", { command, args: ["serve"] }, options(context, log));
    status.follow(starting);
    chat.follow(starting);
    await starting.start();
    return starting;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error(message);
    status.broken(message);
    // Not awaited: the message stays for as long as the user likes.
    void offerHelp(message, error instanceof NoServer ? "Open Settings" : "Show Log");
    return undefined;
  }
}

function options(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }],
    outputChannel: log,
    // A line per turn and tool is for those who look.
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: { client: { stream: true } },
    middleware: {
      workspace: {
        // Changes are announced without the settings, which would be VS Code's merged ones; the server asks for them.
        didChangeConfiguration: async () =>
          client?.sendNotification(DidChangeConfigurationNotification.type, { settings: null }),
        configuration: (parameters) =>
          parameters.items.map((item) => (item.section === "devstral" ? explicitSettings(context.extension) : null)),
      },
    },
  };
}

async function offerHelp(message: string, way: "Open Settings" | "Show Log"): Promise<void> {
  if ((await vscode.window.showErrorMessage(message, way)) === undefined) return;
  if (way === "Show Log") await vscode.commands.executeCommand("devstral.ui.showLog");
  else await vscode.commands.executeCommand("workbench.action.openSettings", "devstral.server.path");
}

async function stop(): Promise<void> {
  const stopping = client;
  client = undefined;
  await stopping?.dispose();
}
