"""Messages are found in the bytes however the bytes are cut."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.server.framing import FrameDecoder, FramingError, encode

VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(messages=st.lists(VALUES, max_size=5), cuts=st.lists(st.integers(0, 200), max_size=10))
def test_any_split_of_the_bytes_gives_the_same_messages(messages: list[object], cuts: list[int]) -> None:
    data = b"".join(encode(message) for message in messages)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    decoder = FrameDecoder()
    found = [body for start, end in pairwise(edges) for body in decoder.feed(data[start:end])]
    assert [json.loads(body) for body in found if isinstance(body, bytes)] == messages


def test_a_header_without_a_length_is_reported_and_the_next_message_is_found() -> None:
    found = FrameDecoder().feed(b"Content-Type: x\r\n\r\n" + encode({"a": 1}))
    assert isinstance(found[0], FramingError)
    assert found[1] == b'{"a":1}'


def test_a_stream_that_is_no_protocol_does_not_fill_the_memory() -> None:
    decoder = FrameDecoder()
    errors = [item for _ in range(100) for item in decoder.feed(b"x" * 4096)]
    assert len(errors) >= 1
    assert all(isinstance(item, FramingError) for item in errors)


def test_a_lone_surrogate_is_sent_as_an_escape() -> None:
    body = encode({"text": "\ud83d"}).split(b"\r\n\r\n")[1]
    assert json.loads(body) == {"text": "\ud83d"}
