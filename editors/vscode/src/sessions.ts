import * as vscode from "vscode";

import { prompted, run, type Client } from "./commands";

/** A conversation, as the server lists it. */
interface Session {
  sessionId: string;
  title: string;
  lastUsed: string;
  state: "idle" | "queued" | "running";
  current: boolean;
  proposals: { summary: string }[];
}

interface Item extends vscode.QuickPickItem {
  readonly session: Session;
}

const TRANSCRIPT: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("output"),
  tooltip: "Show Transcript",
};

/** Show the conversations: choosing one goes on with it, its button opens its transcript. */
export async function pickSession(client: Client): Promise<void> {
  const sessions = await run<Session[]>(client, "sessions", {});
  if (sessions === undefined) return;
  if (sessions.length === 0) {
    void vscode.window.showInformationMessage("Devstral: there are no sessions yet. Ask something first.");
    return;
  }
  const picked = await show(sessions);
  if (picked === undefined) return;
  const { sessionId, title } = picked.session;
  if (picked.transcript) await run(client, "showTranscript", { sessionId });
  else await prompted(client, "ask", `Ask Devstral: go on with "${title}"`, "and now?", { sessionId });
}

async function show(sessions: Session[]): Promise<{ session: Session; transcript: boolean } | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = "Devstral: Sessions";
  pick.placeholder = "Choose one to go on with it";
  pick.items = sessions.map(item);
  const chosen = new Promise<{ session: Session; transcript: boolean } | undefined>((resolve) => {
    pick.onDidAccept(() => {
      const session = pick.selectedItems[0]?.session;
      resolve(session && { session, transcript: false });
    });
    pick.onDidTriggerItemButton(({ item: { session } }) => resolve({ session, transcript: true }));
    pick.onDidHide(() => resolve(undefined));
  });
  pick.show();
  const result = await chosen;
  pick.dispose();
  return result;
}

function item(session: Session): Item {
  const last = new Date(session.lastUsed).toLocaleString();
  const states = [session.current ? "current" : "", session.state === "idle" ? "" : session.state];
  return {
    session,
    label: session.title || "(no question yet)",
    description: [...states, last].filter(Boolean).join(", "),
    detail: session.proposals.map((proposal) => `proposes ${proposal.summary}`).join("; "),
    buttons: [TRANSCRIPT],
  };
}
