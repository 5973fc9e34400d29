// The code actions that VS Code is given: for a selection, for another extension's problem, and for a proposal.
const vscode = require("vscode");

const { until } = require("./host.cjs");

module.exports = async (host) => {
  const document = await host.open("shop/prices.py");
  const total = new vscode.Range(9, 0, 11, 0);
  const offered = async (range) => {
    const actions = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, range, undefined, 50);
    return actions.filter((action) => action.title.startsWith("Devstral: "));
  };
  const titles = (actions) => actions.map(({ title }) => title);

  const selected = titles(await offered(total));

  const problems = vscode.languages.createDiagnosticCollection("judge");
  problems.set(document.uri, [new vscode.Diagnostic(total, "floats are not money")]);
  const withProblem = titles(await offered(total));
  problems.dispose();

  const explain = (await offered(total)).find(({ title }) => title.includes("explain"));
  await vscode.commands.executeCommand(explain.command.command, ...explain.command.arguments);
  const page = await until(listen, () => {
    const shown = vscode.window.visibleTextEditors.map((editor) => editor.document);
    return shown.find((each) => each.getText().includes("It adds up."));
  });

  await vscode.window.showTextDocument(document);
  await host.proposed("Round to cents");
  const apply = (await offered(total)).find(({ title }) => title.includes("apply"));
  const before = document.getText();
  await vscode.workspace.applyEdit(apply.edit);
  await host.part("proposal", ({ proposal }) => proposal.state === "applied");
  return { selected, withProblem, page: page.uri.scheme, apply: apply.title, before, after: document.getText() };
};

function listen(look) {
  return vscode.Disposable.from(
    vscode.window.onDidChangeVisibleTextEditors(look),
    vscode.workspace.onDidChangeTextDocument(look),
  );
}
