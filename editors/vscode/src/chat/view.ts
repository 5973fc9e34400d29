import { Uri, type Disposable, type Webview, type WebviewView, type WebviewViewProvider } from "vscode";

import type { FromView, ToView } from "./messages";
import { page } from "./page";

/** Who is behind the view. */
export interface Behind {
  said(message: FromView): void;
  /** The user can see the view, or can't any more. */
  seen(visible: boolean): void;
}

/** The view in the side bar: a window to draw in. What it shows is kept elsewhere, for it is gone whenever it is hidden. */
export class View implements WebviewViewProvider {
  private view: WebviewView | undefined;
  private readonly dist: Uri;

  constructor(
    extension: Uri,
    private readonly behind: Behind,
  ) {
    this.dist = Uri.joinPath(extension, "dist");
  }

  get visible(): boolean {
    return this.view?.visible === true;
  }

  resolveWebviewView(view: WebviewView): void {
    const listening: Disposable[] = [];
    this.view = view;
    view.webview.options = { enableScripts: true, enableCommandUris: false, localResourceRoots: [this.dist] };
    view.onDidDispose(() => {
      if (this.view === view) this.view = undefined;
      for (const each of listening) each.dispose();
      this.behind.seen(this.visible);
    });
    listening.push(
      view.webview.onDidReceiveMessage((message: FromView) => this.behind.said(message)),
      view.onDidChangeVisibility(() => this.behind.seen(this.visible)),
    );
    this.draw(view.webview);
    this.behind.seen(this.visible);
  }

  /** Send it to the view; while that is hidden, nothing: it asks for all when it is shown again. */
  post(message: ToView): void {
    if (this.visible) void this.view?.webview.postMessage(message);
  }

  /** A number at the view's icon, 0 for none. */
  badge(value: number, tooltip: string): void {
    if (this.view !== undefined) this.view.badge = value > 0 ? { value, tooltip } : undefined;
  }

  private draw(webview: Webview): void {
    webview.html = page(webview, this.dist);
  }
}
