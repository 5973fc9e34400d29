import { StatusBarAlignment, ThemeColor, window, type Disposable, type StatusBarItem } from "vscode";
import { State, type LanguageClient } from "vscode-languageclient/node";

/** What the server sends whenever a run starts or ends. */
interface Status {
  busy: boolean;
  message: string;
  health: "ok" | "error";
}

/** The item in the status bar: whether Devstral is there, works, or can't reach its model. */
export class StatusItem implements Disposable {
  private readonly item: StatusBarItem;

  constructor() {
    this.item = window.createStatusBarItem("devstral.status", StatusBarAlignment.Right, 100);
    this.item.name = "Devstral";
    this.show("loading~spin", "Devstral starts");
    this.item.show();
  }

  follow(client: LanguageClient): void {
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) this.show("sparkle", "Devstral is ready");
      if (newState === State.Starting) this.show("loading~spin", "Devstral starts");
      if (newState === State.Stopped) this.broken("Devstral has stopped");
    });
    client.onNotification("devstral/status", (status: Status) => {
      if (status.busy) this.show("loading~spin", status.message || "Devstral works", "devstral.ui.cancel");
      else if (status.health === "ok") this.show("sparkle", "Devstral is ready");
      else this.broken(status.message || "Devstral can't reach its model");
    });
  }

  broken(reason: string): void {
    this.show("warning", reason, "devstral.ui.showLog");
    this.item.backgroundColor = new ThemeColor("statusBarItem.warningBackground");
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(icon: string, tooltip: string, command = "devstral.ui.ask"): void {
    this.item.text = `$(${icon}) Devstral`;
    this.item.tooltip = command === "devstral.ui.cancel" ? `${tooltip} - click to cancel` : tooltip;
    this.item.command = command;
    this.item.backgroundColor = undefined;
  }
}
