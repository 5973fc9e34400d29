"""Chunks as servers send them, and chunks as no server should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.backend import CallPart, Part, Reply, TextPart, Usage
from devstral_ls.llm.wire import Normaliser, new_call_id

from .strategies import NAMES, texts


def entry(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


def chunk(content: Any = None, *entries: Any, finish: Any = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, "tool_calls": [*entries]}, "finish_reason": finish}]}


def read(*chunks: Any, tool_choice: Any = "auto") -> tuple[list[Part], Reply]:
    normaliser = Normaliser(NAMES, tool_choice, new_id=lambda: "abcDEF123")
    parts = [part for piece in chunks for part in normaliser.feed(piece)]
    last, reply = normaliser.finish()
    return parts + last, reply


def calls(reply: Reply) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments if call.error is None else call.error) for call in reply.calls]


LS = '{"command": "ls"}'
BASH = ("bash", {"command": "ls"})


@pytest.mark.parametrize(
    "entries",
    [
        [entry("bash", LS, id="a", index=0), entry("read", "{}", id="b", index=0)],
        [entry("bash", LS, id="a", index=1), entry("read", "{}", id="b", index=2)],
        [entry("bash", LS, id="a"), entry("read", "{}", id="b")],
        [entry("bash", LS), entry("read", "{}")],
        [entry("bash", LS, index=0), entry("read", "{}", index=0)],
        [entry("bash", "", id="a", index=0), entry("", LS, id="null", index=0), entry("read", None, id="b", index=1)],
        [
            entry("ba", id="a", index=0),
            entry("sh", "", index=0),
            entry(None, LS, index=0),
            entry("read", "{}", index=1),
        ],
        [entry(None, LS, index=0), entry("bash", None, index=0), entry("read", {}, index=1)],
        [
            entry("bash", LS[:5], id="a", index=0),
            entry("bash", LS[5:], id="a", index=0),
            entry("read", id="b", index=1),
        ],
        [entry("bash", {"command": "ls"}, id="a"), entry("read", {}, id="b")],
        [{"name": "bash", "arguments": LS, "id": "a"}, {"name": "read", "id": "b"}],
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(entries: list[Any]) -> None:
    for chunks in ([chunk(None, *entries)], [chunk(None, one) for one in entries]):
        parts, reply = read(*chunks, chunk(finish="tool_calls"))
        assert (calls(reply), reply.finish) == ([BASH, ("read", {})], "tool_calls")
        assert parts == [CallPart("bash"), CallPart("read")]


@pytest.mark.parametrize(
    ("finish", "has_call", "expected", "flags"),
    [
        ("stop", True, "tool_calls", set()),
        ("tool_calls", True, "tool_calls", set()),
        ("length", True, "length", set()),
        ("model_length", False, "length", set()),
        ("tool_calls", False, "stop", {"tool_calls_without_calls"}),
        (None, False, "incomplete", set()),
        ("error", False, "error", set()),
        ("content_filter", False, "stop", set()),
        (["stop"], False, "incomplete", set()),
    ],
)
def test_the_finish_follows_from_what_was_sent(finish: Any, has_call: bool, expected: str, flags: set[str]) -> None:
    entries = [entry("bash", LS, id="a")] if has_call else []
    _, reply = read(chunk("text", *entries), chunk(finish=finish))
    assert reply.finish == expected
    assert reply.flags == flags


def test_only_the_last_of_several_calls_can_be_cut_off() -> None:
    entries = [entry("bash", "", id="a", index=0), entry("read", "", id="b", index=1)]
    _, reply = read(chunk(None, *entries, finish="length"))
    assert calls(reply) == [("bash", {}), ("read", "truncated")]


def test_an_entry_without_a_name_is_dropped_and_flagged() -> None:
    _, reply = read(chunk("Hi", entry("", "", id=""), finish="tool_calls"))
    assert (reply.text, reply.calls, reply.finish) == ("Hi", (), "stop")
    assert reply.flags == {"empty_call_dropped", "tool_calls_without_calls"}


def test_a_name_that_is_none_is_shown_as_text() -> None:
    _, reply = read(chunk(None, entry("[", "not json"), finish="tool_calls"))
    assert (reply.text, reply.calls) == ("[not json", ())


def test_text_swept_into_arguments_follows_the_text() -> None:
    parts, reply = read(chunk("Look."), chunk(None, entry("bash", LS + "\n\nDone.", id="a"), finish="stop"))
    assert (reply.text, reply.repaired, reply.calls[0].repaired) == ("Look.\n\nDone.", True, True)
    assert parts == [TextPart("Look."), CallPart("bash"), TextPart("\n\nDone.")]


def test_text_is_not_searched_for_calls_beside_a_native_call() -> None:
    leaked = '[TOOL_CALLS]bash[ARGS]{"command": "ls"}'
    for chunks in (
        [chunk(leaked), chunk(None, entry("read", "{}"))],
        [chunk(None, entry("read", "{}")), chunk(leaked)],
    ):
        parts, reply = read(*chunks, chunk(finish="stop"))
        assert (reply.text, calls(reply), reply.recovered) == (leaked, [("read", {})], None)
        assert "".join(part.text for part in parts if isinstance(part, TextPart)) == leaked


def test_text_is_not_searched_for_calls_when_none_were_allowed() -> None:
    _, reply = read(chunk('[TOOL_CALLS]bash[ARGS]{"command": "ls"}', finish="stop"), tool_choice="none")
    assert reply.calls == ()


def test_a_message_in_place_of_a_delta_counts() -> None:
    _, reply = read({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    assert (reply.text, reply.finish) == ("Hi", "stop")


def test_the_old_function_call_counts() -> None:
    delta = {"function_call": {"name": "bash", "arguments": LS}}
    _, reply = read({"choices": [{"delta": delta, "finish_reason": "function_call"}]})
    assert (calls(reply), reply.finish) == ([BASH], "tool_calls")


def test_an_error_ends_the_reply_with_what_was_received() -> None:
    normaliser = Normaliser(NAMES)
    normaliser.feed(chunk("Hi"))
    normaliser.feed({"error": {"message": "prompt too long", "type": "x"}})
    _, reply = normaliser.finish()
    assert (reply.text, reply.finish, reply.error) == ("Hi", "error", "prompt too long")
    assert normaliser.fault is not None
    assert normaliser.fault.kind == "context_overflow"


def test_the_last_usage_counts() -> None:
    _, reply = read(
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 0}},
        {"choices": [], "usage": None},
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
        {"choices": [], "usage": {"prompt_tokens": "many"}},
    )
    assert reply.usage == Usage(5, 2)


def test_a_turn_without_anything_is_flagged() -> None:
    _, reply = read(chunk("", finish="stop"))
    assert reply.flags == {"empty_response"}


def test_our_ids_are_nine_alphanumerics() -> None:
    ids = {new_call_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(call_id) == 9 and call_id.isalnum() and call_id.isascii() for call_id in ids)


def test_every_call_gets_an_id_of_ours() -> None:
    numbers = iter(["aaaaaaaaa", "bbbbbbbbb"])
    normaliser = Normaliser(NAMES, new_id=lambda: next(numbers))
    normaliser.feed(chunk(None, entry("bash", "{}", id="call_1"), entry("read", "{}", id="call_2")))
    _, reply = normaliser.finish()
    assert [call.id for call in reply.calls] == ["aaaaaaaaa", "bbbbbbbbb"]


_KEYS = """
choices delta message content tool_calls function function_call name arguments index id finish_reason usage error type
prompt_tokens thinking text reasoning model object
"""
_keys = st.sampled_from(_KEYS.split())
_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.floats()
    | texts
    | st.sampled_from(["bash", "{}", "\ud83d", "stop"])
)
_json = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4), max_leaves=12
)
_deltas = st.fixed_dictionaries({}, optional={"content": _json, "tool_calls": st.lists(_json, max_size=3), "id": _json})
_chunks = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": _deltas}, optional={"finish_reason": _json}), max_size=2)},
    optional={"usage": _json, "error": _json, "model": _json},
)


@given(st.lists(_json | _chunks, max_size=4))
def test_no_chunk_raises(chunks: list[Any]) -> None:
    parts, reply = read(*chunks)
    reply.text.encode()
    reply.reasoning.encode()
    assert all(part.text for part in parts if isinstance(part, TextPart))
    assert all(call.name and (call.arguments is None) == (call.error is not None) for call in reply.calls)
