"""Hunks where edits were made, instead of where a comparison of the two texts happens to put them.

Of a text before and after an insertion, several insertions can be read off when what was inserted begins or ends like
its surroundings. Whoever knows the edits needn't guess, nor compare the rest of the text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devstral_ls.edits.diff import Hunk, diff_lines, diff_sequences
from devstral_ls.edits.lines import count_endings, split_lines
from devstral_ls.edits.sliding import settled


@dataclass(frozen=True, slots=True)
class Edit:
    """`old`, which stands at offset `start`, becomes `new`; of several, each is of the text the one before made."""

    start: int
    old: str
    new: str


def hunks_of(before: str, after: str, edits: Sequence[Edit] | None = None) -> tuple[Hunk, ...]:
    """The hunks that turn `before` into `after`, as `diff_lines` gives them, but cut where `edits` were made.

    When the edits are not known, or don't lead from the one text to the other, it is `diff_lines` that decides.
    """
    if before == after:
        return ()
    spans = _composed(edits) if edits else []
    if not spans or not _lead(before, after, spans):
        return diff_lines(before, after)
    hunks: list[Hunk] = []
    line = counted = 0
    for span in _whole_lines(before, after, spans):
        line += count_endings(before, counted, span.start)
        old = split_lines(before[span.start : span.end])
        for hunk in _inside(old, split_lines(after[span.now_start : span.now_end]), line):
            if hunks and hunks[-1].old_end == hunk.old_start:
                last = hunks.pop()
                hunk = Hunk(last.old_start, hunk.old_end, last.new_lines + hunk.new_lines)
            hunks.append(hunk)
        counted = span.start
    return tuple(hunks)


@dataclass(frozen=True, slots=True)
class _Span:
    """`before[start:end]` has become `after[now_start:now_end]`."""

    start: int
    end: int
    now_start: int
    now_end: int


def _composed(edits: Sequence[Edit]) -> list[_Span]:
    """Where all the edits together changed something, in order and apart from each other."""
    # Lists of offsets, so that what lies behind an edit is moved quickly.
    starts: list[int] = []
    ends: list[int] = []
    now_starts: list[int] = []
    now_ends: list[int] = []
    for edit in edits:
        now_start, old_end = edit.start, edit.start + len(edit.old)
        grown = len(edit.new) - len(edit.old)
        # The spans that the edit overlaps or touches are first to last, half-open.
        first, last = bisect_left(now_ends, now_start), bisect_right(now_starts, old_end)
        start = now_start + (ends[first - 1] - now_ends[first - 1] if first else 0)
        end = old_end + (ends[last - 1] - now_ends[last - 1] if last else 0)
        now_end = old_end
        if first < last:
            if now_starts[first] <= now_start:
                start, now_start = starts[first], now_starts[first]
            if now_ends[last - 1] >= old_end:
                end, now_end = ends[last - 1], now_ends[last - 1]
        starts[first:last] = [start]
        ends[first:last] = [end]
        now_starts[first:] = [now_start, *(at + grown for at in now_starts[last:])]
        now_ends[first:] = [now_end + grown, *(at + grown for at in now_ends[last:])]
    return list(map(_Span, starts, ends, now_starts, now_ends))


def _lead(before: str, after: str, spans: Sequence[_Span]) -> bool:
    """Whether the texts are the same wherever no span is."""
    at = now = 0
    for span in spans:
        if before[at : span.start] != after[now : span.now_start]:
            return False
        at, now = span.end, span.now_end
    return at <= len(before) and now <= len(after) and before[at:] == after[now:]


def _whole_lines(before: str, after: str, spans: Sequence[_Span]) -> Iterator[_Span]:
    """The spans, extended to where a line begins in both texts; those that meet on the way there are one."""
    waiting = list(reversed(spans))
    floor = 0  # where both texts begin a line, and are the same from there to the next span
    while waiting:
        span = waiting.pop()
        start, now_start = span.start, span.now_start
        while start > floor and not (_is_start(before, start) and _is_start(after, now_start)):
            near = max(before.rfind("\n", floor, start - 1) + 1, floor)
            near = max(before.rfind("\r", near, start - 1) + 1, near)
            start, now_start = near, now_start - (start - near)
        end, now_end = span.end, span.now_end
        while not (_is_start(before, end) and _is_start(after, now_end)):
            ceiling = waiting[-1].start if waiting else len(before)
            if end == ceiling:
                met = waiting.pop()
                end, now_end = met.end, met.now_end
                continue
            near = before.find("\n", end, ceiling) + 1 or ceiling
            near = before.find("\r", end, near) + 1 or near
            end, now_end = near, now_end + (near - end)
        yield _Span(start, end, now_start, now_end)
        floor = end


def _is_start(text: str, at: int) -> bool:
    """Whether a line begins, or the text ends, at this offset."""
    if at in (0, len(text)) or text[at - 1] == "\n":
        return True
    return text[at - 1] == "\r" and text[at] != "\n"


def _inside(old: list[str], new: list[str], line: int) -> Iterator[Hunk]:
    """The hunks of one span, whose lines begin with line `line` of the whole text."""
    more = len(new) - len(old)
    # A comparison keeps equal lines at the beginning first, which tears what was put above them.
    if more > 0 and new[more:] == old and new[: len(old)] != old:
        yield Hunk(line, line, tuple(new[:more]))
    elif more < 0 and old[-more:] == new and old[: len(new)] != new:
        yield Hunk(line, line - more, ())
    else:
        for hunk in settled(old, diff_sequences(old, new)):
            yield Hunk(line + hunk.old_start, line + hunk.old_end, hunk.new_lines)
