from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.matching import replace
from devstral_ls.edits.reanchor import reanchor
from devstral_ls.edits.spans import Edit
from devstral_ls.errors import EditRefused
from tests.edits.texts import texts


def edits(text: str, *calls: tuple[str, str]) -> tuple[Edit, ...]:
    """What these edit_file calls, one after another, did to `text`."""
    made: tuple[Edit, ...] = ()
    for old, new in calls:
        replaced = replace(text, old, new)
        text = replaced.text
        made += replaced.edits
    return made


BASE = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"


@pytest.mark.parametrize(
    ("base", "calls", "current", "expected"),
    [
        (BASE, [("return 1", "return 11")], "import os\n\n" + BASE, "import os\n\n" + BASE.replace("1", "11")),
        # The same line was changed elsewhere: a merge by lines would conflict.
        (
            BASE,
            [("def f()", "def first()")],
            BASE.replace("f():", "f() -> int:"),
            BASE.replace("f()", "first() -> int", 1),
        ),
        # Moved as a whole.
        (
            BASE,
            [("def f():\n    return 1\n", "def f():\n    return 3\n")],
            "def g():\n    return 2\n\n\ndef f():\n    return 1\n",
            "def g():\n    return 2\n\n\ndef f():\n    return 3\n",
        ),
        # The second edit is of what the first one made.
        ("a\nb\n", [("a\n", "a\nnew\n"), ("new\n", "newer\n")], "0\na\nb\n", "0\na\nnewer\nb\n"),
        ("a\nb\n", [("b\n", "")], "b\na\n", "a\n"),
        ("a\r\nb\r\n", [("a\n", "a\nc\n")], "a\r\nb\r\nd\r\n", "a\r\nc\r\nb\r\nd\r\n"),
    ],
)
def test_each_edit_follows_its_old_text(base: str, calls: list[tuple[str, str]], current: str, expected: str) -> None:
    assert reanchor(edits(base, *calls), current) == expected


def test_what_was_found_through_a_relaxation_is_looked_for_as_the_file_has_it() -> None:
    base = "if x:\n\treturn 1\n"
    assert reanchor(edits(base, ("    return 1\n", "    return 2\n")), "y\n" + base) == "y\nif x:\n\treturn 2\n"


def test_a_file_whose_line_endings_were_changed_keeps_the_new_ones() -> None:
    made = edits("one\ntwo\nthree\n", ("two\n", "2\n2b\n"))
    assert reanchor(made, "one\r\ntwo\r\nthree\r\n") == "one\r\n2\r\n2b\r\nthree\r\n"


@pytest.mark.parametrize(
    ("edit", "current"),
    [
        pytest.param(Edit(0, "x = one\n", ""), "x = two\n", id="the old text is gone"),
        pytest.param(Edit(0, "x = one\n", ""), "x = one\ny\nx = one\n", id="it is there twice"),
        pytest.param(Edit(0, "x = one\n", "x = one\nadded\n"), "x = one\nadded\ny\n", id="it was made already"),
        pytest.param(Edit(0, "a\n", "added\na\n"), "y\nadded\na\n", id="it was made already above"),
        pytest.param(Edit(0, "x = 1", "x = 2"), "y\nmax = 1\n", id="a short text may be a part of another"),
        pytest.param(Edit(0, "return 1", "return 2"), "return 1000\n", id="a number goes on after it"),
        pytest.param(Edit(0, "", "new\n"), "someone else's\n", id="an empty file was filled"),
    ],
)
def test_without_one_certain_place_nothing_is_made(edit: Edit, current: str) -> None:
    assert reanchor([edit], current) is None


def test_one_edit_without_a_place_holds_back_the_others() -> None:
    assert reanchor([Edit(0, "a line\n", "another\n"), Edit(9, "gone\n", "")], "a line\n") is None


@settings(deadline=None)
@given(texts(), texts(most=4), st.data())
def test_in_the_text_the_edits_were_made_of_they_make_the_same_again_or_nothing(
    base: str, new: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(base)))
    old = base[start : data.draw(st.integers(start, len(base)))]
    try:
        replaced = replace(base, old, new)
    except EditRefused:
        return
    assert reanchor(replaced.edits, base) in (replaced.text, None)


@settings(deadline=None)
@given(texts(), texts(most=4).map(lambda text: text.removeprefix("\ufeff")), st.data())
def test_edits_that_are_there_already_are_never_made_twice(base: str, added: str, data: st.DataObject) -> None:
    """Insertions above or below a line, which leave their old text where it can be found again."""
    lines = base.splitlines(keepends=True) or [""]
    line = data.draw(st.sampled_from(lines))
    try:
        replaced = replace(base, line, data.draw(st.sampled_from([added + line, line + added])))
    except EditRefused:
        return
    if replaced.relaxation is None:
        assert reanchor(replaced.edits, replaced.text) is None
