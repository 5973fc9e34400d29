from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from devstral_ls.edits.lines import contents_of, count_endings, dominant_ending, ending_of, split_lines, with_line_feeds
from tests.edits.texts import texts


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a\n"]),
        ("a\r\nb\rc\n", ["a\r\n", "b\r", "c\n"]),
        ("\r\r\n\n", ["\r", "\r\n", "\n"]),
        ("a\fb\vc\x1cd\x85e\u2028f\u2029g\n", ["a\fb\vc\x1cd\x85e\u2028f\u2029g\n"]),
    ],
)
def test_only_line_feeds_and_carriage_returns_end_a_line(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@settings(deadline=None)
@given(texts())
def test_lines_are_what_an_editor_counts_and_join_to_the_text(text: str) -> None:
    assert split_lines(text) == re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    assert "".join(split_lines(text)) == text
    assert count_endings(text) == sum(bool(ending_of(line)) for line in split_lines(text))


@settings(deadline=None)
@given(texts())
def test_a_text_with_line_feeds_has_the_same_lines(text: str) -> None:
    plain = with_line_feeds(text)
    assert "\r" not in plain
    assert contents_of(plain) == [line.removesuffix(ending_of(line)) for line in split_lines(text)]


@pytest.mark.parametrize(
    ("text", "ending"),
    [("", "\n"), ("a", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb\rc\n", "\r"), ("a\nb\r\n", "\n"), ("\n\n\r\n", "\n")],
)
def test_the_dominant_ending_is_that_of_most_lines(text: str, ending: str) -> None:
    assert dominant_ending(text) == ending
