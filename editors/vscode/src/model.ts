import * as vscode from "vscode";

import { run, type Client } from "./commands";

/** Choose one of the models that the server behind devstral-ls has; it is used until devstral-ls leaves. */
export async function selectModel(client: Client): Promise<void> {
  const known = await run<{ model: string | null; models: string[] }>(client, "models", {});
  if (known === undefined) return;
  const title = "Devstral: Select Model";
  const model =
    known.models.length > 0
      ? (await vscode.window.showQuickPick(known.models.map((each) => item(each, known.model)), { title }))?.label
      : await vscode.window.showInputBox({ title, prompt: "The server lists no models. What is its model called?" });
  if (model?.trim()) await run(client, "selectModel", { model });
}

function item(model: string, current: string | null): vscode.QuickPickItem {
  return model === current ? { label: model, description: "is used now" } : { label: model };
}
