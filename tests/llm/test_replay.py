"""What servers really send, as recorded or derived from their code, decoded in every way it can arrive.

`wire_cases.json` is what was recorded; `own_cases.json` is what else can be expected of the same formats and quirks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.llm.replay import run_case, stream_bytes

_CASES: list[dict[str, Any]] = [
    case
    for name in ("wire_cases.json", "own_cases.json")
    for case in json.loads(Path(__file__).with_name(name).read_bytes())["cases"]
]
_STREAMS = [case for case in _CASES if "http" not in case]
_CONTENTS = [case for case in _CASES if "content" in case]


def expected(case: dict[str, Any]) -> dict[str, Any]:
    outcome = dict(case["expected"])
    if "flags" in outcome:
        outcome["flags"] = sorted(outcome["flags"])
    return outcome


def by_id(case: dict[str, Any]) -> str:
    return str(case["id"])


def at_random(seed: int) -> Callable[[bytes], Iterable[bytes]]:
    def cut(data: bytes) -> Iterable[bytes]:
        lengths = random.Random(seed)
        while data:
            length = lengths.choice([1, 2, 3, 7, 40, 300])
            yield data[:length]
            data = data[length:]

    return cut


def bytewise(data: bytes) -> Iterable[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


@pytest.mark.parametrize("case", _CASES, ids=by_id)
def test_a_recorded_exchange_gives_the_expected_reply(case: dict[str, Any]) -> None:
    assert run_case(case) == expected(case)


@pytest.mark.parametrize("case", _STREAMS, ids=by_id)
def test_reads_of_any_size_give_the_same_reply(case: dict[str, Any]) -> None:
    assert run_case(case, cut=bytewise) == expected(case)
    for seed in range(5):
        assert run_case(case, cut=at_random(seed)) == expected(case)


@pytest.mark.parametrize("case", _STREAMS, ids=by_id)
def test_a_missing_done_makes_no_difference(case: dict[str, Any]) -> None:
    assert b"[DONE]" not in stream_bytes(case, done=False)
    assert run_case(case, done=False) == expected(case)


@pytest.mark.parametrize("case", _CONTENTS, ids=by_id)
def test_one_character_per_delta_gives_the_same_reply(case: dict[str, Any]) -> None:
    assert run_case(case, one_character_per_delta=True) == expected(case)
    assert run_case(case, one_character_per_delta=True, cut=at_random(0)) == expected(case)


@pytest.mark.parametrize("case", _CONTENTS, ids=by_id)
def test_a_message_that_was_not_streamed_gives_the_same_reply(case: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": case["content"]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": case.get("finish", "stop")}]}
    whole = {"tools": case["tools"], "request": case.get("request"), "http": {"status": 200, "body": body}}
    assert run_case(whole) == expected(case)


@pytest.mark.parametrize("case", _CONTENTS, ids=by_id)
def test_two_deltas_split_anywhere_give_the_same_reply(case: dict[str, Any]) -> None:
    text, request = case["content"], case.get("request")
    for at in range(1, len(text)):
        deltas = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in (text[:at], text[at:])]
        deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": case.get("finish", "stop")}]})
        assert run_case({"tools": case["tools"], "request": request, "stream": deltas}) == expected(case)


def test_no_two_cases_have_the_same_name() -> None:
    names = [case["id"] for case in _CASES]
    assert len(names) == len(set(names))
