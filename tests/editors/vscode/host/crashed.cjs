// The server is killed in the middle of a run: the run fails, the server is started again, and answers.
module.exports = async (host) => {
  const { running } = await host.begin("Think long");
  await host.part("text");
  const crashed = host.says("crashed");
  await host.reach("killed");
  await crashed;
  const { state, message } = await running;
  await host.says("Devstral is ready");
  const next = await host.chat.ask("Are you there?");
  return { state, message, next: next.state, answer: host.answer, turns: host.chat.turns.length };
};
