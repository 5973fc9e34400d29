import { commands, Uri, workspace, type Disposable } from "vscode";
import { TextDocumentContentRequest, type LanguageClient } from "vscode-languageclient/node";

import type { Proposal } from "./server";

const SCHEME = "devstral";
/** Milliseconds without a keystroke after which what is proposed is compared with the text as it is now. */
const PAUSE = 300;

/** Open VS Code's diff editor: the real file, and a document of the server with what is proposed for it. */
export async function showDiff(client: LanguageClient, proposal: Proposal, uri: string): Promise<void> {
  const file = proposal.files.find((each) => each.uri === uri);
  if (file === undefined) return;
  const side = (which: "before" | "after") =>
    Uri.from({ scheme: SCHEME, path: `/proposals/${proposal.proposalId}/${which}/${file.path}` });
  const real = file.movedFrom?.uri ?? file.uri;
  const left = file.kind === "create" ? side("before") : client.protocol2CodeConverter.asUri(real);
  await commands.executeCommand("vscode.diff", left, side("after"), `${file.path} (proposed)`, { preview: true });
}

/** Keep open diffs true: what is proposed follows the text of the file, and what was decided leaves it. */
export class Freshness implements Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly listening: Disposable;

  constructor(private readonly connection: () => LanguageClient | undefined) {
    this.listening = workspace.onDidChangeTextDocument((change) => {
      if (change.document.uri.scheme === "file" && shown().length > 0) this.soon();
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listening.dispose();
  }

  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), PAUSE);
  }

  private now(): void {
    const feature = this.connection()?.getFeature(TextDocumentContentRequest.method);
    for (const provider of feature?.getProviders() ?? []) {
      if (provider.scheme === SCHEME) for (const uri of shown()) provider.onDidChangeEmitter.fire(uri);
    }
  }
}

function shown(): Uri[] {
  return workspace.textDocuments
    .map((document) => document.uri)
    .filter((uri) => uri.scheme === SCHEME && uri.path.startsWith("/proposals/"));
}
