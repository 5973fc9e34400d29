import type { Part, PartOf } from "../messages";
import { button, h, unseen } from "./dom";
import { markdown } from "./markdown";
import { proposal } from "./proposal";

/** A part of an answer as an element. */
export function drawn(part: Part): HTMLElement {
  switch (part.kind) {
    case "text":
      return h("div", { class: "text", "data-key": part.id }, markdown(part.text));
    case "reasoning":
      return h(
        "details",
        { class: "tool reasoning", "data-key": part.id },
        h("summary", {}, h("span", { class: "title" }, part.open ? "Thinking" : "Thought")),
        output(part.text, "Thoughts"),
      );
    case "notice":
      return h("p", { class: "notice", "data-key": part.id }, part.text);
    case "tool":
      return tool(part);
    case "approval":
      return approval(part);
    case "proposal":
      return proposal(part);
  }
}

const MARKS = { running: "…", ok: "✓", failed: "✗" };
const SAID = { running: "goes on: ", ok: "", failed: "failed: " };

function tool(part: PartOf<"tool">): HTMLElement {
  return h(
    "details",
    { class: `tool ${part.state}`, "data-key": part.id },
    h(
      "summary",
      {},
      h("span", { class: "mark", "aria-hidden": "true" }, MARKS[part.state]),
      unseen(SAID[part.state]),
      h("span", { class: "title" }, part.title),
      h("span", { class: "outcome" }, part.summary),
    ),
    output(part.output || "Nothing yet.", `Output of ${part.title}`),
  );
}

function output(text: string, label: string): HTMLElement {
  return h("pre", { tabindex: 0, role: "group", "aria-label": label }, text);
}

function approval(part: PartOf<"approval">): HTMLElement {
  const [first = "", ...rest] = part.question.split("\n");
  const buttons = part.choices.map((choice, index) => {
    const data = { part: part.id, choice, key: `${part.id}-${index}` };
    return button(choice, "answer", data, { class: index === 0 ? "primary" : "", "aria-label": `${choice}: ${rest[0]}` });
  });
  return h(
    "section",
    { class: "approval", "data-key": part.id, "aria-label": "Approval" },
    h("p", {}, first),
    h("pre", { tabindex: 0, role: "group", "aria-label": "The command" }, rest.join("\n")),
    part.answer === undefined
      ? h("div", { class: "buttons" }, ...buttons)
      : h("p", { class: "answered" }, `Your answer: ${part.answer}`),
  );
}
