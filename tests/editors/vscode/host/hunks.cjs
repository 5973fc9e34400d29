// Of two hunks in a file the second is accepted and the first rejected.
module.exports = async (host) => {
  const document = await host.open("shop/prices.py");
  const { proposal } = await host.proposed("Round to cents");
  const [file] = proposal.files;
  const lines = file.hunks.map((hunk) => hunk.line);
  const decided = (count) => host.part("proposal", (part) => part.proposal.files[0].decided.length === count);

  await host.chat.decide(true, proposal.proposalId, file.uri, file.hunks[1].id);
  const half = (await decided(1)).proposal.files[0];
  const accepted = { text: document.getText(), left: half.hunks.map((hunk) => hunk.line) };

  await host.chat.decide(false, proposal.proposalId, file.uri, half.hunks[0].id);
  const [done] = (await decided(2)).proposal.files;
  const decisions = done.decided.map((hunk) => hunk.decision);
  await host.chat.ask("And now?");
  return { lines, accepted, decisions, text: document.getText() };
};
