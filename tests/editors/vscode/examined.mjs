// Doctor's page, where there is a model.
export default async function (user) {
  await user.open("shop/prices.py");
  await user.command("Devstral: Doctor");
  await user.shows("A run would use");
  const works = await user.toast("Devstral works with").innerText();
  await user.screenshot("doctor");
  await user.shows("Server: devstral-ls on PATH.");
  return { works };
}
