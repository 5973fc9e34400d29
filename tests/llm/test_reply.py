"""A response's bytes as a reply, in the ways that the layers only show together."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.backend import Part, Reply, TextPart
from devstral_ls.llm.reply import ReplyDecoder

from .wire.strategies import NAMES, texts


def decode(*pieces: bytes) -> tuple[list[Part], Reply]:
    decoder = ReplyDecoder(NAMES, new_id=lambda: "abcDEF123")
    parts = [part for piece in pieces for part in decoder.feed(piece)]
    last, reply = decoder.finish()
    return parts + last, reply


def test_text_arrives_as_it_is_sent() -> None:
    decoder = ReplyDecoder(NAMES)
    assert decoder.feed(b'data: {"choices": [{"delta": {"content": "He') == []
    assert decoder.feed(b'llo"}}]}\n\n') == [TextPart("Hello")]
    assert not decoder.done
    decoder.feed(b"data: [DONE]\n\n")
    assert decoder.done


def test_nothing_after_done_counts() -> None:
    _, reply = decode(
        b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n',
        b'data: [DONE]\n\ndata: {"choices": [{"delta": {"content": "b"}}]}\n\n',
    )
    assert (reply.text, reply.finish) == ("a", "stop")


def test_an_unreadable_chunk_is_flagged_and_the_rest_is_read() -> None:
    _, reply = decode(b'data: {"choices": [\n\ndata: {"choices": [{"delta": {"content": "a"}}]}\n\n')
    assert reply.text == "a"
    assert reply.flags == {"bad_json_chunk"}


def test_an_error_that_is_broken_json_is_still_an_error() -> None:
    _, reply = decode(b'data: {"error": "no "x" here"}\n\n')
    assert (reply.finish, reply.error) == ("error", 'no "x" here')


def test_events_without_an_empty_line_between_them_are_read() -> None:
    frames = [{"choices": [{"delta": {"content": text}, "finish_reason": None}]} for text in "ab"]
    _, reply = decode("".join(f"data: {json.dumps(frame)}\n" for frame in frames).encode())
    assert reply.text == "ab"


def test_a_surrogate_pair_may_be_split_over_two_chunks() -> None:
    _, reply = decode(
        b'data: {"choices": [{"delta": {"content": "a\\ud83d"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "\\ude42b\\ud83d"}}]}\n\n',
    )
    assert reply.text == "a🙂b\ufffd"


@given(st.lists(texts, max_size=4), st.binary(max_size=10), st.lists(st.integers(0, 60), max_size=20))
def test_how_the_bytes_are_cut_makes_no_difference(deltas: list[str], noise: bytes, lengths: list[int]) -> None:
    frames = [{"choices": [{"delta": {"content": text}, "finish_reason": None}]} for text in deltas]
    stream = noise + b"\n\n" + "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode()
    pieces = []
    rest = stream
    for length in lengths:
        pieces.append(rest[:length])
        rest = rest[length:]
    assert decode(*pieces, rest)[1] == decode(stream)[1]


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    decode(data)
    decode(b"data: " + data + b"\n\n")
