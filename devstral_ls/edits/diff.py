"""Line diffs that stay linear on large texts.

Common lines at both ends are set aside, then lines that occur exactly once on both sides hold the rest in place
(patience diff), and what lies between two of them is compared the same way. A block without such lines is compared by
Myers' algorithm, up to a fixed number of differences; a block that differs more than that becomes one hunk, which is
also what a reader would rather see.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.sliding import Hunk, settled

__all__ = ["Hunk", "apply_hunks", "diff_lines", "diff_sequences"]

MAX_DIFFERENCES = 96
"""Lines inserted plus deleted that are still worth aligning inside one block. Bounds the time per line."""

MAX_DEPTH = 16
"""How often a block is split at its unique lines before Myers takes over. Bounds the time per line."""


def diff_lines(old: str, new: str) -> tuple[Hunk, ...]:
    """The hunks that turn `old` into `new`: in order, neither empty nor touching, none when the texts are equal."""
    if old == new:
        return ()
    old_lines = split_lines(old)
    return settled(old_lines, diff_sequences(old_lines, split_lines(new)))


def apply_hunks(old: str, hunks: Iterable[Hunk]) -> str:
    """`old` with its hunks applied."""
    lines = split_lines(old)
    parts: list[str] = []
    at = 0
    for hunk in hunks:
        parts += lines[at : hunk.old_start]
        parts += hunk.new_lines
        at = hunk.old_end
    parts += lines[at:]
    return "".join(parts)


def diff_sequences(old: Sequence[str], new: Sequence[str]) -> tuple[Hunk, ...]:
    """The same for texts already split, at whatever the caller calls a line; the first of equal lines are kept."""
    hunks: list[Hunk] = []
    old_at = new_at = 0
    for i, j, size in _in_order(old, new):
        if i > old_at or j > new_at:
            hunks.append(Hunk(old_at, i, tuple(new[new_at:j])))
        old_at, new_at = i + size, j + size
    return tuple(hunks)


@dataclass(frozen=True, slots=True)
class _Block:
    """old[i:i_end] against new[j:j_end]."""

    i: int
    i_end: int
    j: int
    j_end: int
    depth: int


_Run = tuple[int, int, int]
"""`size` equal lines at old[i:] and new[j:], as (i, j, size)."""


def _in_order(old: Sequence[str], new: Sequence[str]) -> Iterator[_Run]:
    """Runs of lines that both sides keep, in order, ending with an empty one at both ends."""
    # An explicit stack: texts can be built that would nest deeper than Python's own.
    pending: list[_Block | _Run] = [_Block(0, len(old), 0, len(new), 0)]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            yield item
        else:
            pending.extend(reversed(list(_split(old, new, item))))
    yield len(old), len(new), 0


def _split(old: Sequence[str], new: Sequence[str], block: _Block) -> Iterator[_Block | _Run]:
    """The block as runs of equal lines and smaller blocks, in order."""
    i, i_end, j, j_end = block.i, block.i_end, block.j, block.j_end
    run = _equal_run(old, new, i, i_end, j, j_end)
    i, j = i + run, j + run
    while i < i_end and j < j_end and old[i_end - 1] == new[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
    if run:
        yield block.i, block.j, run
    if i < i_end and j < j_end:
        inner = _Block(i, i_end, j, j_end, block.depth + 1)
        in_old, in_new = _unique_in_both(old, new, inner) if inner.depth < MAX_DEPTH else ([], [])
        if in_old:
            yield from _around(old, new, in_old, in_new, inner)
        elif not set(old[i:i_end]).isdisjoint(new[j:j_end]):
            yield from _myers(old, new, inner)
    if i_end < block.i_end:
        yield i_end, j_end, block.i_end - i_end


def _around(
    old: Sequence[str], new: Sequence[str], in_old: list[int], in_new: list[int], block: _Block
) -> Iterator[_Block | _Run]:
    """Runs that start at an anchor, and the blocks between them."""
    i, j, at = block.i, block.j, 0
    while at < len(in_old):
        if i < in_old[at] or j < in_new[at]:
            yield _Block(i, in_old[at], j, in_new[at], block.depth)
        i, j = in_old[at], in_new[at]
        run = _equal_run(old, new, i, block.i_end, j, block.j_end)
        yield i, j, run
        i, j = i + run, j + run
        at = bisect_left(in_old, i, at)
    yield _Block(i, block.i_end, j, block.j_end, block.depth)


def _equal_run(old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int) -> int:
    """How many lines are equal from old[i] and new[j] on."""
    run, most = 0, min(i_end - i, j_end - j)
    stride = 64
    while run + stride <= most and old[i + run : i + run + stride] == new[j + run : j + run + stride]:
        run += stride
    while run < most and old[i + run] == new[j + run]:
        run += 1
    return run


def _unique_in_both(old: Sequence[str], new: Sequence[str], block: _Block) -> tuple[list[int], list[int]]:
    """Where lines stand that occur once in either side of the block, as far as their order agrees: in old, in new."""
    in_old = _where_unique(old, block.i, block.i_end)
    in_new = _where_unique(new, block.j, block.j_end)
    where_old: list[int] = []
    where_new: list[int] = []
    for line, j in in_new.items():
        i = in_old.get(line, -1)
        if i >= 0 and j >= 0:
            where_old.append(i)
            where_new.append(j)
    # Usually nothing was moved, and the sequence rises as it stands.
    if where_old == sorted(where_old):
        return where_old, where_new
    kept = _longest_rising(where_old)
    return [where_old[at] for at in kept], [where_new[at] for at in kept]


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Indices of a longest strictly rising subsequence."""
    tails: list[int] = []  # the smallest number that ends a sequence of each length
    ends: list[int] = []  # and its index
    before: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(tails, number)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [at]
        before.append(ends[length - 1] if length else -1)
    chain: list[int] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _where_unique(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """Each line's position, or -1 when it occurs more than once; in order of first occurrence."""
    where: dict[str, int] = {}
    for position in range(start, end):
        line = lines[position]
        where[line] = -1 if line in where else position
    return where


def _myers(old: Sequence[str], new: Sequence[str], block: _Block) -> Iterator[_Run]:
    """The block's common lines by Myers' greedy algorithm; none when it has more than `MAX_DIFFERENCES`."""
    n, m = block.i_end - block.i, block.j_end - block.j
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    for d in range(min(n + m, MAX_DIFFERENCES) + 1):
        trace.append(dict(reached))
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and reached[k - 1] < reached[k + 1])
            x = reached[k + 1] if down else reached[k - 1] + 1
            y = x - k
            while x < n and y < m and old[block.i + x] == new[block.j + y]:
                x, y = x + 1, y + 1
            reached[k] = x
            if x >= n and y >= m:
                return reversed(_walk_back(block, trace, n, m))
    return iter(())


def _walk_back(block: _Block, trace: list[dict[int, int]], x: int, y: int) -> list[_Run]:
    runs: list[_Run] = []
    for d in range(len(trace) - 1, -1, -1):
        reached, k = trace[d], x - y
        down = k == -d or (k != d and reached[k - 1] < reached[k + 1])
        before_k = k + 1 if down else k - 1
        before_x = reached[before_k]
        begin = before_x if down else before_x + 1
        if x > begin:
            runs.append((block.i + begin, block.j + begin - k, x - begin))
        x, y = before_x, before_x - before_k
    return runs
