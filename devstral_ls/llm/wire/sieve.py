"""Separates what a model says from calls and reasoning that leaked into its text.

Text that might still become a call is held back; everything else passes at once. Each character is looked at a
bounded number of times, however the text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from devstral_ls.llm.backend import Part
from devstral_ls.llm.wire.bodies import Body, body_of, find_or_hold, overlap
from devstral_ls.llm.wire.envelopes import Found
from devstral_ls.llm.wire.heads import Head, Heads, Match, Place
from devstral_ls.llm.wire.json_scan import Scan
from devstral_ls.llm.wire.passed import Passed, Sifted
from devstral_ls.llm.wire.patterns import END_OF_TEXT, MARKER, THINK_END

_SPACE = re.compile(r"\s*")
_END_OF_TEXT = re.compile(r"</s>\s{0,64}\Z|<(?:/s?)?\Z")


@dataclass(slots=True)
class _Group:
    """Calls that stand or fall together, with everything that was written for them."""

    head: Head
    raw: list[str] = field(default_factory=list)
    calls: list[Found] = field(default_factory=list)
    closed: bool = False


class Sieve:
    """`feed` it text and it returns the parts that are certain; `finish` settles the rest.

    names: the tools whose calls to look for; none when no call may be read out of the text.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._heads = Heads(names)
        self._mode: Callable[[str, int], int] = self._in_text
        self._passed = Passed()
        self._pending = ""
        self._given_back = ""
        self._group = _NO_GROUP
        self._body: Body | None = None
        self._gap: list[str] = []

    def feed(self, text: str) -> list[Part]:
        """The parts that are certain now."""
        if self._pending:
            text = self._pending + text
            self._pending = ""
        position = 0
        while position < len(text):
            position = self._mode(text, position)
            if self._given_back:
                back, self._given_back = self._given_back, ""
                if position < len(back):
                    text, position = back + text[position:], 0
                else:
                    position -= len(back)
        return self._passed.take_parts()

    def stop_recovering(self) -> list[Part]:
        """A native call has come, so that text is text; what was held or taken out of it comes back."""
        if not self._heads.names:
            return []
        self._heads = Heads(())
        self._passed.take_back_calls()
        if self._group is not _NO_GROUP:
            self._release()
        return self.feed("")

    def finish(self, *, cut: bool) -> tuple[list[Part], Sifted]:
        """The last parts, and everything together. `cut`: the message ended before its end."""
        pending, self._pending = self._pending, ""
        if self._mode == self._in_thinking:
            self._passed.reasoning(pending)
        elif self._body is not None:
            self._end_in_body(self._body, pending, cut)
        elif self._mode == self._in_tail:
            self._end_in_tail(pending, cut)
        else:
            self._end_in_text(pending, cut)
        return self._passed.take_parts(), self._passed.sifted()

    def _in_text(self, text: str, start: int) -> int:
        position = start
        while opening := self._heads.trigger.search(text, position):
            at = opening.start()
            self._passed.text(text[start:at])
            start = at
            match = self._match(text, at)
            if isinstance(match, Head):
                return self._begin(match, text, at)
            if match == "undecided":
                self._pending = text[at:]
                return len(text)
            position = at + 1
        end = self._heads.name_begins(text, start, self._passed.previous)
        self._passed.text(text[start:end])
        self._pending = text[end:]
        return len(text)

    def _match(self, text: str, at: int) -> Match:
        place = self._passed.place_before(text[at])
        if place is None:
            return None
        if text[at] == "<" and _END_OF_TEXT.match(text, at):
            return "undecided"
        match = self._heads.thinking(text, at, place) if text[at] == "[" else None
        if match is None and self._heads.names:
            match = self._heads.match(text, at, place)
            if match is None and text[at] in "[{" and not place.opens_line:
                self._passed.suspect(self._heads.names)
        return match

    def _begin(self, head: Head, text: str, at: int) -> int:
        if head.body == "thinking":
            self._mode = self._in_thinking
            return head.end
        if self._group is _NO_GROUP:
            self._group = _Group(head)
        self._group.raw.append(text[at : head.end])
        if head.free and head.name:
            self._passed.announce(head.name)
        if head.body == "none":
            self._group.calls.append(Found(head.name, {}))
            self._mode = self._in_tail
        else:
            self._body = body_of(head, self._heads.names)
            self._mode = self._in_body
        return head.end

    def _in_thinking(self, text: str, start: int) -> int:
        end, ended = find_or_hold(text, start, THINK_END)
        self._passed.reasoning(text[start:end])
        if ended:
            self._mode = self._in_text
            return end + len(THINK_END)
        self._pending = text[end:]
        return len(text)

    def _in_body(self, text: str, start: int) -> int:
        body = self._body
        assert body is not None
        end = body.feed(text, start)
        self._group.raw.append(text[start:end])
        if body.status is Scan.MORE:
            self._pending = text[end:]
            return len(text)
        calls = body.complete() if body.status is Scan.DONE else None
        self._body = None
        if calls is None:
            self._given_back = self._release()
        else:
            self._group.calls += calls
            self._mode = self._in_tail
        return end

    def _in_tail(self, text: str, start: int) -> int:
        """Behind a call: closing tags, further calls, or text that may forbid the calls before it."""
        group = self._group
        at = _SPACE.match(text, start).end()  # type: ignore[union-attr]
        self._gap.append(text[start:at])
        if at == len(text):
            return at
        for closer in (*group.head.closers, END_OF_TEXT):
            if text.startswith(closer, at):
                self._close_gap(closer)
                group.closed = True
                if closer == "[ARGS]":
                    group.calls[-1] = replace(group.calls[-1], repaired=True)
                return at + len(closer)
            if closer.startswith(text[at:]):
                self._pending = text[at:]
                return len(text)
        if group.head.free:
            again = text[at] == "{" and group.head.body == "envelope" and group.head.closers and not group.closed
            self._commit()
            # One tag may hold several calls.
            return self._begin(replace(group.head, end=at), text, at) if again else at
        match = self._heads.match(text, at, _BEHIND_CALL)
        if match == "undecided":
            self._pending = text[at:]
            return len(text)
        if not isinstance(match, Head):
            self._given_back = self._release()
            return at
        if match.free:
            self._commit()
        else:
            self._close_gap("")
        return self._begin(match, text, at)

    def _close_gap(self, closer: str) -> None:
        self._group.raw += [*self._gap, closer]
        self._gap.clear()

    def _commit(self) -> None:
        """The group's calls are calls."""
        group = self._group
        announced = group.head.free and group.head.name != ""
        self._passed.calls(group.calls, group.head.kind, "".join(group.raw), announced=announced)
        self._back_to_text()

    def _release(self) -> str:
        """The group is text after all; what may be the beginning of a marker at its end is handed back."""
        self._close_gap("")
        raw = "".join(self._group.raw)
        kept = len(raw) - overlap(raw, MARKER, 1)
        self._passed.text(raw[:kept])
        self._back_to_text()
        return raw[kept:]

    def _back_to_text(self) -> None:
        self._group = _NO_GROUP
        self._body = None
        self._mode = self._in_text
        self._passed.text("".join(self._gap))
        self._gap.clear()

    def _end_in_body(self, body: Body, pending: str, cut: bool) -> None:
        self._group.raw.append(pending)
        calls = body.incomplete(cut=cut)
        if calls:
            self._group.calls += calls
            self._commit()
        else:
            self._passed.text(self._release())

    def _end_in_tail(self, pending: str, cut: bool) -> None:
        if not pending or any(closer.startswith(pending) for closer in (*self._group.head.closers, END_OF_TEXT)):
            self._gap.clear()
            self._commit()
            return
        committed = cut or self._heads.at_end(pending, cut=cut) is not None
        if committed:
            self._commit()
        else:
            self._passed.text(self._release())
        self._end_in_text(pending, cut, behind_call=committed)

    def _end_in_text(self, pending: str, cut: bool, *, behind_call: bool = False) -> None:
        head = self._heads.at_end(pending, cut=cut, behind_call=behind_call)
        if head is not None:
            call = Found(head.name, None, "truncated") if cut else Found(head.name, {})
            self._group = _Group(head, [pending], [call])
            self._commit()
        elif not pending.startswith(END_OF_TEXT) or "<s>" in self._passed.whole_text():
            self._passed.text(pending)


_NO_GROUP = _Group(Head("json", "none", 0))
_BEHIND_CALL = Place(opens_message=False, opens_line=True, previous="}")
