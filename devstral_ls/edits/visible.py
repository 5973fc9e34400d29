"""Lines of a file as a message shows them."""

from __future__ import annotations

import unicodedata

from devstral_ls.edits.source import Source

LEGEND = "· is a space, → a tab"

WIDTH = 160
"""The longest piece of a line that is shown."""


def numbered(source: Source, line: int) -> str:
    """One line of the file, 0-based, as read_file prints it."""
    content = source.contents[line] if line < len(source.contents) else ""
    return f"{line + 1:>6}\t{content if len(content) <= WIDTH else content[:WIDTH] + '…'}"


def visible(text: str, at: int = 0) -> tuple[str, int]:
    """The text with its whitespace shown, a long one only around offset `at`; and the column where `at` is shown."""
    if not text:
        return "(an empty line)", 0
    start = max(0, at - WIDTH // 2) if len(text) > WIDTH else 0
    end = start + WIDTH
    before = ("…" if start else "") + "".join(map(_shown, text[start:at]))
    return before + "".join(map(_shown, text[at:end])) + ("…" if end < len(text) else ""), len(before)


def _shown(character: str) -> str:
    if character in " \t":
        return "·" if character == " " else "→"
    # Other spaces, controls and combining marks look like something else or like nothing.
    if unicodedata.category(character) == "Mn" or unicodedata.category(character)[0] in "ZC":
        return f"<U+{ord(character):04X}>"
    return character
