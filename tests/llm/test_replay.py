"""What servers really send, as recorded or derived from their code, decoded in every way it can arrive."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from devstral_ls.llm.replay import run_case, stream_bytes

from .cases import CASES, CONTENTS, Case, expected, with_each

_STREAMS = [case for case in CASES if "http" not in case]


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


@with_each(CASES)
def test_a_recorded_exchange_gives_the_expected_reply(case: Case) -> None:
    assert run_case(case) == expected(case)


@with_each(_STREAMS)
def test_reads_of_any_size_give_the_same_reply(case: Case) -> None:
    assert run_case(case, cut=bytewise) == expected(case)
    for seed in range(5):
        assert run_case(case, cut=at_random(seed)) == expected(case)


@with_each(_STREAMS)
def test_a_missing_done_makes_no_difference(case: Case) -> None:
    assert b"[DONE]" not in stream_bytes(case, done=False)
    assert run_case(case, done=False) == expected(case)


@with_each(CONTENTS)
def test_one_character_per_delta_gives_the_same_reply(case: Case) -> None:
    assert run_case(case, one_character_per_delta=True) == expected(case)
    assert run_case(case, one_character_per_delta=True, cut=at_random(0)) == expected(case)


@with_each(CONTENTS)
def test_a_message_that_was_not_streamed_gives_the_same_reply(case: Case) -> None:
    message = {"role": "assistant", "content": case["content"]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": case.get("finish", "stop")}]}
    whole = {"tools": case["tools"], "request": case.get("request"), "http": {"status": 200, "body": body}}
    assert run_case(whole) == expected(case)


@with_each(CONTENTS)
def test_two_deltas_split_anywhere_give_the_same_reply(case: Case) -> None:
    text, request = case["content"], case.get("request")
    for at in range(1, len(text)):
        deltas = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in (text[:at], text[at:])]
        deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": case.get("finish", "stop")}]})
        assert run_case({"tools": case["tools"], "request": request, "stream": deltas}) == expected(case)


def test_no_two_cases_have_the_same_name() -> None:
    names = [case["id"] for case in CASES]
    assert len(names) == len(set(names))
