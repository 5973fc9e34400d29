"""What a command printed, as bounded plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

RAW_HEAD = 64 * 1024
RAW_TAIL = 64 * 1024
"""Bytes kept of each end while the command runs; colours and progress bars count until they are stripped."""

TEXT_HEAD = 6 * 1024
TEXT_TAIL = 10 * 1024
"""Characters of each end that are shown. The tail is longer: that is where a failure is explained."""


@dataclass(slots=True)
class Collected:
    """Head and tail of a byte stream of any length."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    total: int = 0

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = RAW_HEAD - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        if len(self.tail) > 2 * RAW_TAIL:
            del self.tail[:-RAW_TAIL]

    def shown(self) -> tuple[str, str, int]:
        """(head, tail, bytes left out between them) as plain text; the tail is empty when nothing is left out."""
        if len(self.head) + len(self.tail) == self.total:
            text = plain(bytes(self.head + self.tail))
            if len(text) <= TEXT_HEAD + TEXT_TAIL:
                return text, "", 0
            head = tail = text
        else:
            head, tail = plain(bytes(self.head)), plain(bytes(self.tail[-RAW_TAIL:]))
        head, tail = _first_lines(head, TEXT_HEAD), _last_lines(tail, TEXT_TAIL)
        return head, tail, max(0, self.total - len(head.encode()) - len(tail.encode()))


def excerpt(text: str, head: int, tail: int) -> str:
    """Its first and last lines, at most so many characters of each; between them, that something is left out."""
    if len(text) <= head + tail:
        return text
    return f"{_first_lines(text, head)}[... left out ...]\n{_last_lines(text, tail)}"


CONTROL = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # operating system commands: titles, hyperlinks, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # device control and other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor movement
    r"|\x1b[ -/]*[0-~]?"
    r"|[^\n]\x08"  # overstrike, as in manual pages
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    # Characters that reorder or hide text: bidirectional controls and tags.
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n|\Z)", re.MULTILINE)
"""A progress bar's earlier states: what a carriage return goes back over."""


def plain(data: bytes) -> str:
    """`data` as text that does nothing to the terminal, log or person that shows it."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return CONTROL.sub("", OVERWRITTEN.sub("", text))


def _first_lines(text: str, limit: int) -> str:
    """At most `limit` characters from the start, ending with a whole line if there is one."""
    cut = text[:limit]
    return cut if len(cut) == len(text) else cut[: cut.rfind("\n") + 1] or cut


def _last_lines(text: str, limit: int) -> str:
    cut = text[-limit:]
    return cut if len(cut) == len(text) else cut[cut.find("\n") + 1 :] or cut
