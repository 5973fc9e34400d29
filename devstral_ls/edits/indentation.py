"""The relaxation for text that is indented uniformly deeper, less deep, or with tabs for spaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from devstral_ls.edits.candidate import Candidate, Wording
from devstral_ls.edits.lines import contents_of
from devstral_ls.edits.source import BLANKS, Source, without_blank_tail
from devstral_ls.errors import EditRefused

TAB_WIDTHS = (2, 3, 4, 8)
"""How many spaces a model may write for the tab it read, and the other way round."""


def shift_indentation(source: Source, old: str, new: str) -> Iterator[Candidate]:
    """Whole lines that differ from the file's by one uniform change of indentation (and in trailing whitespace)."""
    if not old.strip() or (texts := without_blank_tail(old, new)) is None:
        return
    old, new = texts
    lines = contents_of(old)
    wanted = [line.strip(BLANKS) for line in lines]
    for first in source.windows(wanted, "both"):
        found = source.contents[first : first + len(lines)]
        pairs = [
            (_indent(mine), _indent(theirs)) for mine, theirs in zip(lines, found, strict=True) if mine.strip(BLANKS)
        ]
        if shift := _shift(pairs):
            start, end = source.span(first, len(lines), closed=old.endswith("\n"))
            yield Candidate(start, end, shift.phrase, partial(_indented, old, new, shift, first))


@dataclass(frozen=True, slots=True)
class _Shift:
    phrase: str
    apply: Callable[[str], str | None]
    """The file's indentation for one of the model's; None when there is none."""


def _shift(pairs: Sequence[tuple[str, str]]) -> _Shift | None:
    """The one change that turns the first of each pair into the second."""
    mine, theirs = pairs[0]
    for shift in _shifts(mine, theirs):
        if all(shift.apply(mine) == theirs for mine, theirs in pairs):
            return shift
    return None


def _shifts(mine: str, theirs: str) -> Iterator[_Shift]:
    if len(theirs) > len(mine) and theirs.endswith(mine):
        more = theirs.removesuffix(mine)
        yield _Shift(f"with {_amount(more)} more indentation", lambda indent: more + indent)
    if len(mine) > len(theirs) and mine.endswith(theirs):
        less = mine.removesuffix(theirs)
        yield _Shift(
            f"with {_amount(less)} less indentation",
            lambda indent: indent.removeprefix(less) if indent.startswith(less) else None,
        )
    for width in TAB_WIDTHS:
        yield _Shift("with tabs in place of the indentation's spaces", _spaces_to_tabs(width))
        yield _Shift("with spaces in place of the indentation's tabs", _tabs_to_spaces(width))


def _spaces_to_tabs(width: int) -> Callable[[str], str | None]:
    def apply(indent: str) -> str | None:
        return None if "\t" in indent else "\t" * (len(indent) // width) + " " * (len(indent) % width)

    return apply


def _tabs_to_spaces(width: int) -> Callable[[str], str | None]:
    def apply(indent: str) -> str | None:
        tabs = len(indent) - len(indent.lstrip("\t"))
        return None if "\t" in indent[tabs:] else " " * (tabs * width) + indent[tabs:]

    return apply


def _indented(old: str, new: str, shift: _Shift, first: int) -> Wording:
    written: list[str] = []
    for number, line in enumerate(new.split("\n"), 1):
        indent = shift.apply(_indent(line)) if line.strip(BLANKS) else ""
        if indent is None:
            raise EditRefused(
                f"old_string matches at line {first + 1} {shift.phrase}, but line {number} of new_string can't be "
                f"indented alike: {line.strip(BLANKS)[:80]!r} stands too far left or mixes tabs and spaces. "
                "Send both with the file's own indentation."
            )
        written.append(indent + line.lstrip(BLANKS))
    return Wording(old, new, "\n".join(written))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(BLANKS))]


def _amount(indent: str) -> str:
    if indent.strip(" ") and indent.strip("\t"):
        return f"{len(indent)} tabs and spaces"
    unit = "tab" if indent.startswith("\t") else "space"
    return f"{len(indent)} {unit}" if len(indent) == 1 else f"{len(indent)} {unit}s"
