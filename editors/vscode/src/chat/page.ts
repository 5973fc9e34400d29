import { randomBytes } from "node:crypto";

import { Uri, type Webview } from "vscode";

/** The view's page. Scripts run only from our own file, and nothing is fetched from anywhere. */
export function page(webview: Webview, dist: Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const at = (name: string) => webview.asWebviewUri(Uri.joinPath(dist, name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    "img-src data: blob:",
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="${at("chat.css")}">
    <title>Devstral chat</title>
  </head>
  <body>
    <script nonce="${nonce}" src="${at("chat.js")}"></script>
  </body>
</html>`;
}
