"""Replace the text a model means, or say exactly why it can't be done.

The text has to be found: as it was given, or through a relaxation that loses nothing. Likeness is never enough to
write; it only serves to explain a failure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from devstral_ls.edits import explain
from devstral_ls.edits.candidate import Candidate, Wording, replacement
from devstral_ls.edits.lines import split_lines, with_line_feeds
from devstral_ls.edits.relaxations import RELAXATIONS
from devstral_ls.edits.source import BYTE_ORDER_MARK, Source
from devstral_ls.edits.spans import Edit
from devstral_ls.errors import EditRefused, TextNotFound


@dataclass(frozen=True, slots=True)
class Region:
    """Lines of the new text, 1-based and inclusive; where text was only deleted, the line now in its place."""

    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Replaced:
    text: str
    regions: tuple[Region, ...]
    """What was replaced, in order; replacements that share a line share a region."""
    relaxation: str | None
    """How the match departed from the model's text, to be read after "matched"; None when it was exact."""
    edits: tuple[Edit, ...]
    """The same as what was done to the file's own text, through whatever relaxation it was found."""


def replace(text: str, old: str, new: str, *, replace_all: bool = False) -> Replaced:
    """`text` with `old` replaced by `new`: once, or everywhere with `replace_all`. Raises EditRefused, TextNotFound.

    Line endings and a byte order mark are ignored in matching and kept in the result.
    """
    source = Source(text)
    given = old, new
    old, new = _plain(source, old, new)
    if old == new:
        raise EditRefused(explain.no_change(only_endings=given[0] != given[1]))
    if not old and source.plain:
        raise EditRefused(explain.EMPTY_OLD)
    candidates = _candidates(source, old, new, limit=None if replace_all else explain.LISTED + 1)
    if not candidates:
        raise TextNotFound(explain.not_found(source, old, new))
    if not replace_all:
        if len(candidates) > 1:
            raise EditRefused(explain.ambiguous(source, candidates))
        if new not in old and (line := _already_there(source, new, candidates[0])):
            raise EditRefused(explain.perhaps_applied(source, candidates[0], line))
    return _written(source, list(_apart(candidates)))


def occurrences(text: str, old: str) -> tuple[int, ...]:
    """The 1-based lines where `old` starts in `text`, line endings and byte order mark ignored; nothing relaxed."""
    source = Source(text)
    wanted = with_line_feeds(old)
    return tuple(source.line_at(at) + 1 for at in source.occurrences(wanted)) if wanted else ()


def _plain(source: Source, old: str, new: str) -> tuple[str, str]:
    old, new = with_line_feeds(old), with_line_feeds(new)
    # The mark is not shown to the model; one that it writes nevertheless means the start of the file.
    if old.startswith(BYTE_ORDER_MARK) and source.raw.startswith(BYTE_ORDER_MARK) and old not in source.plain:
        return old.removeprefix(BYTE_ORDER_MARK), new.removeprefix(BYTE_ORDER_MARK)
    return old, new


def _candidates(source: Source, old: str, new: str, limit: int | None) -> list[Candidate]:
    """The first `limit` matches of the strictest rule that has one."""
    for rule in (_exactly, *RELAXATIONS):
        if found := list(islice(rule(source, old, new), limit)):
            return found
    return []


def _exactly(source: Source, old: str, new: str) -> Iterator[Candidate]:
    wording = Wording(old, new, new)
    return (Candidate(at, at + len(old), None, lambda: wording) for at in source.occurrences(old))


def _already_there(source: Source, new: str, candidate: Candidate) -> int | None:
    """The 1-based line outside a relaxed match where the new text already stands, when it is long enough to tell.

    A model that repeats an edit it has made would otherwise hit the next place that resembles the first.
    """
    if candidate.relaxation is None or not explain.telling(new):
        return None
    for at in source.occurrences(new):
        if at + len(new) <= candidate.start or at >= candidate.end:
            return source.line_at(at) + 1
    return None


def _apart(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    end = 0
    for candidate in candidates:
        if candidate.start >= end:
            yield candidate
            end = candidate.end


def _written(source: Source, candidates: Sequence[Candidate]) -> Replaced:
    parts: list[str] = []
    edits: list[Edit] = []
    at = length = 0
    for candidate in candidates:
        start, end = source.raw_offset(candidate.start), source.raw_offset(candidate.end)
        kept, inserted = source.raw[at:start], replacement(source, candidate)
        parts += (kept, inserted)
        edits.append(Edit(length + len(kept), source.raw[start:end], inserted))
        length += len(kept) + len(inserted)
        at = end
    parts.append(source.raw[at:])
    text = "".join(parts)
    if text == source.raw:
        raise EditRefused(explain.no_effect(source, candidates[0]))
    return Replaced(text, _regions(text, edits), candidates[0].relaxation, tuple(edits))


def _regions(text: str, edits: Sequence[Edit]) -> tuple[Region, ...]:
    starts = list(accumulate(map(len, split_lines(text)), initial=0))
    lines = max(1, len(starts) - 1)
    regions: list[Region] = []
    for edit in edits:
        start, end = edit.start, edit.start + len(edit.new)
        first = min(bisect_right(starts, start), lines)
        last = bisect_right(starts, end - 1) if end > start else first
        if regions and first <= regions[-1].end_line:
            first, last = regions[-1].start_line, max(last, regions[-1].end_line)
            regions.pop()
        regions.append(Region(first, last))
    return tuple(regions)
