// Settings that change through VS Code's API count for the next question: another model, and edits without a question.
const vscode = require("vscode");

const { until } = require("./host.cjs");

module.exports = async (host) => {
  const document = await host.open("shop/prices.py");
  await host.chat.ask("Which model are you?");
  const { model, mode } = host.play;
  try {
    await set("llm.model", model);
    await host.chat.ask("And now?");
    await set("edits.mode", mode);
    await host.chat.ask("Round to cents");
    const part = await host.part("proposal", ({ proposal }) => proposal.state === "applied");
    return { text: document.getText(), applied: part.proposal.files.map((file) => file.path) };
  } finally {
    await set("llm.model", undefined);
    await set("edits.mode", undefined);
  }
};

async function set(name, value) {
  const configuration = () => vscode.workspace.getConfiguration("devstral");
  await configuration().update(name, value, vscode.ConfigurationTarget.Global);
  await until(vscode.workspace.onDidChangeConfiguration, () => configuration().inspect(name).globalValue === value);
}
