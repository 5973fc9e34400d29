"""The one form of a request that every server accepts.

Servers disagree about histories: some refuse a user message after a tool result, some an empty assistant, some ids that
are not nine alphanumeric characters, some a `null`. `arrange` turns any conversation into one that passes all of them;
the rest writes it down. Messages are values, so the bytes of a message never change from turn to turn and the server's
prefix cache serves everything before the newest ones.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from devstral_ls.llm.backend import Request
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)

Json = dict[str, Any]

# Between a tool result and the user: several templates demand that the assistant speaks first.
BRIDGE = AssistantMessage("Understood.")
# Where the history begins with the assistant, or ends with it.
OPENING = UserMessage("(The beginning of the conversation is left out.)")
CONTINUE = UserMessage("Continue.")
NO_RESULT = "No result: the call was not run."

_CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")


class RequestEncoder:
    """Requests as JSON, each message encoded once: a turn costs what is new in it."""

    def __init__(self) -> None:
        # Keyed by identity: messages hold dicts and can't be hashed. The message is kept, so its id stays taken.
        self._encoded: dict[int, tuple[Message, bytes]] = {}

    def encode(
        self,
        request: Request,
        *,
        model: str,
        temperature: float,
        max_tokens: int,
        stream: bool = True,
        include_usage: bool = True,
        response_format: Json | None = None,
    ) -> bytes:
        """The body of a chat completion request."""
        head: Json = {"model": model, "temperature": temperature, "max_tokens": max_tokens, "stream": stream}
        if stream and include_usage:
            head["stream_options"] = {"include_usage": True}
        if request.tools:
            head["tools"] = tools_to_wire(request.tools)
            head["tool_choice"] = request.tool_choice
        if response_format is not None:
            head["response_format"] = response_format
        arranged = arrange(request.messages)
        messages = b",".join([self._message(message) for message in arranged])
        self._forget_all_but(arranged)
        return _json_bytes(head)[:-1] + b', "messages": [' + messages + b"]}"

    def _message(self, message: Message) -> bytes:
        known = self._encoded.get(id(message))
        if known is not None:
            return known[1]
        encoded = _json_bytes(_to_wire(message))
        self._encoded[id(message)] = (message, encoded)
        return encoded

    def _forget_all_but(self, messages: Sequence[Message]) -> None:
        """Drop what this conversation doesn't use, once there is a lot of it (other conversations may take turns)."""
        if len(self._encoded) > 2 * len(messages) + 2000:
            used = {id(message) for message in messages}
            self._encoded = {key: value for key, value in self._encoded.items() if key in used}


def to_wire(messages: Sequence[Message]) -> list[Json]:
    """The conversation in canonical form, as plain data."""
    return [_to_wire(message) for message in arrange(messages)]


def tools_to_wire(tools: Sequence[ToolSpec]) -> list[Json]:
    """The tools on offer, as plain data."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
            },
        }
        for tool in tools
    ]


def arrange(messages: Sequence[Message]) -> list[Message]:
    """The conversation in the order and shape that every server accepts.

    One system message at most, first. Then user and assistant alternate; an assistant's calls are each answered, at
    once, in their order. The last message is the user's or a result. Messages that are fine come back as they are.
    """
    results: dict[str, deque[ToolMessage]] = defaultdict(deque)
    for message in messages:
        if isinstance(message, ToolMessage):
            results[message.call_id].append(message)
    out: list[Message] = []
    ids: set[str] = set()
    answers: set[int] = set()
    for message in messages:
        if isinstance(message, UserMessage):
            _add_user(out, message)
        elif isinstance(message, AssistantMessage):
            _add_assistant(out, message, results, ids, answers)
        elif isinstance(message, SystemMessage):
            _add_system(out, message)
        elif id(message) not in answers:
            # A result nobody asked for would be refused; as the user's words it is at least not lost.
            _add_user(out, UserMessage(f"Result of {message.name}:\n{message.text}"))
    if not out or not isinstance(out[-1], UserMessage | ToolMessage):
        out.append(CONTINUE)
    return out


def _add_system(out: list[Message], message: SystemMessage) -> None:
    if not out:
        out.append(message)
    elif len(out) == 1 and isinstance(out[0], SystemMessage):
        out[0] = SystemMessage(_joined(out[0].text, message.text))
    else:
        _add_user(out, UserMessage(message.text))


def _add_user(out: list[Message], message: UserMessage) -> None:
    last = out[-1] if out else None
    if isinstance(last, UserMessage):
        out[-1] = UserMessage(_joined(last.text, message.text), last.images + message.images)
        return
    if isinstance(last, ToolMessage):
        out.append(BRIDGE)
    out.append(message)


def _add_assistant(
    out: list[Message],
    message: AssistantMessage,
    results: Mapping[str, deque[ToolMessage]],
    ids: set[str],
    answers: set[int],
) -> None:
    if not message.calls and not message.text.strip():
        return
    calls = tuple(_with_valid_id(call, ids) for call in message.calls)
    asked = message.calls
    if any(call is not original for call, original in zip(calls, asked, strict=True)):
        message = replace(message, calls=calls)
    last = out[-1] if out else None
    if isinstance(last, AssistantMessage):
        # It has no calls: theirs would be answered by now.
        out[-1] = AssistantMessage(_joined(last.text, message.text), calls)
    else:
        if last is None or isinstance(last, SystemMessage):
            out.append(OPENING)
        out.append(message)
    for call, original in zip(calls, asked, strict=True):
        waiting = results.get(original.id)
        if not waiting:
            out.append(ToolMessage(call.id, call.name, NO_RESULT))
            continue
        result = waiting.popleft()
        answers.add(id(result))
        fits = (result.call_id, result.name) == (call.id, call.name)
        out.append(result if fits else replace(result, call_id=call.id, name=call.name))


def _with_valid_id(call: ToolCall, ids: set[str]) -> ToolCall:
    """The call with an id that is nine alphanumeric characters and new; the same history gives the same ids."""
    identity, attempt = call.id, 0
    while identity in ids or not _CALL_ID.fullmatch(identity):
        identity = hashlib.sha256(f"{call.id}/{attempt}".encode(errors="replace")).hexdigest()[:9]
        attempt += 1
    ids.add(identity)
    return call if identity == call.id else replace(call, id=identity)


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _to_wire(message: Message) -> Json:
    match message:
        case SystemMessage():
            return {"role": "system", "content": message.text}
        case UserMessage(images=()):
            return {"role": "user", "content": message.text}
        case UserMessage():
            text = [{"type": "text", "text": message.text}] if message.text else []
            images = [{"type": "image_url", "image_url": {"url": image}} for image in message.images]
            return {"role": "user", "content": [*text, *images]}
        case AssistantMessage():
            wire: Json = {"role": "assistant", "content": message.text}
            if message.calls:
                wire["tool_calls"] = [_call_to_wire(call) for call in message.calls]
            return wire
        case ToolMessage():
            return {
                "role": "tool",
                "tool_call_id": message.call_id,
                "name": _function_name(message.name),
                "content": message.text,
            }


def _call_to_wire(call: ToolCall) -> Json:
    # A broken call stands in the history as an empty object: unparsable arguments would be refused by some servers
    # from then on, and its result already says what was wrong.
    arguments = dict(call.arguments or {})
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": _function_name(call.name), "arguments": _arguments(arguments)},
    }


def _function_name(name: str) -> str:
    """The name a model made up, in the letters that servers allow for one."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64] or "unnamed"


def _arguments(arguments: Json) -> str:
    try:
        return json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(arguments), ensure_ascii=False)


def _finite(value: Any) -> Any:
    """`value` with NaN and the infinities, which JSON doesn't have, as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _json_bytes(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, from a reply cut within an emoji: no server's JSON parser takes it.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
