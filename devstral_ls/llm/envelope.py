"""How many tokens a conversation has, with what its template puts around the texts.

A message costs the same wherever it stands, so that a growing conversation is counted one new message at a time. Only
two places are counted by what comes before: the assistant's bridge between a tool result and the user, which
`canonical.arrange` puts in, and two user messages in a row, which it joins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from devstral_ls.llm import tokens
from devstral_ls.llm.canonical import BRIDGE, tools_to_wire
from devstral_ls.llm.direct_messages import in_words
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)
from devstral_ls.llm.picture import uri_tokens
from devstral_ls.llm.profiles import Tokenizer

BEGINNING = 1
"""Of every conversation."""


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of text (the template's included) and of images."""

    text: int = 0
    images: int = 0

    @property
    def total(self) -> int:
        return self.text + self.images

    def __add__(self, other: Size) -> Size:
        return Size(self.text + other.text, self.images + other.images)


def message_size(message: Message, template: Tokenizer, before: Message | None = None) -> Size:
    """The tokens of one message; `before` is the one in front of it."""
    match message:
        case SystemMessage():
            return Size(2 + tokens.count(message.text))
        case UserMessage():
            images = sum(uri_tokens(image) for image in message.images)
            if isinstance(before, UserMessage):
                return Size(tokens.count(f"\n\n{message.text}"), images)
            bridge = message_size(BRIDGE, template).text if isinstance(before, ToolMessage) else 0
            return Size(2 + bridge + tokens.count(message.text), images)
        case AssistantMessage():
            if not message.calls and not message.text.strip():
                return Size()
            return Size(1 + tokens.count(message.text.rstrip(" ")) + _calls(message.calls, template))
        case ToolMessage():
            return Size(
                2 + tokens.count(message.text) + (0 if template == "v13" else 1 + tokens.count(message.call_id))
            )


def tools_size(tools: Sequence[ToolSpec]) -> Size:
    """The tokens of the tool list."""
    return Size(2 + tokens.count(json.dumps(tools_to_wire(tools), ensure_ascii=False))) if tools else Size()


def _calls(calls: Sequence[ToolCall], template: Tokenizer) -> int:
    if not calls:
        return 0
    if template == "v7":
        listed = [{"name": call.name, "arguments": dict(call.arguments or {}), "id": call.id} for call in calls]
        return 1 + tokens.count(_json(listed))
    each = 2 if template == "v13" else 3
    return sum(
        each
        + tokens.count(call.name)
        + tokens.count(_json(dict(call.arguments or {})))
        + (0 if template == "v13" else tokens.count(call.id))
        for call in calls
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class Tally:
    """The size of one conversation that grows; what was counted once is not counted again.

    Call `reset` when the conversation changed in any other way than by growing.
    """

    _counted: int = 0
    _size: Size = field(default_factory=Size)
    _last: Message | None = None
    _made_with: tuple[Tokenizer, bool, tuple[ToolSpec, ...] | None] | None = None
    _tools: tuple[Sequence[ToolSpec], Size] | None = None

    def size(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], template: Tokenizer, *, told: bool = False
    ) -> Size:
        """The size of a request with these messages and tools.

        told: the tools are described in the system message, calls and results are plain messages, and are counted so.
        """
        made_with = (template, tokens.is_exact(), tuple(tools) if told else None)
        if made_with != self._made_with or len(messages) < self._counted:
            self.reset()
        self._made_with = made_with
        text, images = self._size.text, self._size.images
        for index in range(self._counted, len(messages)):
            message = in_words(messages[index], tools) if told else messages[index]
            added = message_size(message, template, self._last)
            text, images, self._last = text + added.text, images + added.images, message
        self._counted, self._size = len(messages), Size(text, images)
        return Size(text + BEGINNING, images) + (Size() if told else self._tool_list(tools))

    def reset(self) -> None:
        """Count everything anew the next time."""
        self._counted, self._size, self._last, self._tools = 0, Size(), None, None

    def _tool_list(self, tools: Sequence[ToolSpec]) -> Size:
        if self._tools is None or self._tools[0] is not tools:
            self._tools = (tools, tools_size(tools))
        return self._tools[1]
