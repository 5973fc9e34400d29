import type { Turn } from "../messages";
import { button, h, renew } from "./dom";
import { drawn } from "./parts";

/** A question and all that came of it. */
export function drawnTurn(turn: Turn): HTMLElement {
  const busy = turn.state === "running";
  return h(
    "article",
    { class: turn.past ? "turn past" : "turn", "data-turn": turn.id, "aria-busy": String(busy) },
    asked(turn),
    h("div", { class: "parts" }, ...turn.parts.map(drawn)),
    state(turn),
  );
}

/** Where a conversation was cut in two: what is above is shown, and is not known to the model. */
export function forgotten(): HTMLElement {
  return h(
    "div",
    { class: "forgotten", role: "note" },
    h("p", {}, "Devstral was started anew here: the model does not remember what is above."),
    button("New Chat", "new", { key: "forgotten-new" }),
  );
}

/** Draw all of a turn anew but its parts, which are drawn one by one. */
export function headOf(article: HTMLElement, turn: Turn): void {
  article.setAttribute("aria-busy", String(turn.state === "running"));
  renew(article.querySelector<HTMLElement>(":scope > .asked")!, asked(turn));
  renew(article.querySelector<HTMLElement>(":scope > .state")!, state(turn));
}

function asked(turn: Turn): HTMLElement {
  return h(
    "div",
    { class: "asked" },
    h("h2", { class: "unseen" }, `Question ${turn.id + 1}`),
    turn.prompt ? h("div", { class: "prompt" }, turn.prompt) : undefined,
    turn.about.length > 0 ? h("div", { class: "about" }, turn.about.join(" · ")) : undefined,
    turn.images.length > 0
      ? h("div", { class: "images" }, ...turn.images.map((src, index) => h("img", { src, alt: `Image ${index + 1}` })))
      : undefined,
  );
}

const STATES = { queued: "waits for its turn", running: "works", finished: "", cancelled: "cancelled", failed: "" };

function state(turn: Turn): HTMLElement {
  return h("p", { class: `state ${turn.state}` }, turn.message || STATES[turn.state]);
}
