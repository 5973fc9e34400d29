r"""Lines as editors count them: `\n`, `\r\n` and `\r` end a line and nothing else does.

Python's own idea of a line also ends at form feeds, U+2028 and a few more; counting those would shift every line
number after them, and every edit with it.
"""

from __future__ import annotations

import io

_ENDS_FOR_PYTHON_ONLY = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def split_lines(text: str) -> list[str]:
    """The lines of `text`, each with its ending; joined they are `text` again. The last one may have no ending."""
    if any(character in text for character in _ENDS_FOR_PYTHON_ONLY):
        return list(io.StringIO(text, newline=""))
    return text.splitlines(keepends=True)


def ending_of(line: str) -> str:
    """The ending of one line, empty when it has none."""
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1:] if line.endswith(("\n", "\r")) else ""


def count_endings(text: str, start: int = 0, end: int | None = None) -> int:
    """How many lines end in `text[start:end]`."""
    stop = len(text) if end is None else end
    carriage_returns = text.count("\r", start, stop)
    both = text.count("\r\n", start, stop) if carriage_returns else 0
    return text.count("\n", start, stop) + carriage_returns - both


def dominant_ending(text: str) -> str:
    r"""The ending most lines of `text` have; `\n` when no line has one, and on a tie."""
    both = text.count("\r\n")
    counts = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    return max(counts, key=lambda ending: counts[ending])


def with_line_feeds(text: str) -> str:
    r"""`text` with every line ending turned into `\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def contents_of(plain: str) -> list[str]:
    r"""The lines of a text that has only `\n` endings, without them."""
    contents = plain.split("\n")
    if not contents[-1]:
        contents.pop()
    return contents
