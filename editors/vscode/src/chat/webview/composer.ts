import type { Chip, Composing, FromView } from "../messages";
import { button, h, renew } from "./dom";

/** Where a question is written: what it is about, its images, and the text. */
export class Composer {
  readonly form: HTMLFormElement;
  readonly prompt = h("textarea", {
    id: "prompt",
    rows: 3,
    placeholder: "Ask, or say what to change",
    "aria-describedby": "keys",
  });
  private readonly about = h("div", { class: "about" });
  private readonly usage = h("span", { class: "usage", "aria-live": "off" });
  private readonly stop = button("Cancel", "cancel", { key: "cancel" }, { "aria-keyshortcuts": "Escape" });

  constructor(private readonly post: (message: FromView) => void) {
    const send = h("button", { type: "submit", class: "primary" }, "Send");
    this.form = h(
      "form",
      { class: "composer", "aria-label": "Next question" },
      this.about,
      h("label", { for: "prompt", class: "unseen" }, "Ask Devstral"),
      this.prompt,
      h("span", { id: "keys", class: "unseen" }, "Enter sends, Shift and Enter begin a new line, Escape cancels."),
      h("div", { class: "row" }, this.usage, this.stop, send),
    );
    this.working(false);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.prompt.addEventListener("input", () => this.post({ type: "draft", draft: this.prompt.value }));
    this.prompt.addEventListener("paste", (event) => this.pasted(event));
  }

  show({ chips, left, images }: Composing): void {
    const fresh = h(
      "div",
      { class: "about", role: "group", "aria-label": "What the question is about" },
      ...chips.map((chip) => taken(chip)),
      ...left.map((chip) =>
        button(`+ ${chip.label}`, "take", { chip: chip.id, key: `chip-${chip.id}` }, { class: "chip out", title: chip.title, "aria-label": `Include ${chip.title}` }),
      ),
      ...images.map((image, index) =>
        h(
          "span",
          { class: "chip" },
          h("img", { src: image, alt: `Image ${index + 1}` }),
          button("×", "dropImage", { index, key: `image-${index}` }, { "aria-label": `Leave out image ${index + 1}` }),
        ),
      ),
    );
    renew(this.about, fresh);
  }

  showUsage(line: string): void {
    this.usage.textContent = line;
  }

  /** Put a question into the prompt, to be looked at before it is sent. */
  write(prompt: string): void {
    this.prompt.value = prompt;
    this.post({ type: "draft", draft: prompt });
    this.prompt.focus();
  }

  working(busy: boolean): void {
    if (!busy && document.activeElement === this.stop) this.prompt.focus();
    this.stop.hidden = !busy;
  }

  private send(): void {
    const prompt = this.prompt.value.trim();
    if (prompt === "") return;
    this.prompt.value = "";
    this.post({ type: "ask", prompt });
  }

  private pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (files.length === 0) return;
    event.preventDefault();
    for (const file of files) {
      const reader = new FileReader();
      reader.addEventListener("load", () => this.post({ type: "paste", image: String(reader.result) }));
      reader.readAsDataURL(file);
    }
  }
}

function taken(chip: Chip): HTMLElement {
  return h(
    "span",
    { class: "chip", title: chip.title },
    chip.label,
    button("×", "leave", { chip: chip.id, key: `chip-${chip.id}` }, { "aria-label": `Leave out ${chip.title}` }),
  );
}
