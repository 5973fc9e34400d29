"""In every language a comment in its own syntax is found, taken out whole, and nothing else of the text changes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.lines import split_lines
from devstral_ls.server.instructions import find_all, without


@dataclass(frozen=True)
class Language:
    """code: lines between which, and at whose end, a comment may stand. before, after: what they stand in."""

    id: str
    code: tuple[str, ...]
    leaders: tuple[str, ...] = ()
    blocks: tuple[tuple[str, str], ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    at_ends: bool = True
    """Whether a line comment may follow code."""
    name: str = ""


C = (("/*", "*/"),)
HTML = (("<!--", "-->"),)
BRACES = ("f() {", "\tx = 1;", "    g(x);", "}")
LANGUAGES = [
    Language("python", ("def f(x):", "    s = '# devstral: no'", "\treturn x"), ("#", "##")),
    Language("ruby", ("def f(x)", "  s = '# no'", "  x", "end"), ("#",)),
    Language("perl", ("sub f {", "  my $x = 1;", "}"), ("#",)),
    Language("shellscript", ("f() {", "\techo \"# devstral: no\"", "}"), ("#",)),
    Language("fish", ("function f", "  echo x", "end"), ("#",)),
    Language("makefile", ("all: a b", "X = 1"), ("#",), at_ends=False),
    Language("dockerfile", ("FROM python", "RUN true"), ("#",), at_ends=False),
    Language("yaml", ("a:", "  - b: 'x # y'", "  - c"), ("#",)),
    Language("toml", ("[a]", "b = 1", "c = 'x'"), ("#",)),
    Language("r", ("f <- function(x) {", "  x + 1", "}"), ("#",)),
    Language("elixir", ("defmodule A do", "  def f(x), do: x", "end"), ("#",)),
    Language("julia", ("function f(x)", "    x + 1", "end"), ("#",), (("#=", "=#"),)),
    Language("nim", ("proc f(x: int): int =", "  x + 1"), ("#",), (("#[", "]#"),)),
    Language("powershell", ("function f($x) {", "  $x + 1", "}"), ("#",), (("<#", "#>"),)),
    Language("cmake", ("set(A 1)", "if(A)", "  message(x)", "endif()"), ("#",)),
    Language("terraform", ('resource "a" "b" {', "  c = 1", "}"), ("#", "//"), C),
    Language("javascript", ("function f() {", "  const s = '// no';", "  return `/*${s}*`;", "}"), ("//",), C),
    Language("javascriptreact", ("const f = () => {", "  return <p>{x}</p>;", "};"), ("//",), C),
    Language("typescript", ("class A {", "  private x: number = 1;", "}"), ("//",), C),
    Language("typescriptreact", ("const f = (x: number) => {", "  return g(x);", "};"), ("//",), C),
    Language("java", ("class A {", '  String s = "// no";', "}"), ("//",), C),
    Language("c", ("int f(void) {", '\tputs("/* devstral: no */");', "}"), ("//",), C),
    Language("cpp", ("int f() {", "  return 1;", "}"), ("//", "///"), C),
    Language("csharp", ("class A {", "  int x = 1;", "}"), ("//", "///"), C),
    Language("objective-c", ("int f(void) {", "  return 1;", "}"), ("//",), C),
    Language("go", ("func f() int {", "\treturn 1", "}"), ("//",), C),
    Language("rust", ("fn f<'a>(x: &'a str) -> char {", "    'x'", "}"), ("//", "///", "//!"), C),
    Language("swift", ("func f() -> Int {", "  return 1", "}"), ("//",), C),
    Language("kotlin", ("fun f(): Int {", "  return 1", "}"), ("//",), C),
    Language("scala", ("object A {", "  val x = 1", "}"), ("//",), C),
    Language("dart", ("int f() {", "  return 1;", "}"), ("//",), C),
    Language("zig", ("fn f() u8 {", "    return 1;", "}"), ("//",)),
    Language("groovy", ("def f() {", "  1", "}"), ("//",), C),
    Language("jsonc", ("{", '  "a": "// no",', '  "b": 1', "}"), ("//",), C),
    Language("proto", ("message A {", "  string b = 1;", "}"), ("//",), C),
    Language("scss", ("a {", "  color: red;", "}"), ("//",), C),
    Language("css", ("a {", "  color: red;", "}"), (), C),
    Language("sql", ("select 1,", "  '-- no'", "from a;"), ("--",), C),
    Language("lua", ("function f()", "  return '-- no'", "end"), ("--",), (("--[[", "]]"),)),
    Language("haskell", ("f :: Int -> Int", "f x = x + 1"), ("--",), (("{-", "-}"),)),
    Language("elm", ("f x =", "    x + 1"), ("--",), (("{-", "-}"),)),
    Language("ocaml", ("let f x =", "  x + 1"), (), (("(*", "*)"),)),
    Language("fsharp", ("let f x =", "  x + 1"), ("//",), (("(*", "*)"),)),
    Language("commonlisp", ("(defun f (x)", '  (g "; no"))'), (";", ";;"), (("#|", "|#"),)),
    Language("clojure", ("(defn f [x]", "  (+ x 1))"), (";", ";;")),
    Language("emacs-lisp", ("(defun f (x)", "  (+ x 1))"), (";;",)),
    Language("erlang", ("f(X) ->", "  X + 1."), ("%", "%%")),
    Language("latex", (r"\section{A}", "Text 50\\% of it."), ("%",)),
    Language("matlab", ("function y = f(x)", "  y = x + 1;", "end"), ("%",)),
    Language("fortran-modern", ("program a", "  x = 1", "end program a"), ("!",)),
    Language("vb", ("Sub F()", "  x = 1", "End Sub"), ("'",)),
    Language("bat", ("@echo off", "set x=1"), ("REM", "::"), at_ends=False),
    Language("vim", ("function! F()", "  let x = 1", "endfunction"), ('"',), at_ends=False),
    Language("html", ("<p>", "  text", "</p>"), (), HTML),
    Language("xml", ("<a>", "  <b/>", "</a>"), (), HTML),
    Language("markdown", ("# Title", "text"), (), HTML),
    Language("jinja-html", ("<p>", "  {{ a }}", "</p>"), (), (("{#", "#}"), *HTML)),
    Language("php", ("$a = 1;", "f('// devstral: no');"), ("//", "#"), C, ("<p>", "<?php"), ("?>", "</p>")),
    Language("php", ("<p>", "  text", "</p>"), (), HTML, after=("<?php f(); ?>",)),
    Language("html", ("let a = 1;", "f(a < 2);"), ("//",), C, ("<p>", "<script>"), ("</script>", "</p>")),
    Language("html", ("a {", "  color: red;", "}"), (), C, ("<style>",), ("</style>",)),
    Language("vue", ("const a = ref(1)", "f(a)"), ("//",), C, ('<script setup lang="ts">',), ("</script>",)),
    Language("vue", ("<template>", "  <p>x</p>", "</template>"), (), HTML),
    Language("svelte", ("let a = 1;", "f(a);"), ("//",), C, ("<script>",), ("</script>", "<p>{a}</p>")),
    Language("whatever", BRACES, ("//",), C, name="a.go"),
    Language("", ("def f(x):", "    return x"), ("#",), name="tools/a.py"),
]  # fmt: skip

WORDS = st.sampled_from(["make it async", "ß → 𝄞 ñ", "use `x`, not y", "x", "add types: all of them!"])
INDENTS = st.sampled_from(["", "    ", "\t", "  \t"])


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: f"{language.id or 'by name'}-{language.code[0]}")
@settings(max_examples=40)
@given(data=st.data())
def test_a_comment_is_found_and_taken_out_and_the_rest_stays(language: Language, data: st.DataObject) -> None:
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    code = [*language.before, *language.code, *language.after]
    place = data.draw(st.integers(len(language.before), len(language.before) + len(language.code)))
    words = data.draw(st.lists(WORDS, min_size=1, max_size=3))
    mark = data.draw(st.sampled_from(["devstral:", "Devstral: ", "DEVSTRAL:\t"]))
    indent = data.draw(INDENTS)
    styles = [*language.leaders, *language.blocks]
    style = data.draw(st.sampled_from(styles))
    behind = place > len(language.before) and language.at_ends and data.draw(st.booleans())
    if isinstance(style, tuple):
        comment = _block(style, words, mark, data.draw(st.booleans()), ending)
    elif behind:
        comment = f"{style} {mark}{' '.join(words)}"
    else:
        comment = (ending + indent).join([f"{style} {mark}{words[0]}", *(f"{style} {word}" for word in words[1:])])
    lines = list(code)
    if behind:
        lines[place - 1] += f" {comment}"
    else:
        lines.insert(place, indent + comment)
    final = ending if data.draw(st.booleans()) or (place == len(code) and not behind) else ""
    text = ending.join(lines) + final
    expected = ending.join(code) + final
    if final and not data.draw(st.booleans()) and place == len(code) and not behind:
        text = text.removesuffix(ending)  # the comment is the last line, and does not end
    split = split_lines(text)
    (found,) = find_all(split, language.id, language.name)
    assert found.text == " ".join(" ".join(words).split())
    assert without(split, [found]) == expected


def _block(style: tuple[str, str], words: list[str], mark: str, own_lines: bool, ending: str) -> str:
    opening, closing = style
    if own_lines:
        return ending.join([opening, f"  {mark}{words[0]}", *(f"  {word}" for word in words[1:]), closing])
    return f"{opening} {mark}{ending.join(words)} {closing}"
