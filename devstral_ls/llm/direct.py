"""Tools for a server or a model without tool calling: described in words, called by a JSON object in the reply.

The agent sees the same conversation as ever. On its way to the model the tools go into the system message, calls and
results become plain messages; on its way back the JSON becomes calls again.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from devstral_ls.llm.backend import Backend, Part, Remark, Reply, Request, TextPart
from devstral_ls.llm.direct_reader import DirectReader
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)

INSTRUCTIONS = """\
How you use tools here
- Your whole reply is one JSON object: no prose around it, no code fence. It has one of two forms.
- To use a tool: {{"say": "why, in one sentence", "tool": "<its name>", "arguments": {{...}}}}. "say" may be left out.
- One tool per reply; its result is the next message.
- When you need no tool any more: {{"answer": "<text>"}}. The text, in Markdown, is all that the user reads.
- Never write a result yourself. Escape quotes, backslashes and line breaks as JSON does.

The tools, with the JSON schema of their arguments:
{tools}"""
WRITES_ON = "The model wrote on after its tool call; that part is left out."


class DirectBackend:
    """A backend whose model calls tools though its server knows of none."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        # Keyed by identity, the message kept: what is sent for a message stays the same object from turn to turn.
        self._told: dict[int, tuple[Message, Message]] = {}
        self._tools: Sequence[ToolSpec] = ()

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        return self._inner.model

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Parts of the reply as they arrive, a `Reply` last. Raises ModelError."""
        offers = bool(request.tools) and request.tool_choice != "none"
        reader = DirectReader([tool.name for tool in request.tools]) if offers else None
        stream = self._inner.stream(replace(self._in_words(request), json=offers))
        try:
            async for part in stream:
                if reader is None:
                    yield part
                elif isinstance(part, TextPart):
                    for read in reader.feed(part.text):
                        yield read
                elif isinstance(part, Reply):
                    parts, reply = reader.finish(part)
                    if "trailing_text" in reply.flags:
                        yield Remark(WRITES_ON)
                    for read in parts:
                        yield read
                    yield reply
                else:
                    yield part
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    def _in_words(self, request: Request) -> Request:
        """The request without tools: what they are, were asked and answered is text."""
        if request.tools != self._tools:
            self._told.clear()
            self._tools = request.tools
        messages = [self._tell(message) for message in request.messages]
        if self._tools and not any(isinstance(message, SystemMessage) for message in request.messages):
            messages.insert(0, SystemMessage(instructions(self._tools)))
        return replace(request, messages=messages, tools=(), tool_choice="auto")

    def _tell(self, message: Message) -> Message:
        known = self._told.get(id(message))
        if known is None:
            known = self._told[id(message)] = (message, in_words(message, self._tools))
        return known[1]


def in_words(message: Message, tools: Sequence[ToolSpec]) -> Message:
    """The message as it is told to a model that knows no tool messages."""
    match message:
        case SystemMessage() if tools:
            return SystemMessage(f"{message.text}\n\n{instructions(tools)}")
        case AssistantMessage(calls=()):
            return AssistantMessage(_json({"answer": message.text})) if tools and message.text.strip() else message
        case AssistantMessage():
            says = [{"say": message.text} if message.text.strip() else {}, *({} for _ in message.calls[1:])]
            return AssistantMessage(
                "\n".join(_json({**say, **_call(call)}) for say, call in zip(says, message.calls, strict=True))
            )
        case ToolMessage():
            return UserMessage(f"Result of {message.name}:\n{message.text}")
    return message


def instructions(tools: Sequence[ToolSpec]) -> str:
    """How to call these tools, for the end of the system message."""
    described = [
        f"- {tool.name}: {' '.join(tool.description.split())}\n  {_json(dict(tool.parameters) or {'type': 'object'})}"
        for tool in tools
    ]
    return INSTRUCTIONS.format(tools="\n".join(described))


def _call(call: ToolCall) -> dict[str, object]:
    return {"tool": call.name, "arguments": dict(call.arguments or {})}


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
