"""An edit that was put on another text than its own is found by what the editor told, and what it should have been."""

from __future__ import annotations

import pytest

from devstral_ls.server.stray import Stray, find_stray
from devstral_ls.server.to_lsp import TextChange

LINES = [f"line {number}\n" for number in range(8)]
BEFORE = "".join(LINES)
AFTER = BEFORE.replace("line 4\n", "four\n")
CHANGE = TextChange("file:///a.py", 3, BEFORE, AFTER)


@pytest.mark.parametrize(
    ("typed", "came", "wanted"),
    [
        # A line above: the edit took the line before its own.
        ("mine\n" + BEFORE, ("mine\n" + BEFORE).replace("line 3\n", "four\n"), "mine\n" + AFTER),
        # In the very line: what was typed is gone, though the text is just what was expected.
        (BEFORE.replace("line 4\n", "line 4 of mine\n"), AFTER, BEFORE.replace("line 4\n", "line 4 of mine\n")),
    ],
)
def test_what_came_onto_typed_text_is_seen_and_put_right(typed: str, came: str, wanted: str) -> None:
    assert find_stray(CHANGE, [BEFORE, typed, came], "utf-16") == Stray(came, wanted)


@pytest.mark.parametrize(
    "texts",
    [
        [BEFORE, AFTER],
        [BEFORE, AFTER, AFTER + "mine\n"],
        [BEFORE, BEFORE + "mine\n", AFTER + "mine\n"],
        [BEFORE, BEFORE.replace("line 5\n", "mine\n"), AFTER.replace("line 5\n", "mine\n")],
        [BEFORE, AFTER, BEFORE, AFTER],
        [BEFORE, None, AFTER],
    ],
)
def test_what_came_where_it_belongs_is_left_alone(texts: list[str | None]) -> None:
    assert find_stray(CHANGE, texts, "utf-16") is None


TWO = TextChange("file:///a.py", 3, BEFORE, AFTER.replace("line 6\n", "six\n"))


@pytest.mark.parametrize(
    "on_the_way",
    [
        [BEFORE.replace("line 6\n", "six\n")],
        [AFTER],
        [BEFORE.replace("line 6\n", "six\n") + "\n", AFTER.replace("line 6\n", "six\n") + "\n"],
    ],
)
def test_edits_that_are_put_in_one_by_one_were_not_typed(on_the_way: list[str]) -> None:
    assert find_stray(TWO, [BEFORE, *on_the_way, TWO.after], "utf-16") is None


def test_what_is_typed_after_that_is_kept_and_where_it_is_in_the_way_nothing_is_guessed() -> None:
    typed = "mine\n" + BEFORE
    stray = find_stray(CHANGE, [BEFORE, typed, typed.replace("line 3\n", "four\n")], "utf-16")
    assert stray is not None
    assert stray.mended(stray.came + "more\n") == f"mine\n{AFTER}more\n"
    assert stray.mended(stray.came.replace("four\n", "five\n")) is None
