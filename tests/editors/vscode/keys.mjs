// A key is typed in once, given to the server it is for, and thrown away again.
export default async function (user) {
  const ask = async (question, answer) => {
    await user.prompt("Ask Devstral...", question);
    await user.shows(answer);
  };
  await user.open("shop/prices.py");
  await user.command("Devstral: Set API Key...");
  const servers = await user.choose("devstral.llm.baseUrl");
  const box = user.page.locator(".quick-input-widget input[type=password]");
  await box.fill(user.play.key);
  await user.page.keyboard.press("Enter");
  await box.waitFor({ state: "hidden" });
  // The server is started anew to be given the key.
  await user.status("Devstral starts");
  await user.status("Devstral is ready");
  await ask("with it?", "With a key.");
  await user.command("Devstral: Clear API Key");
  await user.choose("devstral.llm.baseUrl");
  await user.status("Devstral starts");
  await user.status("Devstral is ready");
  await ask("without it?", "Without one.");
  await user.reach("over");
  return { servers };
}
