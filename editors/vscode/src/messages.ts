import { window } from "vscode";
import { MessageType, type ShowMessageParams } from "vscode-languageclient/node";

import { plain } from "./notification";

/** A message of the server's. */
export function show({ type, message }: ShowMessageParams): void {
  const text = plain(message);
  if (type === MessageType.Error) void window.showErrorMessage(text);
  else if (type === MessageType.Warning) void window.showWarningMessage(text);
  else void window.showInformationMessage(text);
}
