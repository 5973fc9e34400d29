from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.diff import MAX_DIFFERENCES, Hunk, apply_hunks, diff_lines, diff_sequences
from devstral_ls.edits.lines import split_lines
from tests.edits.texts import edited, texts

pairs = texts().flatmap(lambda text: st.tuples(st.just(text), edited(text) | texts()))
words = st.lists(st.sampled_from("abcdef"), max_size=40)


def _check(old: str, new: str) -> tuple[Hunk, ...]:
    hunks = diff_lines(old, new)
    assert apply_hunks(old, hunks) == new
    lines = split_lines(old)
    end = -1
    for hunk in hunks:
        assert end < hunk.old_start <= hunk.old_end <= len(lines), "hunks are in order and don't touch"
        assert tuple(lines[hunk.old_start : hunk.old_end]) != hunk.new_lines, "a hunk changes something"
        end = hunk.old_end
    return hunks


@settings(deadline=None)
@given(pairs)
def test_applying_the_hunks_gives_the_new_text(pair: tuple[str, str]) -> None:
    _check(*pair)


@settings(deadline=None)
@given(words, words)
def test_the_hunks_are_as_few_lines_as_they_can_be_for_short_texts_without_unique_lines(
    one: list[str], other: list[str]
) -> None:
    old, new = [w for w in one for _ in range(2)], [w for w in other for _ in range(2)]
    hunks = diff_sequences(old, new)
    changed = sum(hunk.old_end - hunk.old_start + len(hunk.new_lines) for hunk in hunks)
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, mine in enumerate(old):
        for j, theirs in enumerate(new):
            longest[i + 1][j + 1] = longest[i][j] + 1 if mine == theirs else max(longest[i][j + 1], longest[i + 1][j])
    fewest = len(old) + len(new) - 2 * longest[-1][-1]
    if fewest <= MAX_DIFFERENCES:
        assert changed == fewest


def test_equal_texts_have_no_hunks() -> None:
    assert diff_lines("a\nb", "a\nb") == ()


@pytest.mark.parametrize(
    ("old", "new", "hunks"),
    [
        ("", "a\n", [Hunk(0, 0, ("a\n",))]),
        ("a\n", "", [Hunk(0, 1, ())]),
        ("a\nb", "a\nb\n", [Hunk(1, 2, ("b\n",))]),
        ("a\r\nb\r\n", "a\r\nb\n", [Hunk(1, 2, ("b\n",))]),
        ("a\rb\r", "a\rx\rb\r", [Hunk(1, 1, ("x\r",))]),
        ("a\n\fb\nc\n", "a\n\fb\nd\n", [Hunk(2, 3, ("d\n",))]),
        ("a\nb\nc\nd\ne\n", "A\nb\nc\nD\ne\n", [Hunk(0, 1, ("A\n",)), Hunk(3, 4, ("D\n",))]),
    ],
)
def test_hunks_name_lines_as_an_editor_counts_them(old: str, new: str, hunks: list[Hunk]) -> None:
    assert list(diff_lines(old, new)) == hunks


def test_an_inserted_function_is_one_hunk() -> None:
    old = "def f():\n    return 1\n\n\ndef h():\n    return 3\n"
    new = "def f():\n    return 1\n\n\ndef g():\n    return 2\n\n\ndef h():\n    return 3\n"
    assert [len(hunk.new_lines) for hunk in _check(old, new)] == [4]


def test_a_thousand_scattered_edits_in_5_mb_are_found_one_by_one() -> None:
    chance = random.Random(7)
    lines = [
        f"    line {i} = some_function(argument_{i % 97}, other)\n" if i % 3 else "    }\n" for i in range(120_000)
    ]
    changed = list(lines)
    places = sorted(chance.sample(range(0, len(lines), 3), 1000))
    for place in places:
        changed[place] = f"changed {place}\n"
    hunks = _check("".join(lines), "".join(changed))
    assert [hunk.old_start for hunk in hunks] == places


def test_large_texts_without_unique_lines_are_still_compared() -> None:
    size = 60_000
    same = "0\n" * size
    hunks = _check(same, same[:1000] + "1\n" + same[1000:50_000] + "2\n" + same[50_000:])
    assert [hunk.old_start for hunk in hunks] == [500, 25_000]
    chance = random.Random(7)
    noise, other = ("".join(chance.choice("abcdef") + "\n" for _ in range(size)) for _ in range(2))
    assert len(_check(noise, other)) == 1


def test_a_moved_block_keeps_the_longer_side_in_place() -> None:
    block = [f"moved {i}\n" for i in range(5)]
    rest = [f"rest {i}\n" for i in range(50)]
    hunks = diff_sequences(block + rest, rest + block)
    assert [(hunk.old_start, hunk.old_end, len(hunk.new_lines)) for hunk in hunks] == [(0, 5, 0), (55, 55, 5)]
