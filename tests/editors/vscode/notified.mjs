// What runs is in a notification, and its button ends it.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.command("Devstral: Explain");
  await user.status("click to cancel");
  const toast = user.toast("Thinking about it");
  await toast.waitFor();
  await user.screenshot("progress");
  const said = await user.answer("Thinking about it", "Cancel");
  await toast.waitFor({ state: "hidden" });
  await user.status("Devstral is ready");
  await user.reach("cancelled");
  return { said };
}
