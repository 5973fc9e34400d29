"""Native calls, put together again from every way in which servers number, name and cut them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.llm.wire import Normaliser

NAMES = ("read_file", "bash", "read")
ARGUMENTS: tuple[dict[str, Any], ...] = ({"path": "a"}, {"command": "ls {}"}, {}, {"a": {"b": ["}"]}, "n": 1})

Call = tuple[str, dict[str, Any]]

calls = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(ARGUMENTS)), min_size=1, max_size=3)


def index_of(number: int, style: str) -> dict[str, Any]:
    if style == "missing":
        return {}
    indices = {"from 0": number, "from 1": number + 1, "always 0": 0, "text": str(number), "with gaps": 2 * number + 3}
    return {"index": indices[style]}


def id_of(number: int, style: str, *, first: bool) -> dict[str, Any]:
    if style == "missing":
        return {}
    if style == "always empty":
        return {"id": ""}
    if style == "one for all":
        return {"id": "call_0"}
    later: dict[str, dict[str, Any]] = {
        "then missing": {},
        "then null": {"id": None},
        "then 'null'": {"id": "null"},
        "then empty": {"id": ""},
    }
    return {"id": f"call_{number}"} if first or style == "in each" else later[style]


def name_of(name: str, style: str, position: int) -> dict[str, Any]:
    if style == "in pieces" and len(name) > 4:
        return {"name": (name[:3], name[3:])[position]} if position < 2 else {}
    if position == 0 or style == "in each":
        return {"name": name}
    later: dict[str, dict[str, Any]] = {"then empty": {"name": ""}, "then null": {"name": None}}
    return later.get(style, {})


def entries(wanted: Sequence[Call], index: str, identity: str, name: str, length: int) -> list[dict[str, Any]]:
    """The deltas of `wanted`, each argument text in pieces of `length` letters."""
    found = []
    for number, (called, arguments) in enumerate(wanted):
        text = json.dumps(arguments)
        # Where the name comes in pieces, the arguments come behind it.
        pieces = ["", ""] * (name == "in pieces") + [text[at : at + length] for at in range(0, len(text), length)]
        for position, piece in enumerate(pieces):
            function = {**name_of(called, name, position), "arguments": piece}
            ids = id_of(number, identity, first=position == 0)
            found.append({**index_of(number, index), **ids, "type": "function", "function": function})
    return found


@pytest.mark.parametrize("index", ["from 0", "from 1", "always 0", "missing", "text", "with gaps"])
@pytest.mark.parametrize(
    "identity",
    [
        *("in each", "then missing", "then null", "then 'null'", "then empty"),
        *("missing", "always empty", "one for all"),
    ],
)
@settings(max_examples=40)
@given(calls, st.sampled_from(["once", "in each", "then empty", "then null", "in pieces"]), st.integers(1, 30))
def test_calls_are_the_same_however_they_are_numbered_named_and_cut(
    index: str, identity: str, wanted: list[Call], name: str, length: int
) -> None:
    if identity == "one for all" and index in ("always 0", "missing"):
        # Nothing tells such calls apart.
        wanted = wanted[:1]
    deltas = entries(wanted, index, identity, name, length)
    for batches in ([deltas], [[delta] for delta in deltas]):
        normaliser = Normaliser(NAMES)
        for batch in batches:
            normaliser.feed({"choices": [{"index": 0, "delta": {"tool_calls": batch}}]})
        normaliser.feed({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
        _, reply = normaliser.finish()
        assert [(call.name, call.arguments) for call in reply.calls] == wanted
        assert (reply.text, reply.flags) == ("", frozenset())
