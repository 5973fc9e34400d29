import { commands, env, EventEmitter, window, workspace, type Disposable, type ExtensionContext } from "vscode";
import { ShowMessageRequest, type LanguageClient } from "vscode-languageclient/node";

import { plain } from "../notification";
import { Asking } from "./asking";
import { NextQuestion } from "./composing";
import { execute, inWords, type Connection } from "./connection";
import { Conversation } from "./conversation";
import { Freshness, showDiff } from "./diff";
import type { Kept } from "./kept";
import { Memory } from "./memory";
import type { FromView, Part, Turn } from "./messages";
import { follow, insert } from "./outside";
import { Questions } from "./questions";
import { Running } from "./running";
import type { Proposal, Update } from "./server";
import { Toasts } from "./toast";
import { usageLine } from "./usage";
import { View } from "./view";

const VIEW = "devstral.chat";

/** The chat: a conversation with the server, shown in a view of the side bar. */
export class Chat implements Disposable {
  private readonly grown = new EventEmitter<void>();
  /** Something of the conversation changed. */
  readonly onDidChange = this.grown.event;
  private conversation: Conversation;
  private draft = "";
  private readonly view: View;
  private readonly memory: Memory;
  private readonly toasts: Toasts;
  private readonly questions: Questions;
  private readonly running: Running;
  private readonly asking: Asking;
  private readonly next: NextQuestion;
  private readonly freshness: Freshness;
  private readonly registered: Disposable[];

  constructor(
    context: ExtensionContext,
    private readonly connection: Connection,
  ) {
    this.memory = new Memory(context.workspaceState, () => {
      const { turns, promptTokens, completionTokens } = this.conversation;
      return { turns, promptTokens, completionTokens, draft: this.draft };
    });
    const kept = this.memory.recall();
    this.conversation = this.fresh(kept);
    this.draft = kept?.draft ?? "";
    const place = {
      conversation: (sessionId: string) =>
        sessionId === this.conversation.sessionId ? this.conversation : undefined,
      visible: () => this.view.visible,
      waiting: (count: number) => {
        this.view.badge(count, "Devstral waits for an answer");
        this.running.draw();
      },
    };
    const cancel = () => void this.tried(this.cancel());
    this.toasts = new Toasts(cancel);
    this.questions = new Questions(place, this.toasts);
    this.running = new Running(() => this.view.visible || this.questions.asks, cancel);
    this.asking = new Asking(connection, () => this.conversation, this.running);
    this.view = new View(context.extensionUri, {
      said: (message) => void this.tried(this.said(message)),
      seen: () => {
        this.questions.draw();
        this.running.draw();
      },
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
    for (const each of [...this.registered, this.next, this.freshness, this.toasts, this.grown]) each.dispose();
  }

  /** What was asked and answered so far. */
  get turns(): readonly Turn[] {
    return this.conversation.turns;
  }

  /** Keep what was said, for when the window is loaded anew. */
  async keep(): Promise<void> {
    await this.memory.now();
  }

  /** Listen to a server that is about to start. It knows nothing of what was said to the one before it. */
  follow(client: LanguageClient): void {
    this.questions.withdraw();
    this.conversation.forgotten();
    this.showAll();
    void this.keep();
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
    if (client === undefined) throw new Error("Devstral does not run. Its log says why (Devstral: Show Server Log).");
    const { argument, about, images } = await this.next.ask(client);
    const turn = this.conversation.asked(prompt, about, images);
    await this.asking.ask(turn, { ...argument, prompt });
    return turn;
  }

  /** Stop what goes on, and what waits for it. */
  async cancel(): Promise<void> {
    await this.asking.cancel();
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
    void this.keep();
    this.grown.fire();
  }

  private async tried(action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      void window.showErrorMessage(plain(inWords(error)));
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
        return this.memory.soon();
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

  private fresh(kept?: Kept): Conversation {
    const conversation: Conversation = new Conversation(
      {
        turnChanged: (turn) => {
          if (conversation !== this.conversation) return;
          this.view.post({ type: "turn", turn });
          void this.keep();
          this.grown.fire();
        },
        partChanged: (turn: Turn, part: Part) => {
          if (conversation !== this.conversation) return;
          this.view.post({ type: "part", turn: turn.id, part });
          // Text grows many times a second; what was decided is there at once.
          if (turn.state === "running") this.memory.soon();
          else void this.keep();
          this.grown.fire();
        },
      },
      kept,
    );
    conversation.forgotten();
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
