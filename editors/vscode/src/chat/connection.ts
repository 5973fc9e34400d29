import { ErrorCodes, ExecuteCommandRequest, ResponseError, type LanguageClient } from "vscode-languageclient/node";

/** The connection to the server, while there is one. */
export type Connection = () => LanguageClient | undefined;

/**
 * Have the server carry out one of its commands. Throws an Error with one line for the user.
 *
 * workDoneToken: what the command's progress comes under.
 */
export async function execute<Answer>(
  connection: Connection,
  command: string,
  argument: object = {},
  workDoneToken?: string,
): Promise<Answer> {
  const client = connection();
  if (client === undefined) throw new Error("Devstral does not run. Its log says why (Devstral: Show Server Log).");
  return (await client.sendRequest(ExecuteCommandRequest.type, {
    command: `devstral.${command}`,
    arguments: [argument],
    ...(workDoneToken !== undefined && { workDoneToken }),
  })) as Answer;
}

/** What went wrong, in one line. */
export function inWords(error: unknown): string {
  if (error instanceof ResponseError && error.code === ErrorCodes.PendingResponseRejected) {
    return "Devstral's server ended before it answered.";
  }
  return error instanceof Error ? error.message : String(error);
}
