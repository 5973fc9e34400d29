import createDOMPurify from "dompurify";
import MarkdownIt from "markdown-it";

import { button, h } from "./dom";

// No HTML of the model's, and no images: an address of one could carry away what the model has read.
const parser = new MarkdownIt({ html: false, linkify: true }).disable("image");
const purify = createDOMPurify(window);

const TAGS = [
  ...["p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
];

/** Markdown as elements that do nothing by themselves: what the model wrote is text, whatever it looks like. */
export function markdown(text: string): DocumentFragment {
  const rendered = purify.sanitize(parser.render(text), {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "class", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
  rendered.querySelectorAll("a").forEach(linked);
  rendered.querySelectorAll("pre").forEach((pre, index) => framed(pre, index + 1));
  rendered.querySelectorAll("table").forEach((table) => {
    const around = h("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Table" });
    table.replaceWith(around);
    around.append(table);
  });
  let above = 2;
  rendered.querySelectorAll<HTMLElement>("h1, h2, h3, h4, h5, h6").forEach((heading) => {
    // Below the question's heading, without leaving one out.
    above = Math.min(Number(heading.tagName[1]) + 2, above + 1, 6);
    heading.replaceWith(h(`h${above}` as "h3", {}, ...heading.childNodes));
  });
  return rendered;
}

/** Links lead to the web or nowhere. */
function linked(link: HTMLAnchorElement): void {
  const href = link.getAttribute("href") ?? "";
  if (!/^https?:\/\//i.test(href)) link.replaceWith(...link.childNodes);
  else link.title = href;
}

/** A code block with what can be done with it. */
function framed(pre: HTMLElement, number: number): void {
  const code = pre.querySelector("code");
  const language = /(?:^|\s)language-(\S+)/.exec(code?.className ?? "")?.[1] ?? "";
  const name = `code block ${number}${language && `, ${language}`}`;
  const around = h(
    "figure",
    { class: "code" },
    h(
      "figcaption",
      {},
      h("span", { class: "language" }, language || "code"),
      button("Copy", "copy", {}, { "aria-label": `Copy ${name}` }),
      button("Insert", "insert", {}, { "aria-label": `Insert ${name}, at the cursor` }),
    ),
  );
  pre.replaceWith(around);
  pre.setAttribute("tabindex", "0");
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", `${name[0]?.toUpperCase()}${name.slice(1)}`);
  around.append(pre);
}
