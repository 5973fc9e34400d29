"""The event stream decoder, on streams as servers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.sse import SseDecoder


def decode(*chunks: bytes) -> list[str]:
    decoder = SseDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)] + decoder.finish()


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data:a\r\n\r\ndata: b\r\r", ["a", "b"]),
        (b":\n\n: keep-alive\r\n\r\ndata: a\n\n", ["a"]),
        (b"id: 3\nretry: 1000\ndata: a\n\n", ["a"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        ("data: a\u2028b\x85c\n\n".encode(), ["a\u2028b\x85c"]),
        (b"data: a\xff\n\n", ["a�"]),
        (b"data:  a \n\n", [" a "]),
        (b"data: a\n\ndata: cut o", ["a", "cut o"]),
        (b"event: error\ndata: it broke\n\n", ['{"error": "it broke"}']),
        (b'event: error\ndata: {"error": 1}\n\ndata: a\n\n', ['{"error": 1}', "a"]),
        (b"", []),
    ],
)
def test_events_are_read_and_everything_else_is_not(stream: bytes, expected: list[str]) -> None:
    assert decode(stream) == expected
    assert decode(*(stream[at : at + 1] for at in range(len(stream)))) == expected


_lines = st.lists(
    st.sampled_from([b"data: a", b"data:", b": b", b"event: error", b"\r", b"\n", b"\r\n", b"\xe2\x80\xa8", b"\xff"]),
    max_size=20,
).map(b"".join)


@given(_lines | st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=20))
def test_how_the_bytes_are_cut_makes_no_difference(stream: bytes, lengths: list[int]) -> None:
    chunks = []
    rest = stream
    for length in lengths:
        chunks.append(rest[:length])
        rest = rest[length:]
    assert decode(*chunks, rest) == decode(stream)
