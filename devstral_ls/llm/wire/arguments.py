"""A call's arguments, read from whatever text the model and its server made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devstral_ls.llm.wire.json_scan import JsonScanner, Scan


@dataclass(frozen=True, slots=True)
class Arguments:
    """What became of the text.

    value: the object, or None with `error` one of "truncated", "invalid_json", "not_object".
    repaired: the text was not simply the JSON of an object.
    trailing: what followed the JSON, with its white space.
    """

    value: Mapping[str, Any] | None
    error: str | None = None
    repaired: bool = False
    trailing: str = ""


_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_FIRST_KEY = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_SPECIAL = re.compile(r"\[ARGS\]|</s>")
_CLOSERS = re.compile(r"[\s\]}]*")


def read_arguments(raw: str, *, cut: bool) -> Arguments:
    """`raw` as arguments. `cut`: the reply ended before its end, so nothing means "cut off" rather than "none"."""
    text = raw.strip()
    bare = _without_special_tokens(text)
    repaired = bare != text
    if not bare:
        return Arguments(None, "truncated") if cut else Arguments({}, repaired=repaired)
    try:
        value = _strict(bare)
    except (ValueError, RecursionError):
        return _read_damaged(bare, cut)
    return _as_object(value, repaired)


def loads(text: str) -> tuple[Any, bool]:
    """The JSON value of `text`, and whether it took raw control characters or unknown escapes to read it.

    Raises ValueError.
    """
    try:
        try:
            return _strict(text), False
        except ValueError:
            pass
        try:
            return _lenient(text), True
        except ValueError:
            return _lenient(_ESCAPE.sub(lambda found: r"\\" if found[0] == "\\" else found[0], text)), True
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read_damaged(text: str, cut: bool) -> Arguments:
    scanner = JsonScanner()
    end = scanner.feed(text)
    if scanner.status is Scan.DONE:
        try:
            value, _ = loads(text[:end])
        except ValueError:
            return Arguments(None, "invalid_json")
        return _with_trailing(value, text[end:], cut)
    if not cut:
        again = _sent_again(text)
        if again is not None:
            return Arguments(again, repaired=True)
    if scanner.status is Scan.MORE or cut:
        return Arguments(None, "truncated")
    return Arguments(None, "invalid_json")


def _with_trailing(value: Any, trailing: str, cut: bool) -> Arguments:
    """A complete value and what came after it: prose, surplus brackets, or the object again."""
    rest = _without_special_tokens(trailing.strip())
    if rest.startswith("{"):
        second = read_arguments(rest, cut=cut)
        if second.value is not None and value in ({}, second.value):
            return Arguments(second.value, repaired=True, trailing=second.trailing)
    if _CLOSERS.fullmatch(rest):
        trailing = ""
    read = _as_object(value, True)
    return Arguments(read.value, read.error, read.repaired, _SPECIAL.sub("", trailing))


def _sent_again(text: str) -> Mapping[str, Any] | None:
    """The whole object that some servers append to a corrupt beginning of the same object."""
    first_key = _FIRST_KEY.match(text)
    if first_key is None:
        return None
    again = text.rfind(first_key[0], first_key.end())
    if again < 0:
        return None
    try:
        value, _ = loads(text[again:])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _as_object(value: Any, repaired: bool) -> Arguments:
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value, _ = loads(value)
        except ValueError:
            return Arguments(None, "not_object")
        repaired = True
    if value is None:
        return Arguments({}, repaired=True)
    if not isinstance(value, dict):
        return Arguments(None, "not_object")
    return Arguments(value, repaired=repaired)


def _without_special_tokens(text: str) -> str:
    before = None
    while text != before:
        before = text
        text = text.removeprefix("[ARGS]").removesuffix("[ARGS]").removesuffix("</s>").strip()
    return text


def _strict(text: str) -> Any:
    return _encodable(json.loads(text, parse_constant=_refuse), text)


def _lenient(text: str) -> Any:
    return _encodable(json.loads(text, strict=False, parse_constant=_refuse), text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _encodable(value: Any, source: str) -> Any:
    """`value` without lone surrogates, which could be neither written to a file nor sent back."""
    if not _SURROGATE.search(source):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
