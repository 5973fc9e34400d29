"""What an edit of an ignore file can change, as a pure function of its old and new content."""

from __future__ import annotations

from collections.abc import Sequence


def changed_rules(old: bytes, new: bytes) -> bytes:
    """An ignore file that leaves out every path whose fate the edit can change, and perhaps more.

    The fate of a path is decided by the last line that matches it or a directory above it. Where no line of the part
    that differs does, the same line decides as before; so these are the differing lines, each made to exclude.
    """
    before, after = _lines(old), _lines(new)
    start = _shared(before, after)
    before, after = before[start:], after[start:]
    end = _shared(before[::-1], after[::-1])
    differing = [*before[: len(before) - end], *after[: len(after) - end]]
    return b"".join(_excluding(line) + b"\n" for line in dict.fromkeys(differing))


def _lines(data: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in data.split(b"\n")]


def _shared(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many lines from the beginning are the same."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _excluding(line: bytes) -> bytes:
    if not line.startswith(b"!"):
        return line
    rest = line[1:]
    return b"\\" + rest if rest.startswith((b"!", b"#")) else rest
