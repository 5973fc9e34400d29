// A model server's refusal is told as it is, and nothing in it can be clicked.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.prompt("Ask Devstral...", "what is this?");
  const toast = user.toast("Help");
  await toast.waitFor();
  const message = toast.locator(".notification-list-item-message");
  return { text: await message.innerText(), links: await message.locator("a").count() };
}
