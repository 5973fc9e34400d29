// A run's edits open in the Refactor Preview; Apply makes them in the buffers, and one undo takes a file's back.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Devstral: Edit Selection...", "round to cents");
  const rows = await user.rows(3);
  await user.press("Apply");
  await user.previewGone();
  await user.shows("round(sum(prices), 2)");
  await user.reach("applied");
  await user.save("prices.py");
  await user.reach("saved");
  await user.undo();
  await user.shows("return sum(prices)");
  await user.save("prices.py");
  return { rows };
}
