// The user types while the preview is open: VS Code refuses to apply, nothing is lost, and a code action applies it after.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  await user.rows(2);
  await user.focusEditor();
  await user.page.keyboard.press("Control+Home");
  await user.page.keyboard.type("# typed meanwhile\n");
  await user.press("Apply");
  const refusal = await user.page.locator(".monaco-dialog-box").innerText();
  await user.page.keyboard.press("Enter");
  await user.previewGone();
  await user.shows("# typed meanwhile");
  await user.save("prices.py");
  await user.reach("refused");
  const actions = await user.actionsUntil((titles) => titles.some((title) => title.includes("apply all")));
  await user.act("Devstral: apply all");
  await user.shows("round(sum(prices), 2)");
  await user.save("prices.py");
  return { refusal, actions };
}
