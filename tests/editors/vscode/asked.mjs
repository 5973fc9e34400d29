// A question from the palette, about the selection; the answer opens as a document.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.focusEditor();
  await user.page.keyboard.press("Control+End");
  await user.page.keyboard.press("Shift+ArrowUp");
  await user.page.keyboard.press("Shift+ArrowUp");
  await user.prompt("Ask Devstral...", "what is this for, précisément?");
  await user.shows("It adds prices up.");
  await user.quiet();
  await user.screenshot("answered");
  const tab = await user.page.locator(".tab.active").getAttribute("data-resource-name");
  return { tab };
}
