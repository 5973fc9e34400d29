import * as vscode from "vscode";

const MISTRAL = "https://api.mistral.ai";

/** Keys are kept by the server they are for, so that no other one gets them when a setting changes. */
function nameOf(baseUrl: string): string {
  return `key for ${baseUrl.replace(/\/+$/, "")}`;
}

/** devstral.llm.baseUrl, which no workspace can set. */
function configured(): string | undefined {
  return vscode.workspace.getConfiguration("devstral.llm").get<string | null>("baseUrl")?.trim() || undefined;
}

/** The keys as the server takes them: its environment, which is in no log and no settings file. */
export async function keysForServer(secrets: vscode.SecretStorage): Promise<Record<string, string>> {
  const baseUrl = configured();
  const keys: Record<string, string> = {};
  const mistral = await secrets.get(nameOf(MISTRAL));
  const own = baseUrl && (await secrets.get(nameOf(baseUrl)));
  if (mistral) keys["MISTRAL_API_KEY"] = mistral;
  if (own) keys["DEVSTRAL_LS_API_KEY"] = own;
  return keys;
}

/** Ask for a key and keep it. */
export async function askForKey(secrets: vscode.SecretStorage): Promise<void> {
  const place = await askWhere("Which server is the key for?");
  if (place === undefined) return;
  const key = await vscode.window.showInputBox({
    title: `Devstral: API Key for ${place.label}`,
    prompt: "Kept in the secret storage, and given to the server alone.",
    password: true,
    ignoreFocusOut: true,
  });
  if (key?.trim()) await secrets.store(nameOf(place.url), key.trim());
}

/** Throw a key away. */
export async function clearKey(secrets: vscode.SecretStorage): Promise<void> {
  const place = await askWhere("Which server's key is thrown away?");
  if (place === undefined) return;
  await secrets.delete(nameOf(place.url));
}

async function askWhere(title: string): Promise<{ label: string; url: string } | undefined> {
  const baseUrl = configured();
  const mistral = { label: "the Mistral API", description: MISTRAL, url: MISTRAL };
  if (baseUrl === undefined) return mistral;
  const own = { label: baseUrl, description: "devstral.llm.baseUrl", url: baseUrl };
  return vscode.window.showQuickPick([own, mistral], { title: `Devstral: ${title}` });
}
