"""Tools for a server or a model without tool calling: described in words, called by a JSON object in the reply.

The agent sees the same conversation as ever. On its way to the model the tools go into the system message, calls and
results become plain messages; on its way back the JSON becomes calls again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from devstral_ls.llm.backend import Backend, Part, Remark, Reply, Request, TextPart
from devstral_ls.llm.direct_messages import in_words, instructions
from devstral_ls.llm.direct_reader import DirectReader
from devstral_ls.llm.messages import Message, SystemMessage, ToolSpec

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
