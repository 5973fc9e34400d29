"""What has come out of a message so far, and where its next character would stand."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import StringIO

from devstral_ls.llm.backend import CallPart, Part, ReasoningPart, TextPart
from devstral_ls.llm.wire.envelopes import EnvelopeScanner, Found
from devstral_ls.llm.wire.heads import Place
from devstral_ls.llm.wire.json_scan import Scan
from devstral_ls.llm.wire.markdown import CodeTracker

_BEHIND_SUSPECT = re.compile(r"[\s.!?)\"'*_]*")


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a whole message was. recovered: how calls were found, None when there are none."""

    text: str
    reasoning: str
    calls: Sequence[Found]
    recovered: str | None
    suspected_call: bool


class Passed:
    """Collects parts until they are taken; neighbouring pieces of text become one part."""

    def __init__(self) -> None:
        self.previous = ""
        self._before = ""
        self._parts: list[Part] = []
        self._passing: list[str] = []
        self._segments = [StringIO()]
        self._last_solid = ""
        self._reasoning: list[str] = []
        self._calls: list[Found] = []
        self._kinds: list[str] = []
        self._call_texts: list[str] = []
        self._code = CodeTracker()
        self._opens_message = True
        self._suspect: EnvelopeScanner | None = None

    def text(self, text: str) -> None:
        if not text:
            return
        self._passing.append(text)
        self._segments[-1].write(text)
        self._code.feed(text)
        self._before = text[-2] if len(text) > 1 else self.previous
        self.previous = text[-1]
        solid = text.rstrip()
        if solid:
            self._opens_message = False
            self._last_solid = solid[-1]
        if self._suspect is not None:
            self._follow_suspect(self._suspect, text)

    def reasoning(self, text: str) -> None:
        if text:
            self._flush()
            self._parts.append(ReasoningPart(text))
            self._reasoning.append(text)

    def announce(self, name: str) -> None:
        self._flush()
        self._parts.append(CallPart(name))

    def calls(self, calls: Sequence[Found], kind: str, raw: str, *, announced: bool) -> None:
        """`calls` were found, written as `raw`. Text after them is separate from the text before."""
        if not announced:
            for call in calls:
                self.announce(call.name)
        self._calls += calls
        self._kinds.append(kind)
        self._call_texts.append(raw)
        self._segments.append(StringIO())
        self._opens_message = False
        self._before = self.previous = self._last_solid = "}"

    def take_back_calls(self) -> None:
        """What was read as calls is text after all."""
        self._suspect = None
        raw = "".join(self._call_texts)
        self._calls, self._kinds, self._call_texts = [], [], []
        self.text(raw)

    def place_before(self, char: str) -> Place | None:
        """Where `char` would stand; None inside code."""
        self._code.settle(char)
        if self._code.inside:
            return None
        return Place(self._opens_message, self._code.opens_line, self.previous, self._before, self._last_solid)

    def suspect(self, names: Collection[str]) -> None:
        """The next character opens JSON in the middle of a line: watch whether it is a call that was only printed.

        Behind "=" it is code.
        """
        if self._suspect is not None and self._suspect.status is Scan.MORE:
            return
        if self._last_solid != "=":
            self._suspect = EnvelopeScanner(names)

    def take_parts(self) -> list[Part]:
        """The parts since they were last taken."""
        self._flush()
        parts, self._parts = self._parts, []
        return parts

    def whole_text(self) -> str:
        """The text without the calls: what stood before them right-trimmed, what came after them appended."""
        if not self._calls:
            return "".join(segment.getvalue() for segment in self._segments)
        text = ""
        for number, segment in enumerate(self._segments):
            piece = segment.getvalue()
            if number == 0:
                text = piece
            elif not piece.strip():
                text = text.rstrip()
            else:
                text = append(text.rstrip(), piece)
        return text

    def sifted(self) -> Sifted:
        """Everything together."""
        suspect = self._suspect
        suspected = suspect is not None and suspect.status is Scan.DONE and suspect.all_calls and not self._calls
        return Sifted(self.whole_text(), "".join(self._reasoning), self._calls, self._recovered(), suspected)

    def _recovered(self) -> str | None:
        if not self._kinds:
            return None
        if self._kinds[0].startswith("json") and any(call.error == "truncated" for call in self._calls):
            return "json_truncated"
        return self._kinds[0]

    def _flush(self) -> None:
        if self._passing:
            self._parts.append(TextPart("".join(self._passing)))
            self._passing.clear()

    def _follow_suspect(self, suspect: EnvelopeScanner, text: str) -> None:
        end = suspect.feed(text) if suspect.status is Scan.MORE else 0
        stays = suspect.status is not Scan.DONE or _BEHIND_SUSPECT.fullmatch(text, end)
        if suspect.status is Scan.BROKEN or not stays:
            self._suspect = None


def append(text: str, trailing: str) -> str:
    """`trailing` behind `text`, on a line of its own unless white space parts them already."""
    if not text:
        return trailing.lstrip()
    return text + (trailing if trailing[0].isspace() else "\n" + trailing)
