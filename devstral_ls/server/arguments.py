"""The arguments of our commands: the shapes that are accepted, and one line for each that is not."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from devstral_ls.config import EditsMode
from devstral_ls.errors import InvalidRequest
from devstral_ls.server import images


@dataclass(frozen=True, slots=True)
class Arguments:
    """One command's arguments. Every field is optional; a command ignores those it has no use for.

    pasted: images that were in the prompt.
    """

    prompt: str = ""
    uri: str | None = None
    range: dict[str, Any] | None = None
    images: tuple[str, ...] = ()
    pasted: tuple[str, ...] = ()
    session_id: str | None = None
    wait: bool = False
    partial_token: str | int | None = None
    work_done_token: str | int | None = None
    scope: Literal["selection", "file", "workspace"] = "selection"
    apply: EditsMode | None = None
    diagnostics: tuple[dict[str, Any], ...] = ()
    proposal_id: str | None = None
    uris: tuple[str, ...] | None = None
    hunks: tuple[int | str, ...] | None = None
    id: str | None = None
    model: str | None = None
    command: str | None = None
    index: int | None = None
    all: bool = False


def parse(command: str, arguments: Any, work_done_token: Any = None) -> Arguments:
    """What `arguments` say; InvalidRequest names the field that is wrong and what it must be."""
    token = work_done_token if isinstance(work_done_token, str | int) else None
    given: dict[str, Any] = {}
    if arguments is not None:
        if not isinstance(arguments, list):
            raise InvalidRequest(f"{command}: arguments must be a list.")
        given = _named(command, arguments)
    fields: dict[str, Any] = {"work_done_token": token}
    for name, value in given.items():
        if name not in FIELDS:
            raise InvalidRequest(f"{command} takes no {name!r}{_nearest(name)}.")
        if value is None:
            continue
        field, read, expected = FIELDS[name]
        try:
            fields[field] = read(value)
        except (TypeError, ValueError, KeyError):
            raise InvalidRequest(f"{command}: {name!r} must be {expected}.") from None
    listed: tuple[str, ...] = fields.get("images", ())
    images.check(command, listed)
    fields["prompt"], fields["pasted"] = images.lift(fields.get("prompt", ""), len(listed))
    return Arguments(**fields)


def _named(command: str, arguments: list[Any]) -> dict[str, Any]:
    """An object, a prompt, or `[prompt, uri, range]`, as an object."""
    if not arguments:
        return {}
    first = arguments[0]
    if isinstance(first, Mapping):
        if len(arguments) > 1:
            raise InvalidRequest(f"{command} takes one object.")
        return dict(first)
    if len(arguments) > 3:
        raise InvalidRequest(f"{command} takes one object, or a prompt, a URI and a range.")
    names = ("prompt", "uri", "range")
    return dict(zip(names, arguments, strict=False))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return value


def _document(value: Any) -> str:
    return _text(value["uri"])


def _range(value: Any) -> dict[str, Any]:
    def position(item: Any) -> dict[str, int]:
        line, character = item["line"], item["character"]
        if isinstance(line, bool) or isinstance(character, bool) or not (line >= 0 and character >= 0):
            raise ValueError
        return {"line": int(line), "character": int(character)}

    return {"start": position(value["start"]), "end": position(value["end"])}


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


def _hunks(value: Any) -> tuple[int | str, ...]:
    if not isinstance(value, list):
        raise TypeError
    if not all(isinstance(item, str) or (type(item) is int and item >= 0) for item in value):
        raise TypeError
    return tuple(value)


def _diagnostics(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list):
        raise TypeError
    for item in value:
        _text(item["message"])
        if item.get("range") is not None:
            _range(item["range"])
    return tuple(value)


def _token(value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return read


FIELDS: Mapping[str, tuple[str, Callable[[Any], Any], str]] = {
    "prompt": ("prompt", _text, "a string"),
    "textDocument": ("uri", _document, "an object with a uri"),
    "uri": ("uri", _text, "a URI"),
    "range": ("range", _range, "an LSP range"),
    "images": ("images", _texts, "a list of data: URIs, or of files of the workspace"),
    "sessionId": ("session_id", _text, "a session's id"),
    "wait": ("wait", _flag, "true or false"),
    "partialResultToken": ("partial_token", _token, "a string or a number"),
    "workDoneToken": ("work_done_token", _token, "a string or a number"),
    "scope": ("scope", _one_of("selection", "file", "workspace"), "selection, file or workspace"),
    "apply": ("apply", _one_of("review", "auto", "propose"), "review, auto or propose"),
    "diagnostics": ("diagnostics", _diagnostics, "a list of LSP diagnostics"),
    "proposalId": ("proposal_id", _text, "a proposal's id"),
    "uris": ("uris", _texts, "a list of URIs"),
    "id": ("id", _text, "an action's id"),
    "model": ("model", _text, "a model's name"),
    "command": ("command", _text, "a command"),
    "index": ("index", _number, "a number from 1"),
    "all": ("all", _flag, "true or false"),
    "hunks": ("hunks", _hunks, "a list of hunk ids, or of numbers counted from 0"),
}
"""JSON name -> (our field, reader, what it must be)."""


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, FIELDS, 1)
    return f"; did you mean {close[0]!r}?" if close else ""
