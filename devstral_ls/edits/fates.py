"""What became of each hunk of a change, judged from the text as it is now, whoever applied or undid it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from devstral_ls.edits.diff import Hunk, apply_hunks, diff_lines, diff_sequences
from devstral_ls.edits.lines import split_lines

Fate = Literal["kept", "altered", "overwritten", "missing"]
"""kept: the text has the hunk as it was made. altered: something more like it than like what was there before.
overwritten: something that is like neither. missing: it is not there."""

_WORD = re.compile(r"\w+")


def fates(before: str, hunks: Sequence[Hunk], now: str) -> tuple[Fate, ...]:
    """The fate in `now` of each of these hunks of `before`; the user's changes elsewhere don't matter."""
    if now == before:
        return tuple("missing" for _ in hunks)
    if now == apply_hunks(before, hunks):
        return tuple("kept" for _ in hunks)
    lines = split_lines(before)
    ours, theirs = _raised(lines, hunks), _raised(lines, diff_lines(before, now))
    found: list[Fate] = []
    first = 0
    for hunk in ours:
        while first < len(theirs) and theirs[first].old_end < hunk.old_start:
            first += 1
        last = first
        while last < len(theirs) and theirs[last].old_start <= hunk.old_end:
            last += 1
        found.append(_fate(lines, hunk, theirs[first:last]))
    return tuple(found)


def _fate(lines: Sequence[str], hunk: Hunk, theirs: Sequence[Hunk]) -> Fate:
    """The fate of one hunk, from what the text has where the hunk is and right beside it."""
    if not theirs:
        return "missing"
    start = min(hunk.old_start, theirs[0].old_start)
    end = max(hunk.old_end, theirs[-1].old_end)
    without = list(lines[start:end])
    with_it = _applied(lines, start, end, [hunk])
    now = _applied(lines, start, end, theirs)
    if now == with_it:
        return "kept"
    at = hunk.old_start - start
    from_with, from_without = diff_sequences(with_it, now), diff_sequences(without, now)
    if hunk.new_lines and _untouched(from_with, at, at + len(hunk.new_lines)):
        return "kept"
    if hunk.old_end > hunk.old_start and _untouched(from_without, at, hunk.old_end - start):
        return "missing"
    if hunk.old_start == hunk.old_end and _mostly_there(hunk.new_lines, from_without):
        return "altered"
    further, nearer = _size(from_with), _size(from_without)
    return "altered" if further < nearer else "overwritten" if further == nearer else "missing"


def _raised(lines: Sequence[str], hunks: Iterable[Hunk]) -> list[Hunk]:
    """The hunks as far up as they can stand: lines put in or taken out among their like have several places."""
    raised: list[Hunk] = []
    floor = 0
    for hunk in hunks:
        start, end, new = hunk.old_start, hunk.old_end, list(hunk.new_lines)
        block = new if start == end else list(lines[start:end]) if not new else []
        while block and start > floor and lines[start - 1] == block[-1]:
            block = [block[-1], *block[:-1]]
            start, end = start - 1, end - 1
        raised.append(Hunk(start, end, tuple(block) if hunk.old_start == hunk.old_end else hunk.new_lines))
        floor = end
    return raised


def _applied(lines: Sequence[str], start: int, end: int, hunks: Iterable[Hunk]) -> list[str]:
    """Lines `start` to `end` with these hunks, which lie inside."""
    changed: list[str] = []
    at = start
    for hunk in hunks:
        changed += lines[at : hunk.old_start]
        changed += hunk.new_lines
        at = hunk.old_end
    return changed + list(lines[at:end])


def _untouched(hunks: Iterable[Hunk], start: int, end: int) -> bool:
    """Whether no hunk changes the lines `start` to `end`, or puts lines between them."""
    return not any(hunk.old_start < end and hunk.old_end > start for hunk in hunks)


def _mostly_there(lines: Iterable[str], hunks: Iterable[Hunk]) -> bool:
    """Whether most words of these lines are among what the hunks put in.

    Lines that were put in and then changed are, by lines alone, no more like themselves than like nothing.
    """
    ours = Counter(_WORD.findall("".join(lines)))
    added = Counter(_WORD.findall("".join(line for hunk in hunks for line in hunk.new_lines)))
    return (ours & added).total() * 2 > ours.total()


def _size(hunks: Iterable[Hunk]) -> int:
    return sum(hunk.old_end - hunk.old_start + len(hunk.new_lines) for hunk in hunks)
