"""The token limit, seen from the count of tokens."""

from __future__ import annotations

from typing import Any

import pytest

from devstral_ls.llm.backend import Reply, Usage
from devstral_ls.llm.limit import within_limit
from devstral_ls.llm.messages import ToolCall
from devstral_ls.llm.replay import run_case

FIRST = ToolCall("aaaaaaaaa", "read_file", {"path": "a"})
LAST = ToolCall("bbbbbbbbb", "write_file", {"path": "a", "content": "def"})


def reply(tokens: int | None, **fields: Any) -> Reply:
    usage = None if tokens is None else Usage(100, tokens)
    return Reply(**{"text": "", "calls": (FIRST, LAST), "finish": "tool_calls", "usage": usage, **fields})


def test_a_call_that_used_up_all_tokens_was_cut_off_whatever_its_server_says() -> None:
    cut = within_limit(reply(64), 64)
    assert cut.finish == "length"
    assert [(call.arguments, call.error) for call in cut.calls] == [({"path": "a"}, None), (None, "truncated")]


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (reply(63), 64),
        (reply(None), 64),
        (reply(64), None),
        (reply(64, finish="length"), 64),
        (reply(64, finish="stop", calls=()), 64),
        (reply(64, recovered="marker"), 64),
    ],
)
def test_any_other_reply_stays_as_it_is(given: Reply, limit: Any) -> None:
    assert within_limit(given, limit) is given


def test_a_recorded_request_tells_its_limit() -> None:
    function = {"name": "write_file", "arguments": '{"path": "a", "content": "def"}'}
    call = {"index": 0, "id": "abcdefghi", "type": "function", "function": function}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    chunk = {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 20}}
    case = {"id": "closed", "tools": ["write_file"], "request": {"max_tokens": 20}, "stream": [chunk]}
    assert run_case(case)["tool_calls"] == [{"name": "write_file", "arguments": None, "error": "truncated"}]
    assert run_case(case | {"request": {}})["tool_calls"][0]["arguments"] == {"path": "a", "content": "def"}
