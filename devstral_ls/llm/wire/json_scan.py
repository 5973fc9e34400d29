"""Where a JSON value ends, found while it arrives in pieces."""

from __future__ import annotations

import enum
import json
import re

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\]*')
_LITERAL = re.compile(r"[A-Za-z0-9+.\-]*")
_WHOLE_LITERAL = re.compile(r"true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LONGEST_CAPTURE = 200
"""Characters; no key or name that is looked for is longer."""


class Scan(enum.Enum):
    MORE = "more"
    DONE = "done"
    BROKEN = "broken"


class _Expect(enum.Enum):
    VALUE = "value"
    VALUE_OR_END = "value or ]"
    KEY = "key"
    KEY_OR_END = "key or }"
    COLON = "colon"
    COMMA_OR_END = "comma or end"
    STRING = "string"
    LITERAL = "literal"


class JsonScanner:
    """Follows one JSON object, array or string; each character is looked at once, however the text is cut.

    Lenient where models are careless: raw line ends in strings and unknown escapes pass. Subclasses look at the shallow
    part of the value through the `_saw_*` methods and break the scan by returning False.
    """

    def __init__(self) -> None:
        self.status = Scan.MORE
        self.begun = False
        """A string or the end of the first container was seen: this is JSON rather than a stray bracket."""
        self._expect = _Expect.VALUE
        self._stack: list[str] = []
        self._keys: list[str] = []
        self._is_key = False
        self._escape = False
        self._capture: str | None = None
        self._literal: list[str] = []

    def feed(self, text: str, start: int = 0) -> int:
        """Scan `text` from `start`; the position of the first character that is not part of the value so far."""
        position = start
        end = len(text)
        while position < end and self.status is Scan.MORE:
            if self._expect is _Expect.STRING:
                position = self._in_string(text, position)
            elif self._expect is _Expect.LITERAL:
                position = self._in_literal(text, position)
            else:
                position = self._at_token(text, _SPACE.match(text, position).end())  # type: ignore[union-attr]
        return position

    def _saw_value(self, first: str) -> bool:
        """A value begins with `first`; `self._stack` and `self._keys` say where."""
        return True

    def _saw_key(self, key: str) -> bool:
        return True

    def _saw_beginning(self, text: str) -> bool:
        """A captured string or key begins with `text`."""
        return True

    def _saw_string(self, value: str) -> bool:
        """A captured string value is complete."""
        return True

    def _saw_end(self) -> bool:
        """An object or array has ended; `self._stack` is what is left around it."""
        return True

    def _wants(self) -> bool:
        """Whether the text of the string that begins here is needed."""
        return False

    def _at_token(self, text: str, position: int) -> int:
        if position == len(text):
            return position
        if not self._token(text[position]):
            self.status = Scan.BROKEN
            return position
        # A literal's first character is part of it.
        return position if self._expect is _Expect.LITERAL else position + 1

    def _token(self, char: str) -> bool:
        expect = self._expect
        if expect is _Expect.COLON:
            self._expect = _Expect.VALUE
            return char == ":"
        if expect is _Expect.COMMA_OR_END:
            if char == ",":
                self._expect = _Expect.KEY if self._stack[-1] == "{" else _Expect.VALUE
                return True
            return self._close(char)
        if expect is _Expect.KEY or expect is _Expect.KEY_OR_END:
            if char == '"':
                return self._open_string(is_key=True)
            return expect is _Expect.KEY_OR_END and self._close(char)
        if char == "]" and expect is _Expect.VALUE_OR_END:
            return self._close(char)
        return self._begin_value(char)

    def _begin_value(self, char: str) -> bool:
        if not self._saw_value(char):
            return False
        if char in "{[":
            self._stack.append(char)
            self._keys.append("")
            self._expect = _Expect.KEY_OR_END if char == "{" else _Expect.VALUE_OR_END
            return True
        if char == '"':
            return self._open_string(is_key=False)
        if not self._stack or char not in "-0123456789tfn":
            return False
        self._literal.clear()
        self._expect = _Expect.LITERAL
        return True

    def _open_string(self, *, is_key: bool) -> bool:
        self.begun = True
        self._is_key = is_key
        self._expect = _Expect.STRING
        self._capture = "" if self._wants() else None
        return True

    def _in_string(self, text: str, position: int) -> int:
        if self._escape:
            self._escape = False
            return self._take(text, position, position + 1)
        end = _PLAIN.match(text, position).end()  # type: ignore[union-attr]
        end = self._take(text, position, end)
        if end == len(text) or self.status is Scan.BROKEN:
            return end
        if text[end] == "\\":
            self._escape = True
            return self._take(text, end, end + 1)
        if not self._close_string():
            self.status = Scan.BROKEN
            return end
        return end + 1

    def _take(self, text: str, start: int, end: int) -> int:
        """Take part of a string; the position behind it, or of the first character that can't be part of it."""
        if self._capture is None:
            return end
        for position in range(start, end):
            if len(self._capture) == _LONGEST_CAPTURE:
                break
            self._capture += text[position]
            if "\\" not in self._capture and not self._saw_beginning(self._capture):
                self.status = Scan.BROKEN
                return position
        return end

    def _close_string(self) -> bool:
        value = None if self._capture is None else _unquoted(self._capture)
        self._capture = None
        if self._is_key:
            self._expect = _Expect.COLON
            self._keys[-1] = value or ""
            return value is None or self._saw_key(value)
        self._after_value()
        return value is None or self._saw_string(value)

    def _in_literal(self, text: str, position: int) -> int:
        end = _LITERAL.match(text, position).end()  # type: ignore[union-attr]
        self._literal.append(text[position:end])
        if end < len(text):
            if not _WHOLE_LITERAL.fullmatch("".join(self._literal)):
                self.status = Scan.BROKEN
            self._after_value()
        return end

    def _close(self, char: str) -> bool:
        if char != ("}" if self._stack[-1] == "{" else "]"):
            return False
        self.begun = True
        self._stack.pop()
        self._keys.pop()
        self._after_value()
        return self._saw_end()

    def _after_value(self) -> None:
        if self._stack:
            self._expect = _Expect.COMMA_OR_END
        else:
            self.status = Scan.DONE


def _unquoted(inner: str) -> str:
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner
