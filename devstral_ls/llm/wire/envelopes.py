"""Calls written as JSON: `{"name": ..., "arguments": {...}}`, alone, in an array, or in OpenAI's function wrapper."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from devstral_ls.llm.wire.arguments import Arguments, loads, read_arguments
from devstral_ls.llm.wire.json_scan import JsonScanner, Scan

_ARGUMENT_KEYS = ("arguments", "parameters")
_FUNCTION_KEYS = frozenset({"name", "arguments", "parameters"})
_ENVELOPE_KEYS = _FUNCTION_KEYS | {"id", "type", "function", "index"}
_TYPES = frozenset({"function", "tool_call"})
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A call before it has our id. The fields are those of `ToolCall`."""

    name: str
    arguments: Mapping[str, Any] | None
    error: str | None = None
    raw: str = ""
    repaired: bool = False


def found(name: str, arguments: Arguments, raw: str, *, repaired: bool = False) -> Found:
    return Found(name, arguments.value, arguments.error, raw, arguments.repaired or repaired)


def read_envelopes(text: str, names: Collection[str] | None) -> list[Found] | None:
    """The calls of one complete JSON value, or None when it is something else.

    With `names`, as for text without any marker, each must be an offered tool with an object of arguments and no
    foreign keys. None: a marker said that these are calls, so that anything with a name is one.
    """
    try:
        value, repaired = loads(text)
    except ValueError:
        return None
    calls = [_read(item, names, repaired) for item in (value if isinstance(value, list) else [value])]
    complete = [call for call in calls if call is not None]
    return complete if complete and len(complete) == len(calls) else None


def read_cut_envelopes(text: str, scanner: EnvelopeScanner, names: Collection[str] | None) -> list[Found]:
    """The calls of a JSON value that ends too early: the complete ones, then the one that was cut."""
    calls: list[Found] = []
    position = text.find("[") + 1 if scanner.in_array else len(text)
    while True:
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
        element = JsonScanner()
        end = element.feed(text, position)
        if element.status is not Scan.DONE:
            break
        calls += read_envelopes(text[position:end], names) or []
        position = end
    if scanner.name:
        calls.append(Found(scanner.name, None, "truncated", text[position:] or text))
    return calls


def _read(item: Any, names: Collection[str] | None, repaired: bool) -> Found | None:
    if not isinstance(item, dict):
        return None
    inner = item.get("function", item)
    if not isinstance(inner, dict):
        return None
    name = inner.get("name")
    if not isinstance(name, str) or not name.strip():
        return None
    name = name.strip()
    given = next((inner[key] for key in _ARGUMENT_KEYS if key in inner), None)
    if names is not None:
        allowed = _FUNCTION_KEYS if inner is not item else _ENVELOPE_KEYS
        if name not in names or not item.keys() <= _ENVELOPE_KEYS or not inner.keys() <= allowed:
            return None
        if not isinstance(given, dict | str) or item.get("type", "function") not in _TYPES or _is_schema(given):
            return None
    raw = given if isinstance(given, str) else json.dumps({} if given is None else given, ensure_ascii=False)
    arguments = read_arguments(raw, cut=False)
    if names is not None and (arguments.value is None or arguments.trailing.strip()):
        return None
    return found(name, arguments, raw, repaired=repaired)


def _is_schema(given: Any) -> bool:
    """A tool's definition has the shape of a call of it; its parameters are a JSON schema."""
    return isinstance(given, dict) and given.get("type") == "object" and isinstance(given.get("properties"), dict)


class EnvelopeScanner(JsonScanner):
    """Scans a JSON value that might be calls and breaks as soon as it can't be.

    With `names` it holds the value to the same rules as `read_envelopes`; without, it only takes notes.
    """

    def __init__(self, names: Collection[str] | None) -> None:
        super().__init__()
        self.name = ""
        """The name in the call that is being read, once it is complete."""
        self.last_name = ""
        self.in_array = False
        self._names = names
        self._arguments = False
        self._plausible = True

    @property
    def all_calls(self) -> bool:
        """Every object that has ended had a name and arguments, and there was one."""
        return self._plausible and self.last_name != ""

    def _level(self) -> int:
        """0 outside any call, 1 in a call's own keys, 2 in its function wrapper's, more further in."""
        return len(self._stack) - self.in_array

    def _wants(self) -> bool:
        level = self._level()
        if level == 1:
            return self._is_key or self._keys[-1] in ("name", "type")
        return level == 2 and self._keys[-2] == "function" and (self._is_key or self._keys[-1] == "name")

    def _saw_value(self, first: str) -> bool:
        if not self._stack:
            self.in_array = first == "["
            return first in "[{"
        level = self._level()
        if level == 0:
            return first == "{"
        if level == 1 or (level == 2 and self._keys[-2] == "function"):
            return self._plausible_value(self._keys[-1], first)
        return True

    def _plausible_value(self, key: str, first: str) -> bool:
        if key in _ARGUMENT_KEYS:
            self._arguments = True
        if self._names is None:
            return True
        if key in ("name", "type"):
            return first == '"'
        if key == "function":
            return first == "{"
        return key not in _ARGUMENT_KEYS or first in '{"'

    def _saw_key(self, key: str) -> bool:
        return self._names is None or key in self._allowed_keys()

    def _allowed_keys(self) -> frozenset[str]:
        return _ENVELOPE_KEYS if self._level() == 1 else _FUNCTION_KEYS

    def _saw_beginning(self, text: str) -> bool:
        if self._names is None:
            return True
        if self._is_key:
            expected: Collection[str] = self._allowed_keys()
        else:
            expected = self._names if self._keys[-1] == "name" else _TYPES
            text = text.lstrip()
        return any(word.startswith(text.rstrip()) for word in expected)

    def _saw_string(self, value: str) -> bool:
        if self._keys[-1] == "name":
            self.name = self.last_name = value.strip()
            return self._names is None or self.name in self._names
        return self._names is None or value in _TYPES

    def _saw_end(self) -> bool:
        if len(self._stack) == self.in_array:
            if not (self.name and self._arguments):
                self._plausible = False
            self.name = ""
            self._arguments = False
        return True
