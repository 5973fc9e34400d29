// The server's process dies: it is started again by itself, and answers.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.reach("killed");
  await user.status("starts again in 1 s");
  await user.status("Devstral is ready");
  await user.prompt("Ask Devstral...", "are you there?");
  await user.shows("I am back.");
  return {};
}
