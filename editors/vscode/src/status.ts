import * as vscode from "vscode";

type Command = "ask" | "cancel" | "showLog" | "installServer" | "restart" | "doctor";

/** The item in the status bar: what Devstral does, with which model, and - on hovering - which server that is and why. */
export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private icon = "loading~spin";
  private state = "Devstral starts";
  private command: Command = "showLog";
  private model: string | undefined;
  private account = "";
  private readonly changed = new vscode.EventEmitter<void>();
  /** What Devstral does, its model or its server is another one now. */
  readonly onDidChange = this.changed.event;

  constructor() {
    this.item = vscode.window.createStatusBarItem("devstral.status", vscode.StatusBarAlignment.Right, 100);
    this.item.name = "Devstral";
    this.draw();
    this.item.show();
  }

  /** What Devstral does, as hovering says it. */
  get says(): string {
    return this.state;
  }

  starts(what = "Devstral starts"): void {
    this.show("loading~spin", what, "showLog");
  }

  ready(): void {
    this.show("sparkle", "Devstral is ready", "ask");
  }

  works(what: string): void {
    this.show("loading~spin", what || "Devstral works", "cancel");
  }

  broken(reason: string, command: Command = "showLog"): void {
    this.show("warning", reason, command);
  }

  /** The model that is asked, as far as it is known: without one in the settings, from the first question on. */
  uses(model: string | undefined): void {
    this.model = model;
    this.draw();
  }

  /** Which server was taken, and why the others were not. */
  tells(account: string): void {
    this.account = account;
    this.draw();
  }

  dispose(): void {
    this.item.dispose();
    this.changed.dispose();
  }

  private show(icon: string, state: string, command: Command): void {
    Object.assign(this, { icon, state, command });
    this.draw();
  }

  private draw(): void {
    this.item.text = `$(${this.icon}) ${this.model ?? "Devstral"}`;
    this.item.command = `devstral.ui.${this.command}`;
    this.item.tooltip = this.tooltip();
    const works = this.command === "cancel" ? " - click to cancel" : "";
    const model = this.model === undefined ? "" : `, model ${this.model}`;
    this.item.accessibilityInformation = { label: `${this.state}${works}${model}` };
    this.item.backgroundColor =
      this.icon === "warning" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    this.changed.fire();
  }

  private tooltip(): vscode.MarkdownString {
    const text = new vscode.MarkdownString(undefined, true);
    text.isTrusted = { enabledCommands: COMMANDS.map(([command]) => command) };
    const works = this.command === "cancel";
    text.appendText(this.state).appendMarkdown(works ? " - click to cancel\n\n" : "\n\n");
    text.appendMarkdown("Model: ").appendText(this.model ?? "found at the first question").appendMarkdown("\n\n");
    for (const line of this.account.split("\n").filter(Boolean)) text.appendText(line).appendMarkdown("\n\n");
    const links = COMMANDS.filter(([command]) => works || command !== "devstral.ui.cancel");
    return text.appendMarkdown(links.map(([command, title]) => `[${title}](command:${command})`).join(" · "));
  }
}

const COMMANDS = [
  ["devstral.ui.cancel", "Cancel"],
  ["devstral.ui.selectModel", "Select Model"],
  ["devstral.ui.doctor", "Doctor"],
  ["devstral.ui.showLog", "Show Server Log"],
  ["devstral.ui.restart", "Restart Server"],
] as const;
