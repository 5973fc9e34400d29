// A run that takes long shows in the status bar, and a command ends it.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.command("Devstral: Explain");
  await user.status("click to cancel");
  await user.command("Devstral: Cancel");
  await user.status("Devstral is ready");
  await user.reach("cancelled");
  return {};
}
