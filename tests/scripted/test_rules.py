from __future__ import annotations

import copy
from typing import Any

import pytest

from devstral_ls.scripted.rules import refusal

CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USER = {"role": "user", "content": "hi"}
ASSISTANT = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": "r"}
FUNCTION = {"name": "f", "description": "F.", "parameters": {"type": "object", "properties": {}}}
REQUEST: dict[str, Any] = {
    "model": "m",
    "temperature": 0.15,
    "max_tokens": 10,
    "stream": True,
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": "auto",
    "messages": [{"role": "system", "content": "s"}, USER, ASSISTANT, RESULT],
}


def changed(**changes: Any) -> dict[str, Any]:
    request = {**copy.deepcopy(REQUEST), **changes}
    return {key: value for key, value in request.items() if value is not ...}


def with_call(**changes: Any) -> dict[str, Any]:
    call = {**CALL, **{key: value for key, value in changes.items() if key == "id"}}
    call["function"] = {"name": "f", "arguments": "{}", **{k: v for k, v in changes.items() if k != "id"}}
    result = {**RESULT, "tool_call_id": call["id"], "name": call["function"]["name"]}
    return changed(messages=[USER, {**ASSISTANT, "tool_calls": [call]}, result])


def test_the_canonical_request_passes() -> None:
    assert refusal(REQUEST) is None
    assert refusal(changed(tools=..., tool_choice=..., stream=False, stream_options=...)) is None


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ([], "must be a JSON object"),
        (changed(store=True), "body.store: Extra inputs are not permitted"),
        (changed(max_completion_tokens=1), "Extra inputs are not permitted"),
        (changed(temperature=...), "temperature must be given"),
        (changed(max_tokens=...), "max_tokens must be given"),
        (changed(stream=False), "stream_options needs stream"),
        (changed(tools=[]), "tools must not be an empty array"),
        (changed(tools=...), "tool_choice needs tools"),
        (changed(tool_choice="any"), "Invalid tool_choice: any"),
        (changed(tools=[{"type": "function", "function": {**FUNCTION, "parameters": {}}}]), "JSON schema"),
        (changed(tools=REQUEST["tools"] * 2), "offered twice"),
        (changed(messages=[]), "at least one message"),
        (changed(messages=[USER, USER]), "Unexpected role 'user' after role 'user'"),
        (changed(messages=[USER, ASSISTANT, RESULT, USER]), "Unexpected role 'user' after role 'tool'"),
        (changed(messages=[USER, RESULT]), "Unexpected role 'tool' after role 'user'"),
        (changed(messages=[USER, {"role": "system", "content": "s"}]), "Unexpected role 'system'"),
        (changed(messages=[ASSISTANT, RESULT]), "at the beginning"),
        (changed(messages=[USER, {"role": "assistant", "content": "x"}]), "Expected last role"),
        (changed(messages=[USER, {"role": "assistant", "content": ""}, USER]), "either content or tool_calls"),
        (changed(messages=[USER, {**ASSISTANT, "content": None}, RESULT]), "content not string"),
        (changed(messages=[USER, {**ASSISTANT, "tool_calls": []}, USER]), "tool_calls must not be empty"),
        (changed(messages=[USER, {**ASSISTANT, "reasoning_content": "r"}, RESULT]), "Extra inputs"),
        (changed(messages=[USER, ASSISTANT]), "Not the same number of function calls and responses"),
        (changed(messages=[USER, ASSISTANT, {**RESULT, "content": [{"type": "text", "text": "r"}]}]), "not string"),
        (changed(messages=[USER, ASSISTANT, RESULT, ASSISTANT, RESULT]), "Duplicate tool call id"),
        (changed(messages=[USER, ASSISTANT, {**RESULT, "name": "g"}]), "the result of f is named g"),
        (changed(messages=[{**USER, "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]), "URI"),
        (with_call(id="call_1234"), "Tool call id was call_1234"),
        (with_call(name="my.tool"), "Function name was my.tool"),
        (with_call(arguments=""), "Failed to parse tool call arguments"),
        (with_call(arguments='{"a": '), "Failed to parse tool call arguments"),
        (with_call(arguments='{"a": NaN}'), "NaN is not JSON"),
        (with_call(arguments="[]"), "not an object"),
        (with_call(arguments={}), "must be a string"),
    ],
)
def test_what_a_real_server_refuses_is_refused(request_: Any, reason: str) -> None:
    assert reason in (refusal(request_) or "accepted")
