"""Applies LSP edits as the specification says, on its own: it shares no code with the server, which it judges.

Works on encoded code units, so that a position in the middle of a character is noticed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class EditError(Exception):
    """The edit breaks the specification, or does not fit the text."""


def apply_text_edits(text: str, edits: list[dict[str, Any]], encoding: str) -> str:
    """`text` after `edits`, all of whose positions refer to it; refuses overlaps and positions that are not there."""
    for start, end, new in reversed(spans(text, edits, encoding)):
        text = text[:start] + new + text[end:]
    return text


def spans(text: str, edits: list[dict[str, Any]], encoding: str) -> list[tuple[int, int, str]]:
    """The edits in order, as (start, end, new text) in characters of `text`."""
    codec, width = ENCODINGS[encoding]
    lines = re.split(r"(\r\n|\n|\r)", text)
    starts, contents, offset = [], [], 0
    for number in range(0, len(lines), 2):
        starts.append(offset)
        contents.append(lines[number].encode(codec, "surrogatepass"))
        offset += len(lines[number]) + len(lines[number + 1] if number + 1 < len(lines) else "")

    def place(position: dict[str, int]) -> int:
        line, character = position["line"], position["character"]
        if line >= len(starts):
            raise EditError(f"line {line} of {len(starts)}")
        if character * width > len(contents[line]):
            raise EditError(f"character {character} on line {line}, which is shorter")
        before = contents[line][: character * width].decode(codec, "surrogatepass")
        if not contents[line].decode(codec, "surrogatepass").startswith(before):
            raise EditError(f"character {character} on line {line} is half of one")
        return starts[line] + len(before)

    found = [(place(edit["range"]["start"]), place(edit["range"]["end"]), edit["newText"]) for edit in edits]
    found.sort(key=lambda span: (span[0], span[1]))
    for (_, end, _), (start, _, _) in pairwise(found):
        if start < end:
            raise EditError("edits overlap")
    for start, end, _ in found:
        if start > end:
            raise EditError("an edit ends before it starts")
    return found
