from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.escapes import escapes_in, unescaped
from devstral_ls.edits.matching import replace
from devstral_ls.errors import EditRefused

_CODE = st.text(alphabet='ab\\nt"\t\n ', max_size=30)


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


@settings(deadline=None)
@given(_CODE)
def test_undoing_escapes_once_undoes_one_level_of_escaping(text: str) -> None:
    assert unescaped(_escaped(text)) == text
    assert unescaped(_escaped(_escaped(text))) == _escaped(text)


@settings(deadline=None)
@given(_CODE)
def test_undoing_no_kind_changes_nothing(text: str) -> None:
    assert unescaped(text, ()) == text
    assert unescaped(text, tuple(kind for kind in 'nt"\\' if kind not in escapes_in(text))) == text


@settings(deadline=None)
@given(_CODE, _CODE)
def test_an_edit_escaped_throughout_is_made_as_meant_or_refused(old: str, new: str) -> None:
    old, new = f"({old})", f"({new})"
    text = f"before\n{old}\nafter\n"
    try:
        replaced = replace(text, _escaped(old), _escaped(new))
    except EditRefused:
        return
    if _escaped(old) != old and _escaped(old) not in text:
        assert replaced.text == f"before\n{new}\nafter\n"


@pytest.mark.parametrize(
    ("text", "kinds"), [("a", ()), (r"\n\t", ("n", "t")), (r"\\n", ("\\",)), (r"\d", ()), (r"\d\"", ('"',))]
)
def test_kinds_of_escapes_are_told_apart(text: str, kinds: tuple[str, ...]) -> None:
    assert escapes_in(text) == kinds
