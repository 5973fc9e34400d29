// The same from inside: a module runs in the extension host, beside the extension, and says what it saw there.

const PATIENCE = 90_000; // milliseconds; a module that takes longer hangs

export default async function (user) {
  const { page, play } = user;
  const said = [];
  await page.exposeFunction("codeAutomationLog", (type, args) => said.push(`${type}: ${args.join(" ")}`));
  page.on("console", (message) => said.push(message.text()));
  const ended = new Promise((resolve) => page.exposeFunction("codeAutomationExit", resolve));
  const remote = (path) => `vscode-remote://127.0.0.1:${play.port}${path}`;
  const payload = [
    ["extensionDevelopmentPath", remote(play.extension)],
    ["extensionTestsPath", remote(play.module)],
    ["skipWelcome", "true"],
  ];
  await page.goto(`${user.base}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
  const code = await Promise.race([ended, page.waitForTimeout(PATIENCE).then(() => "patience")]);
  if (code !== 0) throw new Error(`the module ended with ${code}:\n${said.slice(-40).join("\n")}`);
  const line = said.map((each) => each.split("SEEN ")[1]).find(Boolean);
  return JSON.parse(line);
}
