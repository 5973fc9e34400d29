from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.edits.diff import apply_hunks, diff_lines
from devstral_ls.edits.fates import fates
from tests.edits.texts import edited, texts

BEFORE = "".join(f"line {number}\n" for number in range(1, 13))
AFTER = BEFORE.replace("line 2\n", "two\n").replace("line 6\n", "").replace("line 10\n", "line 10\nnew\n")


def judged(now: str, before: str = BEFORE, after: str = AFTER) -> tuple[str, ...]:
    return fates(before, diff_lines(before, after), now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(AFTER, ("kept", "kept", "kept"), id="all of it"),
        pytest.param(BEFORE, ("missing", "missing", "missing"), id="nothing of it"),
        pytest.param(BEFORE.replace("line 6\n", ""), ("missing", "kept", "missing"), id="one hunk of three"),
        pytest.param("new first\n" + AFTER + "last\n", ("kept", "kept", "kept"), id="typed above and below"),
        pytest.param(AFTER.replace("line 8", "eight"), ("kept", "kept", "kept"), id="typed between"),
        pytest.param(AFTER.replace("two", "TWO"), ("overwritten", "kept", "kept"), id="a line written anew"),
        pytest.param(AFTER.replace("new\n", "new\nmore\n"), ("kept", "kept", "kept"), id="more right after it"),
        pytest.param(AFTER.replace("new\n", "new, mine\n"), ("kept", "kept", "altered"), id="more in a line put in"),
        pytest.param(AFTER.replace("new\n", "other\n"), ("kept", "kept", "missing"), id="another line for one put in"),
        pytest.param(AFTER.replace("line 3\n", "three\n"), ("kept", "kept", "kept"), id="the next line written anew"),
        pytest.param(
            BEFORE.replace("line 2\n", "my own\n"), ("overwritten", "missing", "missing"), id="changed otherwise"
        ),
        pytest.param(BEFORE.replace("line 11\n", "eleven\n"), ("missing",) * 3, id="beside what is not there"),
    ],
)
def test_each_hunk_is_judged_for_itself(now: str, expected: tuple[str, ...]) -> None:
    assert judged(now) == expected


def test_lines_put_in_among_their_like_are_found() -> None:
    before = "def f():\n    pass\n\n\ndef g():\n    pass\n"
    after = before.replace("def g", "def new():\n    pass\n\n\ndef g")
    for now in (after, "import os\n" + after, after + "x = 1\n"):
        assert judged(now, before, after) == ("kept",)


@given(texts(), st.data())
def test_any_part_of_a_change_is_recognised(before: str, data: st.DataObject) -> None:
    hunks = diff_lines(before, data.draw(edited(before)))
    taken = [data.draw(st.booleans()) for _ in hunks]
    now = apply_hunks(before, [hunk for hunk, is_taken in zip(hunks, taken, strict=True) if is_taken])
    if all(taken) or not any(taken):
        assert fates(before, hunks, now) == tuple("kept" if is_taken else "missing" for is_taken in taken)


@given(st.lists(st.sampled_from(["kept", "changed", "dropped", "followed"]), min_size=1, max_size=12), st.data())
def test_a_part_of_a_change_is_told_apart_among_what_the_user_typed(kinds: list[str], data: st.DataObject) -> None:
    """Lines that differ, so that every place is certain: any hunks taken, lines typed where nothing was proposed."""
    lines = [f"line {number}\n" for number in range(2 * len(kinds) + 1)]
    after = list(lines)
    for number, kind in enumerate(kinds):
        at = 2 * number + 1  # an unchanged line stands between any two
        after[at] = {"kept": lines[at], "changed": f"new {at}\n", "dropped": "", "followed": lines[at] + f"x{at}\n"}[
            kind
        ]
    before = "".join(lines)
    hunks = diff_lines(before, "".join(after))
    taken = [data.draw(st.booleans()) for _ in hunks]
    now = apply_hunks(before, [hunk for hunk, is_taken in zip(hunks, taken, strict=True) if is_taken])
    typed = "typed first\n" * data.draw(st.booleans()) + now + "typed last\n" * data.draw(st.booleans())
    assert fates(before, hunks, typed) == tuple("kept" if is_taken else "missing" for is_taken in taken)
