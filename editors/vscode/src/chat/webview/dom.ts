type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes and children; text is only ever text. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A button; what a click on it means is in its data, which the page reads. */
export function button(text: string, act: string, data: Attributes = {}, attributes: Attributes = {}): HTMLButtonElement {
  const named = Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));
  return h("button", { type: "button", "data-act": act, ...named, ...attributes }, text);
}

/** Text that only a screen reader says. */
export function unseen(text: string): HTMLElement {
  return h("span", { class: "unseen" }, text);
}

/**
 * Make an element look like a fresh one and keep what is the same: the focus, what is selected and what was unfolded
 * stay where they are while an answer grows.
 */
export function renew(old: HTMLElement, fresh: HTMLElement): void {
  for (const unfolded of old.querySelectorAll<HTMLElement>("details[open][data-key]")) {
    find(fresh, unfolded.dataset["key"])?.setAttribute("open", "");
  }
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement : undefined;
  const key = focused !== undefined && old.contains(focused) ? focused.dataset["key"] : undefined;
  if (old instanceof HTMLDetailsElement && old.open) fresh.setAttribute("open", "");
  morph(old, fresh);
  if (key !== undefined && !old.contains(document.activeElement)) find(old, key)?.focus();
}

function morph(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, index) => {
    const there = before[index];
    if (there === undefined) old.append(node);
    else if (there.isEqualNode(node)) return;
    else if (there instanceof Element && node instanceof Element && alike(there, node)) morph(there, node);
    else there.replaceWith(node);
  });
  for (const left of before.slice(after.length)) left.remove();
}

function alike(one: Element, other: Element): boolean {
  return one.tagName === other.tagName && one.getAttribute("data-key") === other.getAttribute("data-key");
}

function find(root: HTMLElement, key: string | undefined): HTMLElement | null {
  return key === undefined ? null : root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
}
