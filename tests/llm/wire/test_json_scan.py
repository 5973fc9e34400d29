"""Where JSON ends and where it breaks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.wire.json_scan import JsonScanner, Scan

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.text(max_size=3), _values, max_size=3) | st.lists(_values, max_size=3)


def scan(*pieces: str) -> tuple[Scan, int]:
    scanner = JsonScanner()
    consumed = 0
    for piece in pieces:
        end = scanner.feed(piece)
        consumed += end
        if end < len(piece):
            break
    return scanner.status, consumed


@given(_objects, st.sampled_from([None, 1]), st.sampled_from(["", " ", "}", "x", '{"a"']))
def test_a_value_ends_where_its_json_ends(value: object, indent: int | None, behind: str) -> None:
    text = json.dumps(value, indent=indent)
    assert scan(text + behind) == (Scan.DONE, len(text))
    assert scan(*text, *behind) == (Scan.DONE, len(text))


@given(_objects)
def test_a_beginning_is_never_taken_for_the_whole_or_for_broken(value: object) -> None:
    text = json.dumps(value)
    for end in range(len(text)):
        assert scan(text[:end]) == (Scan.MORE, end)


@pytest.mark.parametrize(
    ("text", "position"),
    [("{a", 1), ('{"a" 1', 5), ('{"a": x', 6), ("[1 2]", 3), ('{"a": 1,}', 8), ("[}", 1), ("{]", 1), ('{"a": tru}', 9)],
)
def test_a_break_is_found_where_it_is(text: str, position: int) -> None:
    assert scan(text) == (Scan.BROKEN, position)
    assert scan(*text) == (Scan.BROKEN, position)


@given(st.text(alphabet='{}[]":,\\ \na1', max_size=20))
def test_one_character_at_a_time_gives_the_same(text: str) -> None:
    assert scan(*text) == scan(text)
