// Edits of several files, one of them new: unticked ones are left out, the others are made.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  const rows = await user.rows(7);
  await user.quiet();
  await user.screenshot("preview");
  for (const unticked of user.play.untick) await user.untick(unticked);
  await user.press("Apply");
  await user.previewGone();
  await user.shows("round(sum(prices), 2)");
  await user.reach("applied");
  const actions = await user.actionsUntil((titles) => !titles.some((title) => title.includes("apply all")));
  for (const name of user.play.save) await user.save(name);
  await user.prompt("Ask Devstral...", "and now?");
  await user.shows("> and now?");
  return { rows, actions };
}
