// A workspace of two folders, of which the second is worked in.
export default async function (user) {
  const file = `vscode-remote://127.0.0.1:${user.play.port}${user.play.second}/shop/prices.py`;
  await user.workspace(user.play.workspace, [["openFile", file]]);
  await user.page.locator(".editor-instance .view-line").first().waitFor();
  await user.status("Devstral is ready");
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  await user.rows(2);
  await user.press("Apply");
  await user.previewGone();
  await user.shows("round(sum(prices), 2)");
  await user.save("prices.py");
  await user.screenshot("saved");
  return {};
}
