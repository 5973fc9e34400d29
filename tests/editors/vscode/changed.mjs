// A setting that changes takes effect at once, and another model can be chosen.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Ask Devstral...", "who are you?");
  await user.shows("The first.");
  await user.status("model devstral-small-2");
  await user.reach("settings");
  await user.status("model mistral-small");
  await user.prompt("Ask Devstral...", "and now?");
  await user.shows("The second.");
  await user.command("Devstral: Select Model");
  const choices = await user.choose("devstral-small-2");
  await user.status("model devstral-small-2");
  await user.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  await user.command("Devstral: Restart Server");
  await user.status("model devstral-small-2");
  return { choices };
}
