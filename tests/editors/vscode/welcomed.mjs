// The walkthrough opens where the extension starts for the first time, and not again.
export default async function (user) {
  await user.load("shop/prices.py");
  await user.status("Devstral is ready");
  const steps = user.page.locator(".getting-started-step");
  await steps.filter({ hasText: "Ask something" }).waitFor();
  const titles = (await steps.locator("h3").allInnerTexts()).map((text) => text.trim());
  await user.screenshot("walkthrough");
  await user.load("shop/prices.py");
  await user.status("Devstral is ready");
  return { titles, again: await steps.count() };
}
