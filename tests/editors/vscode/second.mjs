// A workspace of two folders, of which the second is worked in.
export default async function (user) {
  const file = `vscode-remote://127.0.0.1:${user.play.port}${user.play.second}/shop/prices.py`;
  await user.goto(`${user.server}/?workspace=${user.play.workspace}`, file);
  await user.page.locator(".editor-instance .view-line").first().waitFor();
  await user.status("Devstral is ready");
  // A window in a browser reads the workspace's file after it has opened.
  await user.page.locator(".explorer-folders-view .monaco-list-row", { hasText: "prices.py" }).first().waitFor();
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  await user.rows(2);
  await user.press("Apply");
  await user.previewGone();
  await user.shows("round(sum(prices), 2)");
  await user.save("prices.py");
  await user.screenshot("saved");
  return {};
}
