"""A conversation with tools as it is told to a model that knows none: in words, and JSON within them."""

from __future__ import annotations

import json
from collections.abc import Sequence

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
