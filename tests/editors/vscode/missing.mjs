// Without a server VS Code says what to do, once.
export default async function (user) {
  await user.load("shop/prices.py");
  await user.status("there is no program of that name");
  const message = await user.page.locator(".notification-toast", { hasText: "devstral-ls" }).innerText();
  return { message };
}
