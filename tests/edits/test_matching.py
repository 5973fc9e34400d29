from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devstral_ls.edits.lines import with_line_feeds
from devstral_ls.edits.matching import Region, occurrences, replace
from devstral_ls.errors import EditRefused
from tests.edits.texts import texts

BIG = "".join(f"    value_{i} = compute({i % 97}, offset)\n" if i % 3 else "\n" for i in range(150_000))


@st.composite
def _cuts(draw: st.DrawFn, endings: tuple[str, ...]) -> tuple[str, str, str, int, int]:
    """A text, a piece of it that occurs once, its replacement, and the piece's place in the plain text."""
    text = draw(texts(endings))
    marked = draw(st.integers(text.count("\ufeff"), len(text)))
    assume(text[marked - 1 : marked + 1] != "\r\n")
    text = f"{text[:marked]}@{text[marked:]}"
    plain = with_line_feeds(text.removeprefix("\ufeff"))
    start = draw(st.integers(0, plain.index("@")))
    end = draw(st.integers(plain.index("@") + 1, len(plain)))
    return text, plain[start:end], draw(texts()), start, end


@settings(deadline=None)
@given(_cuts(("\n", "\r\n")) | _cuts(("\r",)))
def test_an_exact_edit_changes_the_text_as_a_plain_replacement_would(cut: tuple[str, str, str, int, int]) -> None:
    text, old, new, start, end = cut
    plain = with_line_feeds(text.removeprefix("\ufeff"))
    replaced = replace(text, old, new)
    assert replaced.relaxation is None
    assert replaced.text.startswith("\ufeff") or not text.startswith("\ufeff")
    result = replaced.text[1:] if text.startswith("\ufeff") else replaced.text
    assert with_line_feeds(result) == plain[:start] + with_line_feeds(new) + plain[end:]


@settings(deadline=None)
@given(_cuts(("\n", "\r\n", "\r")))
def test_an_exact_edit_leaves_every_character_outside_alone(cut: tuple[str, str, str, int, int]) -> None:
    text, old, new, start, end = cut
    mark = text[:1] if text.startswith("\ufeff") else ""
    plain = with_line_feeds(text[len(mark) :])
    result = replace(text, old, new).text
    before = next(
        i
        for i in range(len(text) + 1)
        if with_line_feeds(text[len(mark) : i]) == plain[:start] and i >= len(mark) and text[i - 1 : i + 1] != "\r\n"
    )
    after = next(
        i
        for i in range(before, len(text) + 1)
        if with_line_feeds(text[before:i]) == plain[start:end] and text[i - 1 : i + 1] != "\r\n"
    )
    assert result.startswith(text[:before])
    assert result.endswith(text[after:])


@settings(deadline=None)
@given(texts(("\r\n",)), texts(), texts())
def test_a_file_that_has_only_crlf_has_only_crlf_afterwards(text: str, old: str, new: str) -> None:
    try:
        replaced = replace(text, old, new, replace_all=True)
    except EditRefused:
        return
    if "\r\n" in text:
        assert not {"\r", "\n"} & set(replaced.text.replace("\r\n", ""))


_SEEN = str.maketrans({"“": '"', "”": '"', "’": "'", "–": "-", "\u00a0": " ", "…": "..."})
_NOISY = st.text(alphabet=list("ab \t\n\n\"'-.“”’–…\u00a0"), max_size=24)


@settings(deadline=None)
@given(_NOISY, _NOISY, st.just("new"), st.booleans())
def test_nothing_is_written_where_the_old_text_does_not_stand(text: str, old: str, new: str, replace_all: bool) -> None:
    """Blanks and typography aside: a relaxation may overlook how a text is set, never what it says."""
    try:
        replaced = replace(text, old, new, replace_all=replace_all)
    except EditRefused:
        return
    wanted, there = ("".join(part.translate(_SEEN).split()) for part in (old, text))
    assert wanted in there
    if not replace_all:
        assert replaced.text.count("new") == 1


_LINES = st.lists(st.sampled_from(["x", "  y", "", "\tz", "    }"]), max_size=5)


@settings(deadline=None)
@given(_LINES, _LINES, st.sampled_from([" ", "  ", "    ", "\t"]))
def test_a_replacement_moves_with_the_indentation(old: list[str], new: list[str], indent: str) -> None:
    def text(lines: list[str], indent: str = "") -> str:
        return "".join(f"{indent}{line}\n" if line else "\n" for line in lines)

    old = ["if old:", *old, "end"]
    new = ["if new:", *new]
    replaced = replace(text(["start:"]) + text(old, indent) + text(["stop"]), text(old), text(new))
    assert replaced.text == text(["start:"]) + text(new, indent) + text(["stop"])
    assert replaced.relaxation is not None
    assert replaced.relaxation.endswith("more indentation")
    back = replace(text(["start:"]) + text(old) + text(["stop"]), text(old, indent), text(new, indent))
    assert back.text == text(["start:"]) + text(new) + text(["stop"])


def test_an_edit_in_a_file_of_5_mb_changes_that_place_only() -> None:
    assert len(BIG) > 3_500_000
    for text in (BIG, BIG.replace("\n", "\r\n")):
        replaced = replace(text, "value_100001 = compute(91, offset)  \n".replace("  \n", ""), "value_100001 = 0")
        assert replaced.text == text.replace("value_100001 = compute(91, offset)", "value_100001 = 0")
        assert replaced.regions == (Region(100_002, 100_002),)


def test_a_failure_in_a_file_of_5_mb_still_names_the_closest_text() -> None:
    with pytest.raises(EditRefused, match=r"The closest text is lines 100002-100003:"):
        replace(BIG, "    value_100001 = compute(91, ofset)\n    value_100002 = something\n", "")


def test_every_occurrence_in_a_file_of_5_mb_can_be_replaced() -> None:
    replaced = replace(BIG, "offset", "delta\n", replace_all=True)
    assert replaced.text == BIG.replace("offset", "delta\n")
    assert len(replaced.regions) == BIG.count("offset")


def test_a_region_names_the_lines_of_the_new_text() -> None:
    text = "a\r\nb\r\nc\r\nb\r\n"
    replaced = replace(text, "b", "x\ny\nz", replace_all=True)
    assert replaced.text == "a\r\nx\r\ny\r\nz\r\nc\r\nx\r\ny\r\nz\r\n"
    assert replaced.regions == (Region(2, 4), Region(6, 8))


@pytest.mark.parametrize(
    ("text", "old", "region"),
    [
        ("a\nb\nc\n", "b\n", Region(2, 2)),
        ("a\nb\nc\n", "c\n", Region(2, 2)),
        ("a\n", "a\n", Region(1, 1)),
        ("a b", " b", Region(1, 1)),
    ],
)
def test_the_region_of_a_deletion_is_the_line_in_its_place(text: str, old: str, region: Region) -> None:
    assert replace(text, old, "").regions == (region,)


def test_replacements_in_one_line_share_a_region() -> None:
    assert replace("a a\na\n", "a", "b", replace_all=True).regions == (Region(1, 1), Region(2, 2))


def test_occurrences_are_lines_where_the_text_starts() -> None:
    assert occurrences("\ufeffa\r\nb\r\na\r\n", "a\n") == (1, 3)
    assert occurrences("a\rb", "b") == (2,)
    assert occurrences("abc", "") == ()
    assert occurrences("abc", "x") == ()
