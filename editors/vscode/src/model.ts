import * as vscode from "vscode";

import { run, type Client } from "./commands";

/** Choose one of the models that the server behind devstral-ls has, now and for later windows. */
export async function selectModel(client: Client): Promise<void> {
  const known = await run<{ model: string | null; models: string[] }>(client, "models", {});
  if (known === undefined) return;
  const title = "Devstral: Select Model";
  const model =
    known.models.length > 0
      ? (await vscode.window.showQuickPick(known.models.map((each) => item(each, known.model)), { title }))?.label
      : await vscode.window.showInputBox({ title, prompt: "The server lists no models. What is its model called?" });
  if (!model?.trim()) return;
  const chosen = await run<{ model: string }>(client, "selectModel", { model });
  if (chosen === undefined) return;
  // The server keeps to it until it leaves; the setting tells the next one.
  await vscode.workspace.getConfiguration("devstral").update("llm.model", chosen.model, vscode.ConfigurationTarget.Global);
}

function item(model: string, current: string | null): vscode.QuickPickItem {
  return model === current ? { label: model, description: "is used now" } : { label: model };
}
