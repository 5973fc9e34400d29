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
    codec, width = ENCODINGS[encoding]
    lines = re.split(r"(\r\n|\n|\r)", text)
    starts, contents, offset = [], [], 0
    for number in range(0, len(lines), 2):
        content = lines[number].encode(codec, "surrogatepass")
        ending = lines[number + 1].encode(codec) if number + 1 < len(lines) else b""
        starts.append(offset)
        contents.append(content)
        offset += len(content) + len(ending)
    data = text.encode(codec, "surrogatepass")

    def place(position: dict[str, int]) -> int:
        line, character = position["line"], position["character"]
        if line >= len(starts):
            raise EditError(f"line {line} of {len(starts)}")
        if character * width > len(contents[line]):
            raise EditError(f"character {character} on line {line}, which is shorter")
        prefix = contents[line][: character * width]
        prefix.decode(codec, "surrogatepass")
        return starts[line] + character * width

    spans = [(place(edit["range"]["start"]), place(edit["range"]["end"]), edit["newText"]) for edit in edits]
    spans.sort(key=lambda span: (span[0], span[1]))
    for (_, end, _), (start, _, _) in pairwise(spans):
        if start < end:
            raise EditError("edits overlap")
    for start, end, new in reversed(spans):
        if start > end:
            raise EditError("an edit ends before it starts")
        data = data[:start] + new.encode(codec, "surrogatepass") + data[end:]
    return data.decode(codec, "surrogatepass")
