"""The judges themselves: they let the canonical request pass, and name what they refuse."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from devstral_ls.scripted import Script, ScriptedServer, Turn
from tests.doubles.judges import objection, validators_objection

CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USER = {"role": "user", "content": "hi"}


def request(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"model": "devstral-small-2", "temperature": 0.15, "max_tokens": 10, "messages": list(messages)}


def test_a_sound_request_passes_them_all() -> None:
    result = {"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": "r"}
    assert objection(request(USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, result)) is None


@pytest.mark.parametrize(
    "body",
    [
        request(USER, {"role": "assistant", "content": "", "tool_calls": [{**CALL, "id": "call_1"}]}),
        request(USER, {"role": "assistant", "content": "the last word"}),
        request(USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "system", "content": "s"}),
    ],
)
def test_what_mistral_common_refuses_is_named(body: dict[str, Any]) -> None:
    assert str(validators_objection(body)).startswith("mistral-common v7: ")
    assert str(objection(body)).startswith("the rules: ")


@pytest.mark.refused_requests
def test_a_request_that_no_server_takes_is_refused_by_the_scripted_one_too() -> None:
    with ScriptedServer(Script([Turn("Hello.")])) as server:
        body = json.dumps(request(USER, USER)).encode()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server.base_url}/chat/completions", body)
        refused.value.close()
        assert server.requests == [request(USER, USER)]
    assert refused.value.code == 400
