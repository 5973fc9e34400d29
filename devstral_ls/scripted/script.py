"""What a scripted server says, as values, and the reading of it from JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from devstral_ls.errors import ForUser

OnExhausted = Literal["repeat_last", "error"]


class ScriptInvalid(ForUser):
    """The script has a wrong shape; the text names the turn and what was expected."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call. arguments: an object, or the raw text the "model" wrote, however broken."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        """The arguments as a model writes them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer instead of a reply. body: an object is sent as JSON, text as it is."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply.

    finish: the finish reason on the wire; None means "tool_calls" where there are calls, else "stop".
    delay: seconds before each chunk.
    error: answer with this HTTP error and nothing else.
    hang: never finish; what precedes is sent, then nothing until the client goes away.
    cut: send everything but the end (no finish reason, no `[DONE]`), then drop the connection mid-reply.
    raw: the exact stream instead of a composed one: an object is one `data:` frame, a string goes out as it is.
    when: take this turn only for a request whose last user or tool message contains this text.
    usage: (prompt tokens, completion tokens); None: estimated from the texts.
    """

    text: str = ""
    reasoning: str = ""
    calls: Sequence[Call] = ()
    finish: str | None = None
    delay: float = 0.0
    error: Answered | None = None
    hang: bool = False
    cut: bool = False
    raw: Sequence[Mapping[str, Any] | str] | None = None
    when: str | None = None
    usage: tuple[int, int] | None = None

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


@dataclass(frozen=True, slots=True)
class Script:
    """Turns in the order they are to be said. tools: False refuses requests with tools, as for a model without them."""

    turns: Sequence[Turn]
    model: str = "devstral-small-2"
    on_exhausted: OnExhausted = "error"
    tools: bool = True

    @classmethod
    def read(cls, path: Path) -> Script:
        """The script in a JSON file. Raises ScriptInvalid."""
        try:
            data = json.loads(path.read_bytes())
        except OSError as error:
            raise ScriptInvalid(f"The script {path} can't be read: {error.strerror}.") from error
        except ValueError as error:
            raise ScriptInvalid(f"The script {path} is not JSON: {error}.") from error
        return cls.parse(data)

    @classmethod
    def parse(cls, data: Any) -> Script:
        """A script from plain data: `{"model", "turns": [...], "on_exhausted", "tools"}`. Raises ScriptInvalid."""
        if isinstance(data, list):
            data = {"turns": data}
        _check_keys("The script", data, {"model", "turns", "on_exhausted", "tools"})
        turns = data.get("turns")
        if not isinstance(turns, list):
            raise ScriptInvalid('The script needs "turns", a list of objects.')
        exhausted = data.get("on_exhausted", "error")
        if exhausted not in get_args(OnExhausted):
            raise ScriptInvalid(f'"on_exhausted" must be one of {", ".join(get_args(OnExhausted))}, not {exhausted!r}.')
        model = data.get("model", cls.__dataclass_fields__["model"].default)
        tools = data.get("tools", True)
        if not isinstance(tools, bool):
            raise ScriptInvalid(f'"tools" must be true or false, not {tools!r}.')
        return cls([_turn(f"Turn {number}", turn) for number, turn in enumerate(turns, 1)], model, exhausted, tools)


Answering = Callable[[Sequence[Mapping[str, Any]]], Turn | None]
"""The next turn for a request's messages; None when there is none. Called on several threads."""


class Playback:
    """How far a script has been said. Safe to use from several threads."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._used = [False] * len(script.turns)
        self._lock = threading.Lock()

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> Turn | None:
        """The next turn for a request with these messages."""
        return self.take(_last_text(messages))

    def take(self, last: str) -> Turn | None:
        """The next turn for a request whose last user or tool message is `last`; None when none is left for it."""
        with self._lock:
            for position, turn in enumerate(self._script.turns):
                if not self._used[position] and (turn.when is None or turn.when in last):
                    self._used[position] = True
                    return turn
            repeats = self._script.on_exhausted == "repeat_last" and self._script.turns
            return self._script.turns[-1] if repeats else None


def _last_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last user or tool message."""
    content = next((message["content"] for message in reversed(messages) if message["role"] in ("user", "tool")), "")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _turn(where: str, data: Any) -> Turn:
    _check_keys(where, data, {item.name for item in fields(Turn)})
    values = dict(data)
    values["calls"] = tuple(_call(where, call) for call in values.get("calls", ()))
    if values.get("error") is not None:
        error = values["error"]
        _check_keys(f"{where}: error", error, {"status", "body", "headers"})
        if not isinstance(error.get("status"), int):
            raise ScriptInvalid(f'{where}: error needs "status", a number.')
        values["error"] = Answered(**error)
    if values.get("usage") is not None:
        prompt, completion = values["usage"]
        values["usage"] = (int(prompt), int(completion))
    for name, kind in {"text": str, "reasoning": str, "when": str, "finish": str, "hang": bool, "cut": bool}.items():
        if not isinstance(values.get(name, kind()), kind | None):
            raise ScriptInvalid(f"{where}: {name} must be a {kind.__name__}, not {values[name]!r}.")
    if isinstance(values.get("delay", 0), bool) or not isinstance(values.get("delay", 0), int | float):
        raise ScriptInvalid(f"{where}: delay must be a number of seconds, not {values['delay']!r}.")
    return Turn(**values)


def _call(where: str, data: Any) -> Call:
    _check_keys(f"{where}: call", data, {"name", "arguments"})
    call = Call(**{"name": None, **data})
    if not isinstance(call.name, str) or not isinstance(call.arguments, str | Mapping):
        raise ScriptInvalid(f'{where}: a call needs "name" and "arguments" (an object, or raw text).')
    return call


def _check_keys(where: str, data: Any, known: set[str]) -> None:
    if not isinstance(data, Mapping):
        raise ScriptInvalid(f"{where} must be an object, not {data!r}.")
    unknown = sorted(set(data) - known)
    if unknown:
        raise ScriptInvalid(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}.")
