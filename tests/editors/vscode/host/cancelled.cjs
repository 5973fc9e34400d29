// A run is cancelled in the middle of its answer, with a question that waits for it; the next one is answered.
module.exports = async (host) => {
  const thinking = await host.begin("Think long");
  await host.part("text");
  const waiting = await host.begin("And this");
  await host.chat.cancel();
  const states = [(await thinking.running).state, (await waiting.running).state];
  await host.reach("cancelled");
  await host.chat.ask("Are you there?");
  return { states, answer: host.answer };
};
