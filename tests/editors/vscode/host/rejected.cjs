// What is proposed is rejected: the document has not been touched, and the next question tells the model.
module.exports = async (host) => {
  const document = await host.open("shop/prices.py");
  const { version } = document;
  const { proposal } = await host.proposed("Round to cents");
  await host.chat.decide(false, proposal.proposalId);
  const part = await host.part("proposal", (each) => each.proposal.state === "rejected");
  const left = part.proposal.files.flatMap((file) => file.hunks).length;
  const text = document.getText();
  const touched = document.version !== version || document.isDirty;
  await host.chat.ask("And now?");
  return { text, touched, left };
};
