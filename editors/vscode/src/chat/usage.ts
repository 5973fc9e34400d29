import { workspace } from "vscode";

import type { Conversation } from "./conversation";

interface Price {
  input: number;
  output: number;
  currency?: string;
}

/** Such as `1,234 tokens read, 56 written`, and what they cost where the user said what a million of them does. */
export function usageLine(conversation: Conversation | undefined): string {
  const { promptTokens: read = 0, completionTokens: written = 0 } = conversation ?? {};
  if (read + written === 0) return "";
  const tokens = `${read.toLocaleString("en-US")} tokens read, ${written.toLocaleString("en-US")} written`;
  const price = workspace.getConfiguration("devstral.chat").get<Price | null>("price", null);
  return price === null ? tokens : `${tokens} · ${cost(price, read, written)}`;
}

function cost({ input, output, currency }: Price, read: number, written: number): string {
  const amount = (read * input + written * output) / 1_000_000;
  const shown = amount.toFixed(amount < 1 ? 4 : 2);
  return currency === undefined ? `costs ${shown}` : `${shown} ${currency}`;
}
