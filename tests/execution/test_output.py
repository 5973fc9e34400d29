from __future__ import annotations

import pytest

from devstral_ls.execution.output import Collected, excerpt, plain


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"\x1b[1;31mred\x1b[0m \x1b[2K\x1b[1Gdone", "red done"),
        (b"\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "textlink"),
        (b"\x1b]52;c;ZXZpbA==\x07ok", "ok"),
        ("admin\u202e\u2066txt.exe\U000e0041".encode(), "admintxt.exe"),
        (b"10%\r50%\r100%\nnext\r\n", "100%\nnext\n"),
        (b"waiting\r", "waiting"),
        (b"a\tb\n\x00\x07\x7f", "a\tb\n"),
        (b"N\x08NA\x08A", "NA"),
        (b"\xff\xfe ok", "\ufffd\ufffd ok"),
        ("naïve 🎉 中\n".encode(), "naïve 🎉 中\n"),
    ],
)
def test_what_would_act_on_a_terminal_is_removed(printed: bytes, shown: str) -> None:
    assert plain(printed) == shown


def test_short_output_is_shown_whole() -> None:
    collected = Collected()
    for byte in b"one\ntwo\n":
        collected.feed(bytes([byte]))
    assert collected.shown() == ("one\ntwo\n", "", 0)


@pytest.mark.parametrize("count", [3_000, 300_000])
def test_long_output_keeps_whole_lines_of_head_and_tail(count: int) -> None:
    collected = Collected()
    everything = "".join(f"line {number}\n" for number in range(count)).encode()
    for start in range(0, len(everything), 60_000):
        collected.feed(everything[start : start + 60_000])
    head, tail, cut = collected.shown()
    assert head.startswith("line 0\n")
    assert tail.endswith(f"line {count - 1}\n")
    assert head.endswith("\n")
    assert tail.startswith("line ")
    assert len(head) + len(tail) <= 16 * 1024
    assert cut == len(everything) - len(head) - len(tail)
    assert everything.startswith(head.encode())
    assert everything.endswith(tail.encode())


def test_one_endless_line_is_cut_at_both_ends() -> None:
    collected = Collected()
    collected.feed(b"a" * 200_000 + b"z" * 200_000)
    head, tail, cut = collected.shown()
    assert set(head) == {"a"}
    assert set(tail) == {"z"}
    assert cut == 400_000 - len(head) - len(tail)


def test_colours_do_not_use_up_the_room_for_text() -> None:
    collected = Collected()
    collected.feed(b"\x1b[38;5;200mx\x1b[0m" * 4_000)
    assert collected.shown() == ("x" * 4_000, "", 0)


def test_an_excerpt_has_whole_lines_of_both_ends_and_says_that_something_is_missing() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    assert excerpt(text, 20, 20) == "line 0\nline 1\n[... left out ...]\nline 98\nline 99\n"
    assert excerpt(text, 500, 500) == text
