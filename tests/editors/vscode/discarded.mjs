// Discard closes the preview and leaves the text alone; the proposal waits in the code actions until it is discarded there.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  await user.rows(2);
  await user.press("Discard");
  await user.previewGone();
  await user.reach("closed");
  const actions = await user.actionsUntil((titles) => titles.some((title) => title.includes("apply all")));
  await user.act("Devstral: discard the proposal");
  const later = await user.actionsUntil((titles) => !titles.some((title) => title.includes("apply all")));
  await user.prompt("Ask Devstral...", "and now?");
  await user.shows("> and now?");
  return { actions, later };
}
