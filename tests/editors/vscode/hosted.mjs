// A window in which tests run in the extension host, beside the installed extension, until they say that is all.

export default async function (user) {
  const { page, play } = user;
  const said = [];
  await page.exposeFunction("codeAutomationLog", (type, words) => said.push(`${type}: ${words.join(" ")}`));
  const ended = new Promise((resolve) => page.exposeFunction("codeAutomationExit", (code) => resolve(code)));
  const here = `vscode-remote://127.0.0.1:${play.port}`;
  const payload = [
    // VS Code runs tests only beside an extension under development. That is an empty one, ours is installed.
    ["extensionDevelopmentPath", here + play.tests],
    ["extensionTestsPath", `${here}${play.tests}/run.cjs`],
    ["skipWelcome", "true"],
  ];
  await user.workspace(play.workspace, payload);
  await user.reach("opened");
  const code = await ended;
  if (code !== 0) throw new Error(`the tests ended with ${code}:\n${said.slice(-40).join("\n")}`);
}
