"""Moves an edit's places along with the text, as editors do that keep every change: Zed for one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.doubles.applier import spans


def apply_rebased(texts: Sequence[str], edits: list[dict[str, Any]], encoding: str) -> str:
    """The newest of `texts` (one per version, in order) after `edits`, whose places refer to the oldest."""
    moved = []
    for start, end, new in spans(texts[0], edits, encoding):
        # Only what differs, so that what was typed into the rest of a replaced line stays.
        old = texts[0][start:end]
        same = _common(old, new)
        start, old, new = start + same, old[same:], new[same:]
        same = _common(old[::-1], new[::-1])
        moved.append((start, start + len(old) - same, new[: len(new) - same]))
    for before, after in pairwise(texts):
        moved = [(*_moved(start, end, before, after), new) for start, end, new in moved]
    text = texts[-1]
    for start, end, new in sorted(moved, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _moved(start: int, end: int, before: str, after: str) -> tuple[int, int]:
    """A span of `before` in `after`, between which the user changed one place."""
    first = _common(before, after)
    rest = _common(before[first:][::-1], after[first:][::-1])
    last, now = len(before) - rest, len(after) - rest

    def place(offset: int) -> int:
        return offset if offset <= first else now + offset - last if offset >= last else first

    return place(start), place(end)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    same = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        same += 1
    return same
