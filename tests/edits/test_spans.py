from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.diff import Hunk, apply_hunks, diff_lines
from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.matching import replace
from devstral_ls.edits.spans import Edit, hunks_of
from tests.edits.texts import texts


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str, tuple[Edit, ...]]:
    """A text, what some edits made of it, and the edits, which may overlap what others wrote."""
    before = now = draw(texts())
    edits = []
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(now)))
        end = draw(st.integers(start, min(len(now), start + 8)))
        new = draw(texts(most=3) | st.sampled_from(["", "\r", "\n", "x"]))
        edits.append(Edit(start, now[start:end], new))
        now = now[:start] + new + now[end:]
    return before, now, tuple(edits)


@settings(deadline=None, max_examples=200)
@given(edited())
def test_the_hunks_turn_the_one_text_into_the_other(given: tuple[str, str, tuple[Edit, ...]]) -> None:
    before, after, edits = given
    hunks = hunks_of(before, after, edits)
    assert apply_hunks(before, hunks) == after
    lines, end = split_lines(before), -1
    for hunk in hunks:
        assert end < hunk.old_start <= hunk.old_end <= len(lines), "hunks are in order and don't touch"
        assert tuple(lines[hunk.old_start : hunk.old_end]) != hunk.new_lines, "a hunk changes something"
        end = hunk.old_end


@settings(deadline=None)
@given(edited(), texts())
def test_edits_that_lead_elsewhere_are_not_believed(given: tuple[str, str, tuple[Edit, ...]], other: str) -> None:
    before, _, edits = given
    assert apply_hunks(before, hunks_of(before, other, edits)) == other


OLD = "@cache\ndef f():\n    return 1\n\n\n@cache\ndef h():\n    return 3\n"
NEW = "@cache\ndef g():\n    return 2\n\n\n"


@pytest.mark.parametrize(
    ("old", "new", "hunk"),
    [
        ("@cache\ndef h():\n", NEW + "@cache\ndef h():\n", Hunk(5, 5, tuple(split_lines(NEW)))),
        (
            "    return 1\n",
            "    return 1\n\n\n" + NEW.rstrip() + "\n",
            Hunk(3, 3, tuple(split_lines("\n\n" + NEW.rstrip() + "\n"))),
        ),
        ("return 1", "return 1 + 1", Hunk(2, 3, ("    return 1 + 1\n",))),
    ],
)
def test_an_insertion_stays_where_the_edit_put_it(old: str, new: str, hunk: Hunk) -> None:
    replaced = replace(OLD, old, new)
    assert hunks_of(OLD, replaced.text, replaced.edits) == (hunk,)


def test_a_deletion_stays_where_the_edit_made_it() -> None:
    before = OLD.replace("@cache\ndef h", NEW + "@cache\ndef h")
    replaced = replace(before, NEW + "@cache\ndef h", "@cache\ndef h")
    assert hunks_of(before, replaced.text, replaced.edits) == (Hunk(5, 10, ()),)


def test_without_edits_the_lines_are_compared() -> None:
    after = OLD.replace("return 1", "return 0")
    assert hunks_of(OLD, after) == hunks_of(OLD, after, ()) == diff_lines(OLD, after)


def test_an_edit_that_was_taken_back_leaves_no_hunk() -> None:
    assert hunks_of("a\nb\n", "a\nb\n", (Edit(0, "a", "x"), Edit(0, "x", "a"))) == ()
