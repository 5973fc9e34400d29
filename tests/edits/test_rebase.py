from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.rebase import Conflict, rebase
from tests.edits.texts import edited, texts

pairs = texts().flatmap(lambda text: st.tuples(st.just(text), edited(text) | texts()))
triples = texts().flatmap(lambda text: st.tuples(st.just(text), edited(text), edited(text)))


@settings(deadline=None)
@given(pairs)
def test_what_one_side_left_alone_is_as_the_other_has_it(pair: tuple[str, str]) -> None:
    base, changed = pair
    assert rebase(base, changed, base) == changed
    assert rebase(base, base, changed) == changed


@settings(deadline=None)
@given(pairs)
def test_the_same_change_on_both_sides_is_made_once(pair: tuple[str, str]) -> None:
    base, changed = pair
    assert rebase(base, changed, changed) == changed


@settings(deadline=None)
@given(triples)
def test_the_sides_can_be_swapped(triple: tuple[str, str, str]) -> None:
    base, staged, current = triple
    try:
        merged = rebase(base, staged, current)
    except Conflict:
        with pytest.raises(Conflict):
            rebase(base, current, staged)
    else:
        assert rebase(base, current, staged) == merged


Change = tuple[bool, int, list[str]]


@st.composite
def _disjoint(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """Base, staged, current and both, from changes kept apart by lines nobody touched."""
    base, staged, current, both = [], [], [], []
    fresh = iter(range(1000))
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))

    def lines(most: int) -> list[str]:
        return [f"line {next(fresh)}{ending}" for _ in range(draw(st.integers(0, most)))]

    for _ in range(draw(st.integers(0, 6))):
        kept = [f"kept {next(fresh)}{ending}", *lines(2)]
        old, new = lines(3), lines(3)
        ours, theirs = draw(st.sampled_from([(old, new), (new, old), (new, new)]))
        base += kept + old
        staged += kept + ours
        current += kept + theirs
        both += kept + new
    return "".join(base), "".join(staged), "".join(current), "".join(both)


@settings(deadline=None)
@given(_disjoint())
def test_changes_apart_from_each_other_are_both_made_and_nothing_else_is_lost(texts: tuple[str, str, str, str]) -> None:
    base, staged, current, both = texts
    assert rebase(base, staged, current) == both


@settings(deadline=None)
@given(_disjoint())
def test_what_was_merged_already_is_not_made_again(texts: tuple[str, str, str, str]) -> None:
    base, staged, current, both = texts
    assert rebase(base, staged, both) == both
    assert rebase(base, both, current) == both


@settings(deadline=None)
@given(triples)
def test_no_line_that_either_side_deleted_comes_back(triple: tuple[str, str, str]) -> None:
    base, staged, current = triple
    try:
        merged = Counter(split_lines(rebase(base, staged, current)))
    except Conflict:
        return
    sides = [Counter(split_lines(text)) for text in (base, staged, current)]
    for line in sides[0]:
        if not (sides[1][line] and sides[2][line]):
            assert merged[line] <= sides[1][line] + sides[2][line], "it is there as often as one side put it there"
            if not sides[1][line] and not sides[2][line]:
                assert not merged[line]


@settings(deadline=None)
@given(triples)
def test_no_line_that_either_side_added_is_lost(triple: tuple[str, str, str]) -> None:
    base, staged, current = triple
    try:
        merged = split_lines(rebase(base, staged, current))
    except Conflict:
        return
    for line in {*split_lines(staged), *split_lines(current)} - set(split_lines(base)):
        assert line in merged


@pytest.mark.parametrize(
    ("base", "staged", "current", "where"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n", (2, 2)),
        ("a\nb\nc\n", "a\nB\nC\n", "new\na\nX\nY\nc\n", (3, 5)),
        ("a\nb\nc\n", "a\nB\nc\n", "a\nc\n", (2, 2)),
        ("a\nb\n", "a\nB\n", "a\n", (1, 1)),
        ("a\nb\n", "a\nB\n", "", (1, 1)),
        ("a\n", "a\nx\n", "a\ny\n", (2, 2)),
        ("a\nb\n", "A\nb\n", "a\nB\n", (1, 2)),
        ("a\r\nb\r\n", "a\r\nb2\r\n", "a\nb\n", (1, 2)),
        ("a", "a\nb", "a\nc", (1, 2)),
    ],
)
def test_different_changes_of_the_same_or_touching_lines_conflict(
    base: str, staged: str, current: str, where: tuple[int, int]
) -> None:
    with pytest.raises(Conflict) as conflict:
        rebase(base, staged, current)
    assert (conflict.value.start_line, conflict.value.end_line) == where


def test_a_conflict_says_where() -> None:
    with pytest.raises(Conflict, match=r"^line 2 changed in another way meanwhile$"):
        rebase("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n")
