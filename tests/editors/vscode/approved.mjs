// A command asks before it runs: once with a yes, once with a no.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Ask Devstral...", "count");
  const asked = await user.answer("cat shop/cart.py", "Run once");
  await user.toast("cat shop/prices.py").waitFor();
  await user.screenshot("approval");
  await user.answer("cat shop/prices.py", "Deny");
  await user.shows("That is all.");
  return { asked };
}
