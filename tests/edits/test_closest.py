from __future__ import annotations

import random

import pytest

from devstral_ls.edits.closest import Window, closest_window, column_of

LINES = [f"    value_{i} = compute({i % 97}, offset)" if i % 3 else "    }" for i in range(1, 100_000)]


@pytest.mark.parametrize(
    ("wanted", "start"),
    [
        (["    value_50000 = compute(45, ofset)"], 49_999),
        (["value_50000 = compute(45, offset)", "other", "    }"], 49_999),
        (["# a comment of mine", "    value_50000 = compute(45, offset)", "    }"], 49_998),
        ([line.replace("compute", "calculate") for line in LINES[70_000:70_300]], 70_000),
        ([*LINES[:500], "and one more"], 0),
    ],
)
def test_the_closest_lines_are_found_in_a_large_file(wanted: list[str], start: int) -> None:
    assert closest_window(LINES, wanted) == Window(start, start + len(wanted))


def test_a_window_ends_with_the_file() -> None:
    assert closest_window(["one line", "two lines"], ["two lines", "three lines"]) == Window(1, 2)


@pytest.mark.parametrize("wanted", [["completely different text"], [""], ["  ", ""], ["?!"]])
def test_nothing_is_close_to_an_unlike_text(wanted: list[str]) -> None:
    assert closest_window(LINES, wanted) is None
    assert closest_window([], wanted) is None


def test_a_part_of_a_very_long_line_is_found() -> None:
    chance = random.Random(7)
    line = " ".join(f"item_{chance.randrange(10**9)}" for _ in range(100_000))
    part = line[600_000:600_100]
    assert closest_window([line], [part + " and more"]) == Window(0, 1)
    assert column_of(line, part) == line.index(part)
