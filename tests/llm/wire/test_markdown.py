"""Code spans and fences in text that arrives in pieces."""

from __future__ import annotations

import pytest

from devstral_ls.llm.wire.markdown import CodeTracker


def inside(*pieces: str) -> bool:
    tracker = CodeTracker()
    for piece in pieces:
        tracker.feed(piece)
    tracker.settle("x")
    return tracker.inside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", False),
        ("a `b", True),
        ("a `b`", False),
        ("``a ` b", True),
        ("``a ` b``", False),
        ("it's a lone ` here\nand on", False),
        ("```\ncode", True),
        ("```py\na\n```\n", False),
        ("```py\n``` not the end", False),
        ("```py\n```py", True),
        ("````\n```\n", True),
        ("  ```\na\n  ```\n", False),
        ("Like: ```js\na\n", True),
        ("Like: ```a``` so", False),
        ("~~~\n```\n", True),
        ("~~~\n~~~\n", False),
        ("~~approx~~ ~~~", False),
    ],
)
def test_the_next_character_is_code_or_not(text: str, expected: bool) -> None:
    assert inside(text) is expected
    assert inside(*text) is expected


def test_indentation_does_not_close_a_line() -> None:
    tracker = CodeTracker()
    tracker.feed("a\n  ")
    assert tracker.opens_line
    tracker.feed("b")
    assert not tracker.opens_line
