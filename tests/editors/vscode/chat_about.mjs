// What a question is about is shown before it is asked, and can be left out: a file, a selection, problems, images.
import { Chat } from "./chat.mjs";

const RED = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP8z4APMOGVHbHSAEEsAROxCnMTAAAAAElFTkSuQmCC";

export default async function (user) {
  await user.reach("begin");
  const chat = await Chat.open(user, "shop/broken.json");
  const chips = chat.frame.getByRole("group", { name: "What the question is about" });
  await chips.getByText("problem").waitFor();
  const first = await chips.locator(".chip").allInnerTexts();

  await user.focusEditor();
  await user.page.keyboard.press("Control+Home");
  await user.page.keyboard.press("Shift+ArrowDown");
  await chips.getByText("line 1").waitFor();
  await chat.prompt.focus();
  await chat.paste(RED);
  await chips.getByRole("img", { name: "Image 1" }).waitFor();
  await chat.paste(RED);
  await chips.getByRole("img", { name: "Image 2" }).waitFor();
  await chat.button("Leave out image 2").click();
  await chips.getByRole("img", { name: "Image 2" }).waitFor({ state: "hidden" });
  const second = await chips.locator(".chip").allInnerTexts();
  await user.screenshot("about");
  await chat.ask("What is wrong here?");
  await chat.answered();
  const shown = await chat.turn.locator(".asked").innerText();
  const images = await chat.turn.locator(".asked img").count();

  await chat.button("Leave out shop/broken.json").click();
  await chat.button("Include shop/broken.json").waitFor();
  const third = await chips.locator(".chip").allInnerTexts();
  await chat.ask("And in general?");
  await chat.answered();
  return { first, second, third, shown, images };
}
