// An answer, and what there was of it each time the chat said that it had grown.
module.exports = async (host) => {
  await host.open("shop/prices.py");
  const grown = [];
  const listening = host.chat.onDidChange(() => {
    const { state } = host.chat.turns.at(-1);
    grown.push({ state, text: host.answer ?? "", says: host.status.says });
  });
  const turn = await host.chat.ask("What is this?");
  listening.dispose();
  return { grown, answer: host.answer, state: turn.state, about: turn.about };
};
