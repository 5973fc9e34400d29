"""Three-way merge by lines: carry a staged edit over to a file that changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from devstral_ls.edits.diff import Hunk, diff_sequences
from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import DevstralError


class Conflict(DevstralError):
    """Both sides changed the same lines, or lines next to each other, in different ways.

    `start_line` and `end_line` are lines of the current text, 1-based and inclusive; where it has deleted the lines,
    both are the line now in their place.
    """

    def __init__(self, start_line: int, end_line: int) -> None:
        where = f"line {start_line}" if start_line == end_line else f"lines {start_line}-{end_line}"
        super().__init__(f"{where} changed in another way meanwhile")
        self.start_line = start_line
        self.end_line = end_line


def rebase(base: str, staged: str, current: str) -> str:
    """What `staged` made of `base`, made of `current` instead; raises Conflict.

    As in git, changes that touch without an unchanged line between them conflict, unless both sides made the same one.
    """
    if base == current or staged == current:
        return staged
    if base == staged:
        return current
    lines = split_lines(base)
    parts: list[str] = []
    at = grown = 0
    # Compared alike, so that what both sides did stands in the same place: not where each of them reads best.
    ours_made, theirs_made = (diff_sequences(lines, split_lines(text)) for text in (staged, current))
    for place in _places(ours_made, theirs_made):
        ours = _as_changed(lines, place, place.staged)
        theirs = _as_changed(lines, place, place.current)
        if place.staged and place.current and ours != theirs:
            first = place.start + grown
            last_line = len(split_lines(current))
            raise Conflict(min(first + 1, max(1, last_line)), max(first + len(theirs), min(first + 1, last_line), 1))
        parts += lines[at : place.start]
        parts += ours if place.staged else theirs
        at = place.end
        grown += len(theirs) - (place.end - place.start)
    parts += lines[at:]
    return "".join(parts)


@dataclass(slots=True)
class _Place:
    """Lines `start` to `end` of the base that one side changed, or both in hunks that touch."""

    start: int
    end: int
    staged: list[Hunk] = field(default_factory=list)
    current: list[Hunk] = field(default_factory=list)


def _places(staged: Sequence[Hunk], current: Sequence[Hunk]) -> Iterator[_Place]:
    sides = [(hunk, True) for hunk in staged] + [(hunk, False) for hunk in current]
    place: _Place | None = None
    for hunk, is_staged in sorted(sides, key=lambda side: (side[0].old_start, side[0].old_end)):
        if place is None or hunk.old_start > place.end:
            if place is not None:
                yield place
            place = _Place(hunk.old_start, hunk.old_end)
        place.end = max(place.end, hunk.old_end)
        (place.staged if is_staged else place.current).append(hunk)
    if place is not None:
        yield place


def _as_changed(lines: Sequence[str], place: _Place, hunks: Sequence[Hunk]) -> list[str]:
    """The place's lines as one side has them."""
    changed: list[str] = []
    at = place.start
    for hunk in hunks:
        changed += lines[at : hunk.old_start]
        changed += hunk.new_lines
        at = hunk.old_end
    return changed + list(lines[at : place.end])
