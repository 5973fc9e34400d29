"""Whether the text so far has opened code that it has not closed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RUN = re.compile(r"`+|~+|\n")


@dataclass(frozen=True, slots=True)
class _Fence:
    char: str
    length: int
    opens_line: bool


class CodeTracker:
    """Follows Markdown code spans and fences through text in any pieces.

    A span ends with its line: a lone backtick must not turn the rest of a message into code. Three backticks in the
    middle of a line open a fence as well, since models write that.
    """

    def __init__(self) -> None:
        self.opens_line = True
        """Nothing but white space stands before the next character on its line."""
        self._fence: _Fence | None = None
        self._span = 0
        self._char = ""
        self._run = 0
        self._run_opens_line = False

    @property
    def inside(self) -> bool:
        """The next character is code. Exact after `settle`."""
        return self._fence is not None or self._span > 0

    def settle(self, following: str) -> None:
        """The next character is `following`: a run of backticks before it is complete."""
        if self._run and following != self._char:
            self._end_run(following)

    def feed(self, text: str) -> None:
        position = 0
        for found in _RUN.finditer(text):
            start = found.start()
            if start > position:
                self._plain(text[position:start])
            position = found.end()
            char = text[start]
            self.settle(char)
            if char == "\n":
                self._span = 0
                self.opens_line = True
                continue
            if not self._run:
                self._char = char
                self._run_opens_line = self.opens_line
            self._run += position - start
            self.opens_line = False
        if position < len(text):
            self._plain(text[position:])

    def _plain(self, text: str) -> None:
        if self._run:
            self._end_run(text[0])
        if self.opens_line and not text.isspace():
            self.opens_line = False

    def _end_run(self, following: str) -> None:
        length, self._run = self._run, 0
        fence = self._fence
        if fence is not None:
            # A fence that opened its line is closed by a line of its own; "```python" would be code inside it. But a
            # special token may follow at once.
            alone = self._run_opens_line and (following.isspace() or following in "[<")
            if self._char == fence.char and length >= fence.length and (alone or not fence.opens_line):
                self._fence = None
        elif self._span:
            if self._char == "`" and length == self._span:
                self._span = 0
        elif length >= 3 and (self._char == "`" or self._run_opens_line):
            self._fence = _Fence(self._char, length, self._run_opens_line)
        elif self._char == "`":
            self._span = length
