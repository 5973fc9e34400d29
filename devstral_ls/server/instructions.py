"""Instruction comments: `# devstral: make this async`, in the file's own comment syntax.

They are recognised when the user asks for code actions and run only when the user picks one; the edit that carries the
instruction out removes the comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARK = re.compile(r"devstral:[ \t]*(?P<text>.*)", re.IGNORECASE)

HASH = ("#",)
SLASHES = ("//",)
DASHES = ("--",)
C_BLOCK = (("/*", "*/"),)
MARKUP = (("<!--", "-->"),)

SYNTAX: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}
"""Language id -> (what starts a line comment, what encloses a block comment)."""

for _languages, _syntax in (
    (
        "python ruby perl shellscript sh bash zsh fish makefile make dockerfile yaml toml r julia elixir nim crystal "
        "tcl cmake powershell coffeescript gdscript properties conf ini terraform nix starlark awk",
        (HASH, ()),
    ),
    (
        "javascript javascriptreact typescript typescriptreact java c cpp csharp objective-c objective-cpp go rust "
        "swift kotlin scala dart zig groovy jsonc json5 proto solidity verilog systemverilog glsl hlsl cuda-cpp less "
        "scss sass d fsharp",
        (SLASHES, C_BLOCK),
    ),
    ("html xml svg vue svelte astro markdown xhtml xsl", ((), MARKUP)),
    ("sql lua haskell ada vhdl elm purescript", (DASHES, (*C_BLOCK, ("--[[", "]]"), ("{-", "-}")))),
    ("lisp commonlisp scheme racket clojure emacs-lisp elisp asm", ((";",), (("#|", "|#"),))),
    ("tex latex bibtex matlab erlang prolog postscript", (("%",), (("%{", "%}"),))),
    ("css", ((), C_BLOCK)),
    ("php", (("//", "#"), C_BLOCK)),
    ("vim", (('"',), ())),
    ("fortran", (("!",), ())),
    ("ocaml", ((), (("(*", "*)"),))),
    ("vb", (("'",), ())),
    ("bat", (("REM", "rem", "::"), ())),
):
    SYNTAX.update(dict.fromkeys(_languages.split(), _syntax))

ANY = (("#", "//", "--", ";", "%"), (*C_BLOCK, *MARKUP))
"""For languages not listed."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction comment. Lines are 0-based, columns are indices into their lines, the end is exclusive."""

    text: str
    start_line: int
    start: int
    end_line: int
    end: int


def find(lines: Sequence[str], language_id: str, first: int, last: int) -> Instruction | None:
    """The instruction comment that touches the lines first..last (0-based, inclusive)."""
    leaders, blocks = SYNTAX.get(language_id, ANY)
    for number in range(max(first, 0), min(last + 1, len(lines))):
        found = _on_line(lines, number, leaders, blocks)
        if found is not None:
            return found
    return None


def without(lines: Sequence[str], instruction: Instruction) -> str:
    """The text without the comment; a line that held nothing else goes too."""
    head = lines[instruction.start_line][: instruction.start]
    tail = lines[instruction.end_line][instruction.end :]
    if not head.strip() and not tail.strip():
        rest = ""
    elif not tail.strip():
        rest = head.rstrip() + tail
    else:
        rest = head + tail.lstrip(" \t")
    return "".join([*lines[: instruction.start_line], rest, *lines[instruction.end_line + 1 :]])


def _on_line(
    lines: Sequence[str], number: int, leaders: Sequence[str], blocks: Sequence[tuple[str, str]]
) -> Instruction | None:
    line = lines[number].rstrip("\r\n")
    mark = MARK.search(line)
    if mark is None:
        return None
    before = line[: mark.start()].rstrip()
    for opening, closing in blocks:
        if before.endswith(opening):
            return _block(lines, number, len(before) - len(opening), mark, closing)
    for leader in leaders:
        start = _leader(before, leader.strip())
        if start is not None and mark["text"].strip():
            return Instruction(mark["text"].strip(), number, start, number, len(line))
    return None


def _leader(before: str, leader: str) -> int | None:
    """Where the comment starts if `before` ends with its leader, drawn out or not (`##`, `///`)."""
    if not before.endswith(leader):
        return None
    return len(before) - len(leader) if leader.isalpha() else len(before.rstrip(leader[0]))


def _block(lines: Sequence[str], number: int, start: int, mark: re.Match[str], closing: str) -> Instruction | None:
    words: list[str] = []
    for last in range(number, len(lines)):
        line = lines[last].rstrip("\r\n")
        begin = mark.start("text") if last == number else 0
        end = line.find(closing, begin)
        piece = line[begin : end if end >= 0 else None].strip()
        words.append(piece.removeprefix("*").strip() if last > number else piece)
        if end >= 0:
            text = " ".join(word for word in words if word)
            return Instruction(text, number, start, last, end + len(closing)) if text else None
    return None
