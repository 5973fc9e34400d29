"""What ripgrep prints, as values. Decoders without I/O: feed, finish."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(rb"([^\0]*)\0(\d+)([:-])([^\n]*)\n")
_BINARY_NOTICES = re.compile(
    rb"(?:[^\0]*?(?:WARNING: stopped searching binary file after match|binary file matches)"
    rb' \(found "\\0" byte around offset \d+\)\n)+'
)


class RawLine(NamedTuple):
    """text: without the newline, possibly with the carriage return before it."""

    path: bytes
    number: int
    is_match: bool
    text: bytes


class LineDecoder:
    r"""Output of `--null --line-number --no-heading --no-context-separator`: `path\0number:text\n`, `-` for context.

    Notices about binary files, which have no such form, are left out.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[RawLine]:
        data = self._rest + data
        lines: list[RawLine] = []
        at = 0
        # Line after line from a known beginning: a path may contain newlines, so nothing is searched for.
        while match := _LINE.match(data, at):
            path, number, mark, text = match.groups()
            if b"\n" in path and (notice := _BINARY_NOTICES.match(path)):
                path = path[notice.end() :]
            lines.append(RawLine(path, int(number), mark == b":", text))
            at = match.end()
        self._rest = data[at:]
        return lines


class PathDecoder:
    """Output of `--files --null`."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *paths, self._rest = (self._rest + data).split(b"\0")
        return paths
