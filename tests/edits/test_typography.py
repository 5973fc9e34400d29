from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devstral_ls.edits.matching import replace

_ASCII = {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " ", "\u202f": " ", "…": "..."}
_FOLD = str.maketrans(_ASCII)
_TEXT = st.text(alphabet=[*_ASCII, *"ab \"'-\n"], max_size=30)


@settings(deadline=None)
@given(_TEXT, _TEXT, _TEXT, st.text(alphabet="xyz\n", max_size=6))
def test_an_ascii_reading_of_the_file_finds_the_place_and_leaves_the_rest_of_its_characters(
    before: str, start: str, end: str, inserted: str
) -> None:
    there = f"<{start}|{end}>"
    old = there.translate(_FOLD)
    assume(old != there and old not in before + there)
    new = old.replace("|", f"|{inserted}!")
    replaced = replace(before + there + "\n", old, new)
    assert replaced.text.startswith(before)
    assert replaced.text.translate(_FOLD) == before.translate(_FOLD) + new + "\n"
    if "\n" not in inserted:
        assert replaced.text == f"{before}<{start}|{inserted}!{end}>\n"
