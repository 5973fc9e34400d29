import "./chat.css";

import type { Chip, FromView, Part, ToView, Turn } from "../messages";
import { Composer } from "./composer";
import { h, renew } from "./dom";
import { drawn } from "./parts";
import { spoken } from "./spoken";
import { drawnTurn, forgotten, headOf } from "./turn";

declare function acquireVsCodeApi(): { postMessage(message: FromView): void };

const { postMessage } = acquireVsCodeApi();
const composer = new Composer(postMessage);
// Not live by itself, or every piece of an answer would be said: `status` says each answer once, when it is complete.
const log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Conversation", tabindex: 0 });
const alarm = h("div", { class: "unseen", role: "alert" });
const status = h("div", { class: "unseen", role: "status" });
document.body.append(h("main", {}, h("h1", { class: "unseen" }, "Devstral chat"), log, composer.form, status, alarm));

const turns = new Map<number, Turn["state"]>();
/** Pixels from the end within which the view follows what is written. */
const NEAR = 60;

window.addEventListener("message", ({ data }: MessageEvent<ToView>) => {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  take(data);
  if (follows) log.scrollTop = log.scrollHeight;
});

function take(message: ToView): void {
  switch (message.type) {
    case "all":
      turns.clear();
      log.replaceChildren(...message.turns.map(drawnTurn));
      for (const turn of message.turns) turns.set(turn.id, turn.state);
      [...log.querySelectorAll(".turn.past")].at(-1)?.after(forgotten());
      alarm.textContent = message.turns.flatMap((turn) => turn.parts).map(asks).find(Boolean) ?? "";
      if (message.turns.length === 0) log.append(welcome());
      composer.show(message.composing);
      composer.showUsage(message.usage);
      composer.prompt.value = message.draft;
      composer.working(isBusy());
      return;
    case "turn":
      return showTurn(message.turn);
    case "part":
      return showPart(message.turn, message.part);
    case "composing":
      return composer.show(message.composing);
    case "usage":
      return composer.showUsage(message.usage);
  }
}

function showTurn(turn: Turn): void {
  const before = turns.get(turn.id);
  const others = isBusy();
  turns.set(turn.id, turn.state);
  const there = log.querySelector<HTMLElement>(`[data-turn="${turn.id}"]`);
  if (there === null) {
    log.querySelector(".welcome")?.remove();
    log.append(drawnTurn(turn));
  } else headOf(there, turn);
  composer.working(isBusy());
  // A question that is sent at once waits for no time worth a word.
  if (before !== turn.state && (turn.state !== "queued" || others)) status.textContent = spoken(turn);
}

function showPart(turn: number, part: Part): void {
  const parts = log.querySelector<HTMLElement>(`[data-turn="${turn}"] > .parts`);
  const there = parts?.querySelector<HTMLElement>(`:scope > [data-key="${CSS.escape(part.id)}"]`);
  const hadFocus = there?.contains(document.activeElement) === true;
  const after = hadFocus ? following(there!) : [];
  if (there) renew(there, drawn(part));
  else parts?.append(drawn(part));
  // The button that was pressed is gone: on to the next change there is, else back to the prompt.
  if (hadFocus && there?.contains(document.activeElement) === false) {
    const next = after.map((key) => there.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)).find(Boolean);
    (next ?? there.querySelector<HTMLElement>("button") ?? composer.prompt).focus();
  }
  if (part.kind === "approval") alarm.textContent = asks(part);
}

/** The question that waits for an answer in this part, if one does. */
function asks(part: Part): string {
  return part.kind === "approval" && part.answer === undefined ? part.question : "";
}

/** The keys of the buttons that the focus may go on to: of the changes after this one, then of those before. */
function following(part: HTMLElement): string[] {
  const focused = document.activeElement!;
  const all = [...part.querySelectorAll<HTMLElement>("button[data-hunk][data-accept=true]")];
  const isAfter = (one: Node) => (focused.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const ordered = [...all.filter(isAfter), ...all.filter((one) => !isAfter(one))];
  return ordered.map((one) => one.dataset["key"] ?? "");
}

function isBusy(): boolean {
  return [...turns.values()].some((state) => state === "running" || state === "queued");
}

function welcome(): HTMLElement {
  return h(
    "p",
    { class: "welcome" },
    "Ask about your code, or say what to change. Changes are proposed here; nothing is changed before you accept it.",
  );
}

// Links and buttons are handled here alone: VS Code would open whatever an address says.
for (const kind of ["click", "auxclick"]) {
  log.addEventListener(kind, (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null) return;
    event.preventDefault();
    event.stopPropagation();
    postMessage({ type: "link", href: link.getAttribute("href") ?? "" });
  });
}

document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-act]") : null;
  if (pressed === null) return;
  if (pressed.dataset["act"] === "again") {
    const prompt = pressed.closest(".turn")?.querySelector(".asked .prompt")?.textContent ?? "";
    return composer.write(prompt);
  }
  const message = meant(pressed);
  if (message !== undefined) postMessage(message);
});

function meant(pressed: HTMLElement): FromView | undefined {
  const data = pressed.dataset;
  switch (data["act"]) {
    case "cancel":
    case "new":
    case "undo":
      return { type: data["act"] };
    case "leave":
    case "take":
      return { type: data["act"], chip: data["chip"] as Chip["id"] };
    case "dropImage":
      return { type: "dropImage", index: Number(data["index"]) };
    case "answer":
      return { type: "answer", part: data["part"] ?? "", choice: data["choice"] ?? "" };
    case "diff":
      return { type: "diff", proposal: data["proposal"] ?? "", uri: data["uri"] ?? "" };
    case "decide": {
      const { proposal = "", uri, hunk } = data;
      const accept = data["accept"] === "true";
      return { type: "decide", accept, proposal, ...(uri && { uri }), ...(hunk && { hunk }) };
    }
    case "copy":
    case "insert":
      return { type: data["act"], text: pressed.closest("figure")?.querySelector("pre")?.textContent ?? "" };
  }
  return undefined;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isBusy()) postMessage({ type: "cancel" });
});
window.addEventListener("focus", () => {
  if (document.activeElement === document.body) composer.prompt.focus();
});
postMessage({ type: "ready" });
