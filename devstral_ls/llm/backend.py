"""What the agent needs of a model: stream a reply to a conversation."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from devstral_ls.llm.messages import Message, ToolCall, ToolSpec

ToolChoice = Literal["auto", "none", "required"]
Finish = Literal["stop", "tool_calls", "length", "error", "incomplete"]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model: the conversation so far and the tools on offer.

    max_tokens: the longest reply there is room for; None: as long as is configured. json: the answer is to be one JSON
    object; servers that can hold the model to it are asked to.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    tool_choice: ToolChoice = "auto"
    max_tokens: int | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class RequestSent:
    """The request is on its way; until the next part the server reads the prompt (minutes are normal)."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of the answer's text, as it arrives. Never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """A piece of the model's reasoning, as it arrives. Never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class CallPart:
    """The model has begun to write a call of this tool; the call itself comes with the `Reply`."""

    name: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """The attempt failed in a way that is worth another try; `reason` is one line for the user."""

    reason: str
    delay: float
    """Seconds until the next attempt."""
    lost: bool = False
    """Whether the server swallowed the reply while it streamed it; the next attempt doesn't stream."""

    @property
    def line(self) -> str:
        """What the user is told."""
        return f"{self.reason} Trying again in {math.ceil(self.delay)} s." if self.delay else self.reason


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the server or the model that the user should know; one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, always the last part of a stream.

    finish: `incomplete` when the stream ended without a finish reason, `error` when the server sent an error frame.
    recovered: how calls were found in the text ("marker", "json", ...), None for native calls.
    repaired: a name or the arguments of a native call needed repair.
    flags: diagnostics such as "empty_response" or "suspected_call".
    error: the server's own words when `finish` is "error"; why an `incomplete` reply broke off, where that is known.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage | None = None
    reasoning: str = ""
    recovered: str | None = None
    repaired: bool = False
    flags: frozenset[str] = frozenset()
    error: str | None = None


Part = RequestSent | Retrying | Remark | TextPart | ReasoningPart | CallPart | Reply


class Backend(Protocol):
    """A model behind some server."""

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Part]:
        """Parts of the reply as they arrive, a `Reply` last.

        Raises ModelError. Closing the iterator (or cancelling its reader) closes the connection, so that the server
        stops generating.
        """
        ...
