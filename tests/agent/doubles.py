"""A model that says what it was told to say, through the same protocol as a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from devstral_ls.llm.backend import Part, Reply, Request, RequestSent, TextPart
from devstral_ls.llm.messages import Message, ToolCall

_ids = count()


def call(name: str, **arguments: Any) -> ToolCall:
    """A well-formed call with an id of its own."""
    return ToolCall(f"call{next(_ids):05}", name, arguments)


def broken_call(name: str, error: str, raw: str = '{"file_path": "a') -> ToolCall:
    return ToolCall(f"call{next(_ids):05}", name, None, error, raw)


def calling(*calls: ToolCall, text: str = "", **more: Any) -> Reply:
    return Reply(text, calls, "tool_calls", **more)


@dataclass(frozen=True)
class Hang:
    """The model writes `text` and then never goes on."""

    text: str = ""


@dataclass(frozen=True)
class Fail:
    """The model writes `text` and then the connection breaks with `error`."""

    error: Exception
    text: str = ""


Turn = Reply | Sequence[Part] | Hang | Fail


@dataclass
class ScriptedBackend:
    """Answers with its turns in order. asked: the conversation each request had, as it was then."""

    turns: list[Turn]
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0
    """How many of its streams have been closed or read to their end."""

    model = "scripted"

    async def stream(self, request: Request) -> AsyncIterator[Part]:
        self.asked.append(tuple(request.messages))
        self.requests.append(request)
        turn = self.turns.pop(0)
        try:
            yield RequestSent()
            if isinstance(turn, Reply):
                for start in range(0, len(turn.text), 7):
                    yield TextPart(turn.text[start : start + 7])
                yield turn
            elif isinstance(turn, Hang | Fail):
                if turn.text:
                    yield TextPart(turn.text)
                if isinstance(turn, Fail):
                    raise turn.error
                self.hanging.set()
                await asyncio.Event().wait()
            else:
                for part in turn:
                    yield part
        finally:
            self.closed += 1
