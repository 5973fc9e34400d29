"""A tool: what the model is told about it, its arguments as a type, and the function behind it.

The JSON schema and the parser both come from one frozen dataclass, so that they can't disagree. Parsing is lenient
where nothing can be lost ("10" for 10, null for an argument left out) and exact in what it says everywhere else.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from devstral_ls.errors import InvalidArguments
from devstral_ls.llm.messages import ToolSpec
from devstral_ls.tools.commands import Commands, Told
from devstral_ls.tools.reads import Reads
from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """text: what the model reads. summary: one line for people. staged: the file this call changed, if it did.

    images: data URIs that the model is shown besides.
    """

    text: str
    summary: str
    staged: Path | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What tools work on.

    commands: None where commands are turned off. blind: why the model can't be shown images. prose: whether the request
    is to be answered without changing files. told: called with the last line of what a running command prints.
    """

    view: View
    reads: Reads
    commands: Commands | None = None
    blind: str | None = None
    prose: bool = False
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of the list the model gets."""

    spec: ToolSpec
    _arguments: type[Any]
    _title: Callable[[Any], str]
    _run: Callable[[Any, ToolContext], Awaitable[ToolOutput]]

    def title(self, arguments: Mapping[str, Any]) -> str:
        """One line for people, such as `edit src/app.py`; just the name when the arguments are wrong."""
        try:
            return " ".join(self._title(parse(self.spec.name, self._arguments, arguments)).split())
        except InvalidArguments:
            return self.spec.name

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Serve one call. Raises ForModel (InvalidArguments first of all) with a text for the model."""
        return await self._run(parse(self.spec.name, self._arguments, arguments), context)


A = TypeVar("A")


def tool(
    name: str,
    description: str,
    arguments: type[A],
    run: Callable[[A, ToolContext], Awaitable[ToolOutput]],
    title: Callable[[A], str],
) -> Tool:
    """The tool `name`, whose parameters are `arguments`' fields."""
    return Tool(ToolSpec(name, description, schema(arguments)), arguments, title, run)


def parameter(description: str, example: Any, default: Any = MISSING, low: int | None = None) -> Any:
    """A field of an argument type; required without `default`. low: the smallest number allowed."""
    metadata = {"description": description, "example": example, "low": low}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


JSON_TYPES = {str: "string", int: "integer", bool: "boolean"}
ARTICLES = {str: "a string", int: "a whole number", bool: "true or false"}


def schema(arguments: type[Any]) -> dict[str, Any]:
    """The JSON schema of an argument type."""
    types = _types(arguments)
    return {
        "type": "object",
        "properties": {
            item.name: {"type": JSON_TYPES[types[item.name]], "description": item.metadata["description"]}
            for item in fields(arguments)
        },
        "required": [item.name for item in fields(arguments) if item.default is MISSING],
    }


def parse(name: str, arguments: type[A], given: Mapping[str, Any]) -> A:
    """`given` as the tool's argument type. Raises InvalidArguments naming the parameter, with an example."""
    types = _types(arguments)
    known = {item.name: item for item in fields(arguments)}  # type: ignore[arg-type]
    missing = [key for key, item in known.items() if item.default is MISSING and given.get(key) is None]
    example = f"Example: {name}({json.dumps({k: i.metadata['example'] for k, i in known.items() if _shown(i, given)})})"
    for key in given:
        if key not in known:
            meant = _meant(key, missing, known)
            raise InvalidArguments(f"{name} has no parameter `{key}`{meant} {example}")
    if missing:
        raise InvalidArguments(
            f"{name} needs the parameter `{missing[0]}`: {known[missing[0]].metadata['description']} {example}"
        )
    values = {}
    for key, value in given.items():
        if value is None:
            continue
        try:
            values[key] = _value(value, types[key], known[key].metadata["low"])
        except ValueError as error:
            raise InvalidArguments(f"{name}: `{key}` must be {error}, not {_brief(value)}. {example}") from None
    return arguments(**values)


def _types(arguments: type[Any]) -> dict[str, type]:
    """Field name -> its type, that of `int | None` being int."""
    hints = get_type_hints(arguments)
    return {
        item.name: next((kind for kind in get_args(hints[item.name]) if kind is not type(None)), hints[item.name])
        for item in fields(arguments)
    }


def _value(value: Any, kind: type, low: int | None) -> Any:
    """`value` as `kind`; ValueError says what was expected."""
    expected = ARTICLES[kind] if low is None else f"{ARTICLES[kind]} of at least {low}"
    if kind is int:
        if isinstance(value, str):
            text = value.strip()
            value = int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else value
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or (low is not None and value < low):
            raise ValueError(expected)
    elif kind is bool:
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            value = value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise ValueError(expected)
    elif not isinstance(value, str):
        raise ValueError(expected)
    return value


ALIASES = {
    "path": ("file_path",),
    "file": ("file_path", "path"),
    "filename": ("file_path",),
    "filepath": ("file_path",),
    "target_file": ("file_path",),
    "file_path": ("path",),
    "directory": ("path", "working_directory"),
    "dir": ("path", "working_directory"),
    "cwd": ("working_directory",),
    "workdir": ("working_directory",),
    "old_str": ("old_string",),
    "old_text": ("old_string",),
    "search": ("old_string", "pattern"),
    "new_str": ("new_string",),
    "new_text": ("new_string",),
    "replace": ("new_string",),
    "text": ("content",),
    "contents": ("content",),
    "query": ("pattern",),
    "regex": ("pattern",),
    "glob": ("file_pattern", "pattern"),
    "include": ("file_pattern",),
    "cmd": ("command",),
    "ignore_case": ("case_insensitive",),
    "context": ("context_lines",),
    "start_line": ("offset",),
    "start": ("offset",),
    "max_lines": ("limit",),
}
"""Names other agents' tools use, and what ours are called."""


def _meant(key: str, missing: list[str], known: Mapping[str, Any]) -> str:
    aliases = [name for name in ALIASES.get(key.lower(), ()) if name in known]
    close = aliases or difflib.get_close_matches(key, missing or list(known), 1)
    if close:
        return f"; it is called `{close[0]}`."
    return f". Its parameters are {', '.join(f'`{name}`' for name in known)}."


def _shown(item: Field[Any], given: Mapping[str, Any]) -> bool:
    """Whether an example needs this parameter: it is required, or the call used it."""
    return item.default is MISSING or given.get(item.name) is not None


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"
