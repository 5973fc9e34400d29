import { commands, env, EventEmitter, Uri, window, workspace, type Disposable, type ExtensionContext } from "vscode";
import { ShowMessageRequest, type LanguageClient } from "vscode-languageclient/node";

import { NextQuestion } from "./composing";
import { execute, inWords, type Connection } from "./connection";
import { Conversation } from "./conversation";
import { Freshness, showDiff } from "./diff";
import type { FromView, Part, Turn } from "./messages";
import { Questions } from "./questions";
import type { Answer, Proposal, Update } from "./server";
import { usageLine } from "./usage";
import { View } from "./view";

const VIEW = "devstral.chat";

/** The chat: a conversation with the server, shown in a view of the side bar. */
export class Chat implements Disposable {
  private readonly grown = new EventEmitter<void>();
  /** Something of the conversation changed. */
  readonly onDidChange = this.grown.event;
  private conversation = this.fresh();
  private readonly waiting: { turn: Turn; argument: object }[] = [];
  private busy = false;
  private stopped: Turn | undefined;
  private draft = "";
  private readonly view: View;
  private readonly questions: Questions;
  private readonly next: NextQuestion;
  private readonly freshness: Freshness;
  private readonly registered: Disposable[];

  constructor(
    context: ExtensionContext,
    private readonly connection: Connection,
  ) {
    this.questions = new Questions({
      conversation: (sessionId) => (sessionId === this.conversation.sessionId ? this.conversation : undefined),
      visible: () => this.view.visible,
      waiting: (count) => this.view.badge(count, "Devstral waits for an answer"),
    });
    this.view = new View(context.extensionUri, {
      said: (message) => void this.said(message).catch((error) => window.showErrorMessage(inWords(error))),
      hidden: () => this.questions.hidden(),
    });
    this.next = new NextQuestion(() => this.view.post({ type: "composing", composing: this.next.composing }));
    this.freshness = new Freshness(connection);
    this.registered = [
      window.registerWebviewViewProvider(VIEW, this.view),
      commands.registerCommand("devstral.chat.open", () => commands.executeCommand(`${VIEW}.focus`)),
      commands.registerCommand("devstral.chat.new", () => this.startAnew()),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("devstral.chat.price")) this.showUsage();
      }),
    ];
  }

  dispose(): void {
    for (const each of [...this.registered, this.next, this.freshness, this.grown]) each.dispose();
  }

  /** What was asked and answered so far. */
  get turns(): readonly Turn[] {
    return this.conversation.turns;
  }

  /** Listen to a server that is about to start. It knows nothing of what was said to the one before it. */
  follow(client: LanguageClient): void {
    this.conversation.sessionId = undefined;
    client.onNotification("devstral/sessionUpdate", (update: Update) => this.heard(update));
    client.onNotification("devstral/proposal", (proposal: Proposal & { sessionId: string }) => {
      if (proposal.sessionId !== this.conversation.sessionId) return;
      this.conversation.proposed(proposal);
      this.freshness.soon();
    });
    client.onRequest(ShowMessageRequest.type, (params, token) => this.questions.ask(params, token));
  }

  /** Ask, now or when what goes on is over. Resolves when the answer is there. */
  async ask(prompt: string): Promise<Turn> {
    const client = this.connection();
    if (client === undefined) throw new Error("Devstral does not run. Its log says why (Devstral: Show Log).");
    const { argument, about, images } = await this.next.ask(client);
    const turn = this.conversation.asked(prompt, about, images);
    this.waiting.push({ turn, argument: { ...argument, prompt } });
    await this.work();
    return turn;
  }

  /** Stop what goes on, and what waits for it. */
  async cancel(): Promise<void> {
    for (const { turn } of this.waiting.splice(0)) this.conversation.ended(turn, "cancelled", "cancelled");
    // A question that is not sent yet is not known to the server.
    this.stopped = this.conversation.going;
    const { sessionId } = this.conversation;
    if (sessionId !== undefined && this.busy) await execute(this.connection, "cancel", { sessionId });
  }

  /** Answer a question that a run waits for. */
  answer(part: string, choice: string): void {
    this.questions.answer(part, choice);
  }

  /** Apply or reject a proposal, or one file or hunk of it. */
  async decide(accept: boolean, proposalId: string, uri?: string, hunk?: string): Promise<void> {
    const command = accept ? "applyProposal" : "discardProposal";
    const argument = { proposalId, ...(uri && { uris: [uri] }), ...(hunk && { hunks: [hunk] }) };
    try {
      const { failureReason } = await execute<{ failureReason?: string | null }>(this.connection, command, argument);
      if (failureReason) this.conversation.refused(proposalId, failureReason);
    } catch (error) {
      this.conversation.refused(proposalId, inWords(error));
    }
  }

  /** Forget the conversation; the next question starts another one. */
  async startAnew(): Promise<void> {
    await this.cancel();
    this.conversation = this.fresh();
    this.showAll();
    this.grown.fire();
  }

  /** Questions are sent one after the other: a session has one run at a time. */
  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let each = this.waiting.shift(); each !== undefined; each = this.waiting.shift()) {
      await this.send(this.conversation, each.turn, each.argument);
    }
    this.busy = false;
  }

  private async send(conversation: Conversation, turn: Turn, argument: object): Promise<void> {
    conversation.began(turn);
    try {
      conversation.sessionId ??= (await execute<{ sessionId: string }>(this.connection, "newSession")).sessionId;
      const { sessionId } = conversation;
      const { editsMode } = await execute<{ editsMode: string }>(this.connection, "status");
      if (this.stopped === turn) return conversation.ended(turn, "cancelled", "cancelled");
      // What is proposed is shown here, so no preview opens; who has edits applied at once wants that here, too.
      const apply = editsMode === "auto" ? {} : { apply: "propose" };
      const whole = { ...argument, ...apply, sessionId, wait: true };
      const answer = await execute<Answer>(this.connection, "ask", whole);
      conversation.ended(turn, answer.state === "needsInput" ? "failed" : answer.state, answer.message ?? "");
    } catch (error) {
      conversation.ended(turn, "failed", inWords(error));
    }
  }

  private heard(update: Update): void {
    this.questions.heard(update);
    if (update.sessionId !== this.conversation.sessionId) return;
    this.conversation.heard(update);
    if (update.kind === "usage") this.showUsage();
    if (update.kind === "proposal") this.freshness.soon();
  }

  /** Everything the view may ask for. */
  private async said(message: FromView): Promise<void> {
    switch (message.type) {
      case "ready":
        return this.showAll();
      case "ask":
        this.draft = "";
        if (message.prompt.trim()) await this.ask(message.prompt.trim());
        return;
      case "draft":
        this.draft = message.draft;
        return;
      case "cancel":
        return this.cancel();
      case "new":
        return this.startAnew();
      case "leave":
        return this.next.leave(message.chip);
      case "take":
        return this.next.take(message.chip);
      case "paste":
        return this.next.paste(message.image);
      case "dropImage":
        return this.next.dropImage(message.index);
      case "answer":
        return this.answer(message.part, message.choice);
      case "decide":
        return this.decide(message.accept, message.proposal, message.uri, message.hunk);
      case "diff":
        return this.diff(message.proposal, message.uri);
      case "undo":
        await execute(this.connection, "undo", { sessionId: this.conversation.sessionId });
        return;
      case "copy":
        return env.clipboard.writeText(message.text);
      case "insert":
        return insert(message.text);
      case "link":
        return follow(message.href);
    }
  }

  private async diff(proposalId: string, uri: string): Promise<void> {
    const client = this.connection();
    const part = this.conversation.proposals().find((each) => each.proposal.proposalId === proposalId);
    if (client !== undefined && part !== undefined) await showDiff(client, part.proposal, uri);
  }

  private fresh(): Conversation {
    const conversation: Conversation = new Conversation({
      turnChanged: (turn) => {
        if (conversation !== this.conversation) return;
        this.view.post({ type: "turn", turn });
        this.grown.fire();
      },
      partChanged: (turn: Turn, part: Part) => {
        if (conversation !== this.conversation) return;
        this.view.post({ type: "part", turn: turn.id, part });
        this.grown.fire();
      },
    });
    return conversation;
  }

  private showAll(): void {
    const { turns } = this.conversation;
    const usage = usageLine(this.conversation);
    this.view.post({ type: "all", turns, composing: this.next.composing, usage, draft: this.draft });
  }

  private showUsage(): void {
    this.view.post({ type: "usage", usage: usageLine(this.conversation) });
  }
}

/** At the cursor of the active editor, in place of what is selected. */
async function insert(text: string): Promise<void> {
  const editor = window.activeTextEditor;
  if (editor === undefined) throw new Error("Open a file to insert the code into.");
  await editor.edit((edit) => edit.replace(editor.selection, text));
}

/** Only to the web, whatever the model wrote: never a command, never a file. VS Code asks before it goes there. */
async function follow(href: string): Promise<void> {
  const uri = Uri.parse(href, true);
  if (uri.scheme === "https" || uri.scheme === "http") await env.openExternal(uri);
}
