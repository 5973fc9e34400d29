// The first start on a machine without a server: nothing runs before the folder is trusted, nothing is downloaded before
// the user agrees; then the server that came with the extension is installed, started and asked.
export default async function (user) {
  await user.goto(user.base, `${user.remote}/shop/prices.py`);
  await user.page.locator(".statusbar-item", { hasText: "Restricted Mode" }).first().waitFor();
  await user.page.locator(".editor-instance .view-line").first().waitFor();
  await user.page.keyboard.press("F1");
  await user.page.locator(".quick-input-widget input").fill(">Devstral");
  await user.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  const restricted = await user.page.locator(".quick-input-list .monaco-list-row", { hasText: "Ask Devstral" }).count();
  await user.page.keyboard.press("Escape");
  await user.reach("restricted");

  await user.command("Workspaces: Manage Workspace Trust");
  await user.page.locator(".workspace-trust-editor .monaco-button", { hasText: "Trust" }).first().click();
  const asked = user.toast("May it be installed?");
  await asked.waitFor();
  await user.screenshot("asked");
  const question = await asked.innerText();
  await user.reach("asked");

  await user.command("Devstral: Get Started");
  const steps = user.page.locator(".getting-started-step");
  await steps.filter({ hasText: "Install the server" }).first().click();
  await user.page.locator(".getting-started-step .monaco-button", { hasText: "Install Server" }).click();
  await user.toast("installing its server").waitFor();
  await user.screenshot("installing");
  await user.page.waitForSelector('#devstral-ls\\.devstral-ls\\.devstral\\.status a[aria-label*="is ready"]', {
    timeout: 300_000,
  });
  const done = steps.filter({ hasText: "Install the server" }).locator(".codicon-getting-started-step-checked").first();
  await done.waitFor();
  await user.screenshot("ready");
  await user.reach("ready");

  await steps.filter({ hasText: "See whether it works" }).first().click();
  await user.page.locator(".getting-started-step .monaco-button", { hasText: "Run Doctor" }).click();
  await user.shows("A run would use");
  await user.screenshot("doctor");
  await user.prompt("Ask Devstral...", "are you there?");
  await user.shows("It came with the extension.");

  await user.reach("gone");
  await user.clearToasts();
  await user.command("Devstral: Doctor");
  await user.shows("A run would not work");
  const broken = await user.answer("No model server answers", "What to Install...");
  const offers = await user.choices("Download Ollama");
  await user.screenshot("offers");
  await user.choose("vllm serve");
  await user.page.locator(".terminal-wrapper").first().waitFor();
  return { restricted, question, broken, offers };
}
