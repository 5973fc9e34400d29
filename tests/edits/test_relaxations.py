"""What a model copies from read_file's output and damages on the way lands where it was copied from, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.matching import replace
from devstral_ls.errors import EditRefused
from devstral_ls.tools.show import numbered

DAMAGES = (
    "none",
    "numbers",
    "numbers in old_string alone",
    "trailing blanks",
    "no trailing blanks",
    "crlf",
    "deeper",
    "flatter",
)

_CONTENTS = st.sampled_from(
    ["return x", "}", "", "if a:", "  b = 1", "\tc()", "# …", "x\fy", "\u2028z", "\U0001f600 = 2"]
)


@dataclass(frozen=True)
class Copied:
    """A file, lines `start` to `end` of it as they were copied, and the file with the last of those changed."""

    file: str
    old: str
    new: str
    expected: str
    start: int
    end: int


@st.composite
def copied(draw: st.DrawFn, damage: str) -> Copied:
    ending = draw(st.sampled_from(["\n", "\r\n", "\r", "mixed"]))
    blanks = damage == "no trailing blanks"

    def line(content: str) -> str:
        end = draw(st.sampled_from(["\n", "\r\n"])) if ending == "mixed" else ending
        tail = draw(st.sampled_from(["", " ", "\t"])) if blanks and content.strip() else ""
        return f"    {content}{tail}{end}" if content else end

    before = [line(content) for content in draw(st.lists(_CONTENTS, max_size=5))]
    inside = [line(content) for content in draw(st.lists(_CONTENTS, max_size=3))]
    after = [line(content) for content in draw(st.lists(_CONTENTS, max_size=5))]
    first, last = line("the_first_line = 1"), line("the_last_line = 2")
    window = [first, *inside, last]
    file = [*before, *window, *after]
    changed = [*window[:-1], last.replace("2", "3 + 4")]
    start = len(before) + 1
    shown, to_be = _as_shown(window, damage, start), _as_shown(changed, damage, start)
    if damage == "numbers in old_string alone":
        to_be = _as_shown(changed, "none", start)
    expected = [*before, *changed, *after]
    if damage == "no trailing blanks":
        # The changed line is the model's, without the blanks it did not see.
        expected[start - 1 + len(window) - 1] = changed[-1].rstrip(" \t\r\n") + last[len(last.rstrip("\r\n")) :]
    return Copied("".join(file), shown, to_be, "".join(expected), start, start + len(window) - 1)


def _as_shown(lines: list[str], damage: str, start: int) -> str:
    """Lines as a model sends them that read them in read_file's output."""
    if damage.startswith("numbers"):
        return "\n".join(numbered(lines, start)) + "\n"
    bare = [shown.split("\t", 1)[1] for shown in numbered(lines, start)]
    match damage:
        case "trailing blanks":
            bare = [f"{line}  " for line in bare]
        case "no trailing blanks":
            bare = [line.rstrip() for line in bare]
        case "deeper":
            bare = [f"  {line}" if line else line for line in bare]
        case "flatter":
            bare = [line.removeprefix("  ") for line in bare]
    return "".join(f"{line}\r\n" if damage == "crlf" else f"{line}\n" for line in bare)


@pytest.mark.parametrize("damage", DAMAGES)
@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_copy_lands_exactly_and_everything_else_stays(damage: str, data: st.DataObject) -> None:
    copy = data.draw(copied(damage))
    replaced = replace(copy.file, copy.old, copy.new)
    assert replaced.text == copy.expected
    if damage != "no trailing blanks":  # which the file need not have had
        assert (replaced.relaxation is None) == (damage in ("none", "crlf"))
    assert [(region.start_line, region.end_line) for region in replaced.regions] == [(copy.start, copy.end)]
    before, after = split_lines(copy.file), split_lines(replaced.text)
    assert after[: copy.start - 1] == before[: copy.start - 1]
    assert after[copy.end :] == before[copy.end :]


@pytest.mark.parametrize("damage", DAMAGES)
@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_copy_of_what_stands_twice_changes_nothing(damage: str, data: st.DataObject) -> None:
    copy = data.draw(copied(damage))
    window = "".join(split_lines(copy.file)[copy.start - 1 : copy.end])
    between = data.draw(st.sampled_from(["", "other\n", "    }\n"]))
    with pytest.raises(EditRefused, match="old_string is in the file 2 times"):
        replace(copy.file + between + window, copy.old, copy.new)


@settings(deadline=None)
@given(st.data(), st.sampled_from(DAMAGES), st.sampled_from(DAMAGES))
def test_two_damages_at_once_land_exactly_or_change_nothing(data: st.DataObject, first: str, second: str) -> None:
    copy = data.draw(copied(first))

    def damaged(text: str) -> str:
        ends = {"trailing blanks": " \n", "crlf": "\r\n"}
        return text.replace("\n", ends.get(second, "\n"))

    try:
        replaced = replace(copy.file, damaged(copy.old), damaged(copy.new))
    except EditRefused:
        return
    before, after = split_lines(copy.file), split_lines(replaced.text)
    assert after[: copy.start - 1] == before[: copy.start - 1]
    assert after[copy.end :] == before[copy.end :]
    assert "the_last_line = 3 + 4" in after[copy.end - 1]
