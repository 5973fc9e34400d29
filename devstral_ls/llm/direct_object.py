"""What a reply's JSON means: calls of tools, an answer, or neither."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devstral_ls.llm.messages import ToolCall
from devstral_ls.llm.wire import new_call_id
from devstral_ls.llm.wire.arguments import loads, read_arguments
from devstral_ls.llm.wire.content import encodable

_OPENING = re.compile(r'(?:^|(?<=[\s`:\[]))\{\s*"(?:tool|say|answer|name|tool_calls|calls|arguments|thought)"\s*:')
_BARE = re.compile(r"\s*+(?:```\w*+\s*+)?+[\[\s]*+(?=\{)")
_NAMED = re.compile(r'"(?:tool|name)"\s*:\s*"([^"\\]+)"')
_ANSWERED = re.compile(r'"(?:answer|final_answer)"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_BETWEEN = re.compile(r"[\s,`\]]*(?:json\b)?[\s`\[]*")
_FENCE = re.compile(r"```\w*\Z")

_NAMES, _ARGUMENTS = ("tool", "name", "tool_name"), ("arguments", "parameters", "args", "input")
_ANSWERS, _SAYS, _LISTS = ("answer", "final_answer"), ("say", "thought", "text"), ("tool_calls", "calls", "tools")


@dataclass(frozen=True, slots=True)
class Reading:
    """text: the answer, or what was said besides the calls.

    flags: "trailing_text" when words after a call are left out.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    flags: frozenset[str] = frozenset()


def read_text(text: str, tools: Sequence[str], *, cut: bool) -> Reading | None:
    """What the reply `text` means; None when it has not the form. cut: the reply ended before its end."""
    start = _start(text)
    if start is None:
        return None
    prose = _FENCE.sub("", text[:start].rstrip("[ \t\r\n")).strip()
    said: list[str] = [prose] if prose else []
    calls: list[ToolCall] = []
    understood = False
    while start < len(text) and text[start] == "{":
        end = _end(text, start)
        if end is None:
            hopeful = understood or _hopeful(text[start:])
            return _unfinished(text[start:], said, calls, cut=cut) if hopeful else None
        meaning = _meaning(text[start:end], tools)
        if meaning is None:
            break
        understood = True
        words, found = meaning
        said += [words] if words.strip() else []
        calls += found
        between = _BETWEEN.match(text, end)
        start = between.end() if between else end
    if not understood:
        return None
    rest = text[start:].strip("`\n\r\t ,]")
    flags: frozenset[str] = frozenset()
    if rest and calls:
        if prose:
            return None  # an example in the middle of an explanation
        # Mostly a result that the model made up; it must not be taken for a real one later.
        flags = frozenset({"trailing_text"})
    elif rest:
        said.append(rest)
    return Reading(encodable("\n\n".join(said)), tuple(calls), flags)


def _start(text: str) -> int | None:
    """Where the first object of the form begins."""
    bare = _BARE.match(text)
    if bare:
        return bare.end()
    opening = _OPENING.search(text)
    return opening.start() if opening else None


def _end(text: str, start: int) -> int | None:
    """Behind the object that begins at `start`; None when it never ends."""
    depth, quoted, at = 0, False, start
    for match in re.compile(r'\\.|["{}]', re.DOTALL).finditer(text, start):
        mark, at = match[0], match.end()
        if mark == '"':
            quoted = not quoted
        elif not quoted and mark in "{}":
            depth += 1 if mark == "{" else -1
            if depth == 0:
                return at
    return None


def _meaning(source: str, tools: Sequence[str]) -> tuple[str, list[ToolCall]] | None:
    """The words and calls of one object; None when it is something else."""
    try:
        value, _ = loads(source)
    except ValueError:
        name = _NAMED.search(source)
        return ("", [_call(name[1], None, "invalid_json", source)]) if name and name[1] in tools else None
    return _of_object(value, tools, source) if isinstance(value, Mapping) else None


def _of_object(value: Mapping[str, Any], tools: Sequence[str], source: str) -> tuple[str, list[ToolCall]] | None:
    words = [text for key in (*_SAYS, *_ANSWERS) if (text := _words(value.get(key)))]
    calls = list(_calls(value, tools, source))
    if not calls and not any(key in value for key in (*_ANSWERS, "say")):
        return None
    return "\n\n".join(words), calls


def _calls(value: Mapping[str, Any], tools: Sequence[str], source: str) -> Iterator[ToolCall]:
    for key in _LISTS:
        for item in value[key] if isinstance(value.get(key), list) else ():
            if isinstance(item, Mapping):
                inner = item.get("function")
                yield from _calls(inner if isinstance(inner, Mapping) else item, tools, source)
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    given = next((value[key] for key in _ARGUMENTS if key in value), None)
    if name and (name in tools or ("tool" in value and name.lower() not in ("none", "null"))):
        yield _with_arguments(name, {} if given is None else given)
    elif name is None and len(value) == 1:
        (only, inner) = next(iter(value.items()))
        if only in tools and isinstance(inner, Mapping):
            yield _with_arguments(only, inner)


def _with_arguments(name: str, given: Any) -> ToolCall:
    if isinstance(given, str):
        read = read_arguments(given, cut=False)
        return _call(name, read.value, read.error, given)
    if isinstance(given, Mapping):
        return _call(name, given, None, json.dumps(given, ensure_ascii=False))
    return _call(name, None, "not_object", json.dumps(given, ensure_ascii=False))


def _unfinished(source: str, said: list[str], calls: list[ToolCall], *, cut: bool) -> Reading | None:
    """An object without its end: its call is known to be broken, its answer is as good as what there is of it."""
    name, answer = _NAMED.search(source), _ANSWERED.search(source)
    if name and (answer is None or name.start() < answer.start()):
        return Reading(encodable("\n\n".join(said)), (*calls, _call(name[1], None, "truncated", source)))
    if answer:
        words = re.sub(r"\\(?:u[0-9a-fA-F]{0,3})?\Z", "", answer[1])
        try:
            said.append(loads(f'"{words}"')[0])
        except ValueError:
            said.append(words)
        return Reading(encodable("\n\n".join(said)), tuple(calls))
    return Reading("\n\n".join([*said, source])) if cut or said else None


def _hopeful(source: str) -> bool:
    return bool(_NAMED.search(source) or _ANSWERED.search(source))


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def _call(name: str, arguments: Mapping[str, Any] | None, error: str | None, raw: str) -> ToolCall:
    return ToolCall(new_call_id(), encodable(name), arguments, error, encodable(raw))
