"""What the strictest of the real servers refuses in a chat completion request.

No single server enforces all of this. A request that passes here is accepted by vLLM with every mistral tokenizer,
llama.cpp's templates, Ollama, the Mistral API and transformers alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

_REQUEST_KEYS = {
    "model", "messages", "temperature", "top_p", "max_tokens", "stream", "stream_options", "stop", "tools",
    "tool_choice", "parallel_tool_calls", "response_format", "presence_penalty", "frequency_penalty", "n",
}  # fmt: skip
_MESSAGE_KEYS = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls"},
    "tool": {"role", "content", "tool_call_id", "name"},
}


def refusal(body: Any) -> str | None:
    """Why the request is refused, in one line; None when it is fine."""
    try:
        _check_request(body)
    except _Refused as refused:
        return str(refused)
    return None


class _Refused(Exception):
    pass


def _check(condition: bool, reason: str) -> None:
    if not condition:
        raise _Refused(reason)


def _check_request(body: Any) -> None:
    _check(isinstance(body, Mapping), "the request must be a JSON object")
    unknown = sorted(set(body) - _REQUEST_KEYS)
    _check(not unknown, f"body.{unknown[0] if unknown else ''}: Extra inputs are not permitted")
    _check(isinstance(body.get("model"), str), "model must be a string")
    temperature, max_tokens = body.get("temperature"), body.get("max_tokens")
    _check(_is_number(temperature) and temperature >= 0, "temperature must be given (Ollama forces 1.0 otherwise)")
    _check(isinstance(max_tokens, int) and max_tokens > 0, "max_tokens must be given, a positive integer")
    _check(isinstance(body.get("stream", False), bool), "stream must be true or false")
    if "stream_options" in body:
        _check(body.get("stream") is True, "stream_options needs stream: true")
        _check(isinstance(body["stream_options"], Mapping), "stream_options must be an object")
    if "tools" in body:
        _check_tools(body["tools"])
    if "tool_choice" in body:
        _check("tools" in body, "tool_choice needs tools")
        choice = body["tool_choice"]
        _check(choice in ("auto", "none", "required"), f"Invalid tool_choice: {choice}")
    _check_messages(body.get("messages"))


def _check_tools(tools: Any) -> None:
    _check(isinstance(tools, list) and bool(tools), "tools must not be an empty array: omit it instead")
    names = set()
    for tool in tools:
        _check(isinstance(tool, Mapping) and tool.get("type") == "function", 'a tool must have "type": "function"')
        function = tool.get("function")
        _check(isinstance(function, Mapping), 'a tool must have "function", an object')
        _check(set(function) <= {"name", "description", "parameters", "strict"}, "unknown key in a tool's function")
        _check_function_name(function.get("name"))
        _check(function["name"] not in names, f"tool {function['name']} is offered twice")
        names.add(function["name"])
        _check(isinstance(function.get("description"), str), "a tool's description must be a string")
        parameters = function.get("parameters")
        _check(
            isinstance(parameters, Mapping) and parameters.get("type") == "object",
            "a tool's parameters must be a JSON schema of an object",
        )


def _check_messages(messages: Any) -> None:
    _check(isinstance(messages, list) and bool(messages), "messages must be a list with at least one message")
    previous: str | None = None
    pending: dict[str, str] = {}
    seen: set[str] = set()
    for position, message in enumerate(messages):
        _check(isinstance(message, Mapping), f"messages[{position}] must be an object")
        role = message.get("role")
        _check(role in _MESSAGE_KEYS, f"Unexpected role {role!r}")
        unknown = sorted(set(message) - _MESSAGE_KEYS[role])
        _check(not unknown, f"messages[{position}].{unknown[0] if unknown else ''}: Extra inputs are not permitted")
        _check_content(position, role, message.get("content"))
        _check_order(role, previous, position)
        if role == "tool":
            _check_result(message, pending)
        else:
            _check(not pending, f"Not the same number of function calls and responses (before messages[{position}])")
        if role == "assistant":
            pending = _check_assistant(message, seen)
        previous = role
    _check(not pending, "Not the same number of function calls and responses (at the end)")
    _check(previous in ("user", "tool"), f"Expected last role User or Tool but got {previous}")


def _check_content(position: int, role: str, content: Any) -> None:
    if isinstance(content, str):
        return
    _check(role == "user" and isinstance(content, list) and bool(content), f"messages[{position}]: content not string")
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text":
            _check(isinstance(part.get("text"), str), f"messages[{position}]: a text part needs text")
        else:
            _check(kind == "image_url", f"messages[{position}]: unknown content part {kind!r}")
            url = part["image_url"].get("url") if isinstance(part.get("image_url"), Mapping) else None
            _check(
                isinstance(url, str) and url.startswith("data:image/"),
                f"messages[{position}]: an image must be a data URI (Ollama fetches nothing)",
            )


def _check_order(role: str, previous: str | None, position: int) -> None:
    allowed = {
        "system": (None,),
        "user": (None, "system", "assistant"),
        "assistant": ("user", "tool"),
        "tool": ("assistant", "tool"),
    }
    after = f"after role {previous!r}" if previous else "at the beginning"
    _check(previous in allowed[role], f"Unexpected role {role!r} {after} (messages[{position}])")


def _check_assistant(message: Mapping[str, Any], seen: set[str]) -> dict[str, str]:
    """The calls of an assistant message, id -> name."""
    calls = message.get("tool_calls", [])
    _check("tool_calls" not in message or (isinstance(calls, list) and bool(calls)), "tool_calls must not be empty")
    _check(
        bool(calls) or bool(message["content"].strip()),
        "Assistant message must have either content or tool_calls, but not none.",
    )
    pending: dict[str, str] = {}
    for call in calls:
        _check(
            isinstance(call, Mapping) and set(call) == {"id", "type", "function"} and call["type"] == "function",
            "a tool call must have exactly id, type (function) and function",
        )
        identity = call["id"]
        _check(
            isinstance(identity, str) and CALL_ID.fullmatch(identity) is not None,
            f"Tool call id was {identity} but must be a-z, A-Z, 0-9, with a length of 9.",
        )
        _check(identity not in seen, f"Duplicate tool call id {identity}")
        seen.add(identity)
        function = call["function"]
        _check(
            isinstance(function, Mapping) and set(function) == {"name", "arguments"},
            "a tool call's function must have exactly name and arguments",
        )
        _check_function_name(function["name"])
        _check_arguments(function["arguments"])
        pending[identity] = function["name"]
    return pending


def _check_arguments(arguments: Any) -> None:
    _check(isinstance(arguments, str), "tool call arguments must be a string of JSON")
    try:
        parsed = json.loads(arguments, parse_constant=lambda name: _check(False, f"{name} is not JSON"))
    except ValueError as error:
        raise _Refused(f"Failed to parse tool call arguments as JSON: {error}") from None
    _check(isinstance(parsed, dict), "invalid tool call arguments: not an object")


def _check_result(message: Mapping[str, Any], pending: dict[str, str]) -> None:
    identity = message.get("tool_call_id")
    _check(identity in pending, f"Unexpected tool call id {identity} in tool results")
    name = pending.pop(str(identity))
    _check(message.get("name", name) == name, f"the result of {name} is named {message.get('name')}")


def _check_function_name(name: Any) -> None:
    _check(
        isinstance(name, str) and FUNCTION_NAME.fullmatch(name) is not None,
        f"Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, "
        "with a maximum length of 64.",
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
