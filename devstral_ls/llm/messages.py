"""A conversation with a model, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call the model made.

    id: nine alphanumeric characters, ours, unique in the conversation (what the server sent is never echoed).
    arguments: the parsed object, or None when the model's text is no JSON object; then `error` is one of
        "truncated" (cut off by the token limit or a broken stream), "invalid_json" or "not_object".
    raw: the arguments as the model wrote them, for messages about a broken call.
    repaired: the name or the arguments needed repair.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] | None
    error: str | None = None
    raw: str = ""
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class SystemMessage:
    text: str


@dataclass(frozen=True, slots=True)
class UserMessage:
    text: str
    images: tuple[str, ...] = ()
    """Data URIs (`data:image/png;base64,...`)."""


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """The result of one call, paired with it by id."""

    call_id: str
    name: str
    text: str


Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it; `parameters` is a JSON schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
