from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.explain import MAX_LINES
from devstral_ls.edits.matching import replace
from devstral_ls.errors import EditRefused

_NASTY = st.text(alphabet=list("ab \t\n\r\\nt\"'12.…“–\u00a0\u200b\ufeff\f\u2028\U0001f600"), max_size=30)


@settings(deadline=None)
@given(_NASTY, _NASTY, _NASTY, st.booleans())
def test_every_call_ends_in_a_changed_text_or_a_short_explanation(
    text: str, old: str, new: str, replace_all: bool
) -> None:
    try:
        replaced = replace(text, old, new, replace_all=replace_all)
    except EditRefused as refusal:
        lines = str(refusal).split("\n")
    else:
        lines = ["changed"] * len(replaced.regions) if replaced.text != text else []
    assert 1 <= len(lines) <= MAX_LINES


def _refusal(text: str, old: str, new: str = "new") -> str:
    with pytest.raises(EditRefused) as refused:
        replace(text, old, new)
    return str(refused.value)


def test_an_explanation_stays_short_however_long_the_texts_are() -> None:
    text = "".join(f"line {i} {'word ' * 500}\n" for i in range(2000))
    message = _refusal(text, text.replace("line 1500", "lane 1500"))
    assert "They first differ at line 1501, line 1501 of old_string" in message
    assert len(message.splitlines()) <= MAX_LINES
    assert len(message) < 6000


def test_several_mistakes_are_all_named() -> None:
    message = _refusal("def f(a):\n    return 'x'\n", '     1\tdef f(b):\n     2\t    return \\"x\\"\n')
    assert "line numbers that read_file prints" in message
    assert 'over-escaped: its \\" is nowhere in the file' in message
    assert "The closest text is lines 1-2:" in message


def test_the_caret_stands_under_the_first_difference_even_behind_invisible_characters() -> None:
    lines = _refusal("a\u200bbc defgh = 1\n", "a\u200bbc defgh = 2\n").splitlines()
    shown = next(line for line in lines if "old_string: " in line)
    caret = lines[lines.index(shown) + 1]
    assert shown[caret.index("^")] == "2"


def test_a_similar_text_is_shown_whatever_its_case_and_an_unlike_one_is_not() -> None:
    assert "The closest text is line 2" in _refusal("import os\nSELECT name FROM users\n", "select name from users")
    assert "Nothing in the file is much like it" in _refusal("import os\nprint(os.name)\n", "select name from users")
