// A command runs when it is approved, and does not when it is denied.
const vscode = require("vscode");

module.exports = async (host) => {
  // Where the chat can be seen the question is asked there, and nowhere else.
  await vscode.commands.executeCommand("devstral.chat.open");
  const seen = [];
  for (const choice of ["Run once", "Deny"]) {
    const { running } = await host.begin("Test it");
    const asked = await host.part("approval");
    host.chat.answer(asked.id, choice);
    const { state } = await running;
    const [tool] = host.parts("tool");
    seen.push({ question: asked.question, answer: asked.answer, state, tool: tool.state, output: tool.output });
  }
  return { seen };
};
