"""Where an insertion or a deletion is best seen, of all the places where it comes to the same text.

When the lines of a block begin like those after it, or end like those before it, the block can be moved over them. The
place that a reader would choose is where the parts are: before lines that stand far left, after blank ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 64
"""Lines that a block is moved at most. Bounds the time per block."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `old_start` to `old_end` of the old text (0-based, half-open) become `new_lines`, which keep their ends."""

    old_start: int
    old_end: int
    new_lines: tuple[str, ...]


def settled(old: Sequence[str], hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """The hunks, in order and apart as they were, with each block that can be moved at its best place."""
    result: list[Hunk] = []
    for index, hunk in enumerate(hunks):
        low = result[-1].old_end + 1 if result else 0
        high = hunks[index + 1].old_start - 1 if index + 1 < len(hunks) else len(old)
        result.append(_best(old, hunk, low, high) if bool(hunk.new_lines) != (hunk.old_end > hunk.old_start) else hunk)
    return tuple(result)


def _best(old: Sequence[str], hunk: Hunk, low: int, high: int) -> Hunk:
    """The best place of an insertion or a deletion that stays between lines `low` and `high`."""
    start, end = hunk.old_start, hunk.old_end
    block = hunk.new_lines or tuple(old[start:end])
    up = down = 0
    while up < MOST and start - up > low and old[start - up - 1] == block[-1 - up % len(block)]:
        up += 1
    while down < MOST and end + down < high and old[end + down] == block[down % len(block)]:
        down += 1
    if not up and not down:
        return hunk
    best, least = hunk, None
    for by in range(-up, down + 1):
        at = by % len(block)
        moved = block[at:] + block[:at]
        price = _price(old[start + by - 1 : start + by] if start + by else (), moved) + _price(
            moved[-1:], old[end + by : end + by + 1]
        )
        if least is None or price <= least:
            best, least = Hunk(start + by, end + by, moved if hunk.new_lines else ()), price
    return best


def _price(before: Sequence[str], after: Sequence[str]) -> int:
    """How unlikely a part ends between these lines; nothing at either end of the text."""
    if not before or not after:
        return 0
    last, first = before[-1], after[0]
    if not first.strip():
        return 3
    price = 4 * _indent(first)
    if last.strip():
        # What closes a block is part of it.
        price += 4 if _indent(first) < _indent(last) else 1
    return price


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
