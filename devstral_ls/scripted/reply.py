"""What every manner is made of: a reply about to be sent, and the pieces that its frames are put together from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from devstral_ls.scripted.script import Call, Turn

Manner = Literal["vllm", "ollama", "llama.cpp", "mistral", "lmstudio", "transformers"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

CREATED = 1_765_000_000
DONE = "data: [DONE]\n\n"

Json = dict[str, Any]
Stream = Iterator[tuple[str, bool]]
"""Pairs of (event, whether it carries the finish reason)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A turn about to be sent. number: counts the server's replies, so that ids differ between them.

    old: as versions before the current ones sent it. calls_tools: False where calls come as text.
    """

    turn: Turn
    model: str
    number: int
    prompt_tokens: int
    include_usage: bool = False
    old: bool = False
    calls_tools: bool = True

    @property
    def usage(self) -> Json:
        prompt, completion = self.turn.usage or (self.prompt_tokens, self._completion_tokens())
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _completion_tokens(self) -> int:
        written = [self.turn.text, self.turn.reasoning, *(call.name + call.text for call in self.turn.calls)]
        return 1 + sum(len(pieces(text)) for text in written)


def pieces(text: str) -> list[str]:
    """Word-sized pieces that join to `text`."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def argument_pieces(text: str) -> list[str]:
    """Pieces of JSON that join to `text`, at least one."""
    return re.findall(r"\s*\w+|\s*[^\w\s]+|\s+\Z", text) or [""]


def printed(calls: tuple[Call, ...] | list[Call]) -> str:
    """Calls as they look once a tokenizer has skipped the special tokens: `read_file{..}bash{..}`."""
    return "".join(f"{call.name}{call.text}" for call in calls)


def call_id(reply: Reply, index: int) -> str:
    """Nine digits, different for every call of a server."""
    return f"{reply.number % 1_000_000:06d}{index % 1000:03d}"


def reply_id(manner: Manner, reply: Reply) -> str:
    return f"{reply.number:032x}" if manner == "mistral" else f"chatcmpl-{reply.number}"


def head(manner: Manner, reply: Reply) -> Json:
    """What every chunk of a stream begins with."""
    return {
        "id": reply_id(manner, reply),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": reply.model,
    }


def data(value: Mapping[str, Any]) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
