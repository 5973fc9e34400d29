// The comment at the cursor is carried out by the palette's command.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.focusEditor();
  await user.page.keyboard.press("Control+End");
  await user.page.keyboard.type("# devstral: round the total");
  await user.command("Devstral: Run Instruction Comment");
  await user.rows(2);
  await user.press("Apply");
  await user.previewGone();
  await user.shows("round(sum(prices), 2)");
  await user.save("prices.py");
  return {};
}
