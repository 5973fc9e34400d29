import { workspace, type Extension } from "vscode";

const OURS = ["devstral.server.", "devstral.chat."];

/**
 * The server's settings that somebody set, by dotted key.
 *
 * Not VS Code's merged section: that holds the defaults too, and they would win over the user's own config.toml.
 */
export function explicitSettings(extension: Extension<unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(declared(extension)).filter((name) => !OURS.some((prefix) => name.startsWith(prefix)))) {
    const at = workspace.getConfiguration().inspect(key);
    // A setting of machine scope has no value from a workspace, whatever the workspace's file says.
    const value = at?.workspaceFolderValue ?? at?.workspaceValue ?? at?.globalValue;
    if (value !== undefined) found[key.slice("devstral.".length)] = value;
  }
  return found;
}

function declared(extension: Extension<unknown>): object {
  const manifest = extension.packageJSON as { contributes: { configuration: { properties: object } } };
  return manifest.contributes.configuration.properties;
}
