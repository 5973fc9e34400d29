"""The bodies of leaked calls, read piece by piece up to their end."""

from __future__ import annotations

import re
from collections.abc import Collection

from devstral_ls.llm.wire.arguments import Arguments, read_arguments
from devstral_ls.llm.wire.envelopes import EnvelopeScanner, Found, found, read_cut_envelopes, read_envelopes
from devstral_ls.llm.wire.heads import Head
from devstral_ls.llm.wire.json_scan import JsonScanner, Scan
from devstral_ls.llm.wire.patterns import END_OF_TEXT, MARKER

_FUNCTION_END = "</function>"
_PLACEHOLDER = re.compile(r"\{\s*[\w\s-]*\}")
# A value may hold the closing tag; the last one before the next parameter closes it.
_PARAMETER = re.compile(r"\s*<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>(?=\s*(?:<parameter=|\Z))", re.DOTALL)


def find_or_hold(text: str, start: int, literal: str) -> tuple[int, bool]:
    """Where `literal` begins and True; else where its possible beginning at the end of `text` begins, and False."""
    at = text.find(literal, start)
    if at >= 0:
        return at, True
    return len(text) - overlap(text, literal, start), False


def overlap(text: str, literal: str, start: int = 0) -> int:
    """How many characters at the end of `text` are a beginning, but not the whole, of `literal`."""
    for length in range(min(len(literal) - 1, len(text) - start), 0, -1):
        if text.endswith(literal[:length]):
            return length
    return 0


class Body:
    """One body. `feed` until `status` is DONE or BROKEN; what `feed` leaves of the text has to come again."""

    def __init__(self, head: Head, names: Collection[str]) -> None:
        self.status = Scan.MORE
        self._head = head
        self._names = names if head.strict else None
        self._raw: list[str] = []

    def feed(self, text: str, start: int) -> int:
        end = self._scan(text, start)
        self._raw.append(text[start:end])
        return end

    def complete(self) -> list[Found] | None:
        """The calls of a body that is DONE; None when it turns out to be no call."""
        raise NotImplementedError

    def incomplete(self, *, cut: bool) -> list[Found] | None:
        """The calls of a body that the end of the message stopped; None when it stays text. `cut`: not by choice."""
        raise NotImplementedError

    def _scan(self, text: str, start: int) -> int:
        raise NotImplementedError


class _JsonBody(Body):
    """Behind a marker even broken JSON is a call, which the model must hear of: up to the next marker or the end."""

    def __init__(self, head: Head, names: Collection[str], scanner: JsonScanner) -> None:
        super().__init__(head, names)
        self._scanner = scanner
        self._broken_name = ""
        self._offered = names

    def _scan(self, text: str, start: int) -> int:
        if not self._broken_name:
            start = self._scanner.feed(text, start)
            self.status = self._scanner.status
            if self.status is not Scan.BROKEN or self._name() not in self._offered:
                return start
            # A Python dict and bare keys are begun JSON as well; "{...}" is not.
            if not self._scanner.begun and text[start] != "'" and not text[start].isidentifier():
                return start
            if self._head.strict:
                return start
            self._broken_name = self._name()
        end, at_marker = find_or_hold(text, start, MARKER)
        self.status = Scan.DONE if at_marker else Scan.MORE
        return end

    def _broken(self, *, cut: bool) -> list[Found] | None:
        raw = "".join(self._raw).strip().removesuffix(END_OF_TEXT).rstrip()
        if cut:
            return [Found(self._broken_name, None, "truncated", raw)]
        # Prose that shows the syntax goes on behind it; a call that the model got wrong doesn't.
        if not raw.endswith(("}", "]")) or _PLACEHOLDER.fullmatch(raw):
            return None
        return [self._mended(raw) or Found(self._broken_name, None, "invalid_json", raw)]

    def _mended(self, raw: str) -> Found | None:
        return None

    def _name(self) -> str:
        return self._head.name


class ArgumentsBody(_JsonBody):
    """`{...}` behind a tool's name."""

    def __init__(self, head: Head, names: Collection[str]) -> None:
        super().__init__(head, names, JsonScanner())

    def complete(self) -> list[Found] | None:
        if self._broken_name:
            return self._broken(cut=False)
        raw = "".join(self._raw)
        arguments = read_arguments(raw, cut=False)
        if self._head.strict and (arguments.value is None or (self._head.in_phrase and not arguments.value)):
            return None
        return [found(self._head.name, arguments, raw, repaired=self._head.damaged)]

    def _mended(self, raw: str) -> Found | None:
        arguments = read_arguments(raw, cut=False)
        return None if arguments.value is None else found(self._broken_name, arguments, raw)

    def incomplete(self, *, cut: bool) -> list[Found] | None:
        if self._broken_name:
            return self._broken(cut=cut)
        if not cut and self._head.strict:
            return None
        if not self._scanner.begun and self._head.in_phrase and not self._head.free:
            return None
        return [Found(self._head.name, None, "truncated", "".join(self._raw))]


class EnvelopeBody(_JsonBody):
    """One JSON value that holds calls with their names."""

    def __init__(self, head: Head, names: Collection[str]) -> None:
        self._envelopes = EnvelopeScanner(names if head.strict else None)
        super().__init__(head, names, self._envelopes)

    def complete(self) -> list[Found] | None:
        if self._broken_name:
            return self._unclosed() or self._broken(cut=False)
        return read_envelopes("".join(self._raw), self._names)

    def incomplete(self, *, cut: bool) -> list[Found] | None:
        if self._broken_name:
            return self._unclosed() or self._broken(cut=cut)
        if not cut and self._head.kind not in ("marker", "xml"):
            return None
        return read_cut_envelopes("".join(self._raw), self._envelopes, self._names) or None

    def _unclosed(self) -> list[Found]:
        """The calls of an array that the end-of-text token, or the next marker, stands in for the end of."""
        raw = "".join(self._raw).rstrip().removesuffix(END_OF_TEXT).rstrip()
        scanner = EnvelopeScanner(self._names)
        scanner.feed(raw)
        unclosed = scanner.status is Scan.MORE and scanner.in_array and not scanner.name
        return read_cut_envelopes(raw, scanner, self._names) if unclosed else []

    def _name(self) -> str:
        return self._envelopes.last_name


class FunctionBody(Body):
    """`<parameter=key>value</parameter>` lines, or a JSON object, up to `</function>`."""

    def __init__(self, head: Head, names: Collection[str]) -> None:
        super().__init__(head, names)
        self._begun = False

    def _scan(self, text: str, start: int) -> int:
        if not self._head.free and not self._begun:
            # In the middle of a line the tag may only have been mentioned.
            at = start + len(text[start:]) - len(text[start:].lstrip())
            if at == len(text):
                return at
            self._begun = True
            if text[at] not in "<{":
                self.status = Scan.BROKEN
                return start
        end, ended = find_or_hold(text, start, _FUNCTION_END)
        if not ended:
            return end
        self.status = Scan.DONE
        return end + len(_FUNCTION_END)

    def complete(self) -> list[Found] | None:
        raw = "".join(self._raw).removesuffix(_FUNCTION_END)
        arguments = _parameters(raw)
        return [found(self._head.name, arguments, raw)]

    def incomplete(self, *, cut: bool) -> list[Found] | None:
        raw = "".join(self._raw)
        end = raw.rstrip()
        for closer in (END_OF_TEXT, *self._head.closers):
            end = end.removesuffix(closer).rstrip()
        arguments = Arguments(None, "truncated") if cut else _parameters(end)
        return [found(self._head.name, arguments, raw)]


def _parameters(raw: str) -> Arguments:
    if raw.lstrip().startswith("{"):
        return read_arguments(raw, cut=False)
    values: dict[str, str] = {}
    position = 0
    while parameter := _PARAMETER.match(raw, position):
        values[parameter[1]] = parameter[2]
        position = parameter.end()
    rest = raw[position:].strip()
    if not rest:
        return Arguments(values)
    return Arguments(None, "truncated" if rest.startswith("<") else "invalid_json")


def body_of(head: Head, names: Collection[str]) -> Body:
    """A reader for the body that `head` announces."""
    if head.body == "envelope":
        return EnvelopeBody(head, names)
    return FunctionBody(head, names) if head.body == "function" else ArgumentsBody(head, names)
