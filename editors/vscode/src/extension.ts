import * as vscode from "vscode";

import { Chat } from "./chat/chat";
import { codeCommands } from "./commands";
import { Connection } from "./connection";
import { Doctor, typeInTerminal } from "./doctor";
import { selectModel } from "./model";
import { reviewChanges } from "./review";
import { askForKey, clearKey, keysForServer } from "./secrets";
import { Servers } from "./server";
import { pickSession } from "./sessions";
import { explicitSettings } from "./settings";
import { StatusItem } from "./status";
import { openWalkthrough, welcome } from "./walkthrough";

let connection: Connection | undefined;
let conversation: Chat | undefined;

/** What other extensions get. */
export interface Exports {
  chat: Chat;
  status: Pick<StatusItem, "says" | "onDidChange">;
}

export async function activate(context: vscode.ExtensionContext): Promise<Exports> {
  const log = vscode.window.createOutputChannel("Devstral", { log: true });
  const status = new StatusItem();
  const servers = new Servers(context, log, status);
  const starting = (connection = new Connection(context, servers, log, status));
  const client = () => starting.client;
  const chat = (conversation = new Chat(context, client));
  const doctor = new Doctor();

  const examine = async () => {
    const program = servers.program ?? (await servers.find());
    const env = { ...process.env, ...(await keysForServer(context.secrets)), NO_COLOR: "1" };
    const works = await doctor.examine(program, env, explicitSettings(context.extension), servers.account);
    await vscode.commands.executeCommand("setContext", "devstral.works", works);
  };
  const commands: Record<string, () => unknown> = {
    ...codeCommands(client),
    review: () => reviewChanges(client),
    sessions: () => pickSession(client),
    selectModel: () => selectModel(client).then(() => starting.showModel()),
    doctor: () => examine().catch((error: Error) => vscode.window.showErrorMessage(error.message)),
    restart: () => starting.restart(),
    showLog: () => log.show(),
    installServer: () => servers.agree().then(() => starting.restart()),
    setApiKey: () => askForKey(context.secrets).then(() => starting.restartForKeys()),
    clearApiKey: () => clearKey(context.secrets).then(() => starting.restartForKeys()),
    pullModel: () => typeInTerminal("ollama pull devstral-small-2"),
    walkthrough: () => openWalkthrough(context),
  };
  context.subscriptions.push(
    log,
    status,
    chat,
    starting.onStarting((client) => chat.follow(client)),
    vscode.workspace.registerTextDocumentContentProvider("devstral-doctor", doctor),
    ...Object.entries(commands).map(([name, action]) => vscode.commands.registerCommand(`devstral.ui.${name}`, action)),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("devstral.server")) await starting.restart();
      else if (change.affectsConfiguration("devstral.llm.baseUrl")) await starting.restartForKeys();
    }),
  );
  // Neither waits for the other: the walkthrough is for those who have no server yet.
  await Promise.all([welcome(context), starting.restart()]);
  return { chat, status };
}

export async function deactivate(): Promise<void> {
  await Promise.all([conversation?.keep(), connection?.stop()]);
}
