import type { Turn } from "../messages";
import { markdown } from "./markdown";

/** Characters of an answer that are said at once. */
const LONGEST = 2000;

/** What a screen reader says when a turn's state has changed: the answer once, when it is complete. */
export function spoken(turn: Turn): string {
  switch (turn.state) {
    case "queued":
      return "The question waits";
    case "running":
      return "Devstral works";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return `It failed: ${turn.message}`;
    case "finished":
      return ["Devstral answered.", ...turn.parts.map(said).filter(Boolean)].join(" ");
  }
}

function said(part: Turn["parts"][number]): string {
  if (part.kind === "text") return inWords(part.text);
  if (part.kind === "notice") return part.text;
  if (part.kind !== "proposal") return "";
  return `Proposes changes of ${part.proposal.files.map((file) => file.path).join(", ")}.`;
}

/** An answer as text; its code is gone to, and not listened to. */
function inWords(text: string): string {
  const answer = markdown(text);
  for (const code of answer.querySelectorAll("figure")) code.replaceWith(` ${code.querySelector("pre")?.ariaLabel}. `);
  const words = (answer.textContent ?? "").replace(/\s+/g, " ").trim();
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}… The rest is in the conversation.` : words;
}
