// Every command of the palette that no other case plays, one after the other.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.page.keyboard.press("F1");
  const input = user.page.locator(".quick-input-widget input");
  await input.fill(">Devstral");
  await user.choices("Doctor");
  const listed = [];
  for (const row of await user.page.locator(".quick-input-list .monaco-list-row").all()) {
    listed.push((await row.locator(".quick-input-list-label-meta, .label-name").first().innerText()).trim());
  }
  await user.page.keyboard.press("Escape");

  const answered = async (text) => {
    await user.shows(text);
    await user.page.locator('.tab[data-resource-name="prices.py"]').click();
    await user.shows("sum(prices)");
    await user.focusEditor();
  };
  for (const [title, answer] of user.play.answers) {
    await user.command(title);
    await answered(answer);
  }

  await user.command("Devstral: New Session");
  await user.page.locator("#status\\.extensionMessage", { hasText: "new session" }).waitFor();
  await user.prompt("Ask Devstral...", "first of the new session");
  await answered("A new beginning.");
  await user.command("Devstral: Sessions...");
  const sessions = await user.choose(user.play.old);
  const box = user.page.locator(".quick-input-widget .quick-input-titlebar", { hasText: "go on with" });
  await box.waitFor();
  await input.fill("and one more thing");
  await user.page.keyboard.press("Enter");
  await answered("One more.");
  await user.command("Devstral: Show Transcript");
  await answered("and one more thing");
  await user.command("Devstral: Show Server Log");
  // Not its text: this VS Code is installed without the native module that writes logs.
  await user.page.locator(".part.panel .monaco-select-box[title='Devstral'], .part.panel select").first().waitFor();
  return { listed, sessions };
}
