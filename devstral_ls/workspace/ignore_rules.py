"""What an edit of an ignore file can change, as a pure function of its old and new content."""

from __future__ import annotations

from os.path import commonprefix


def changed_rules(old: bytes, new: bytes) -> bytes:
    """An ignore file that leaves out every path whose fate the edit can change, and perhaps more.

    The fate of a path is decided by the last line that matches it or a directory above it. Where no line of the part
    that differs does, the same line decides as before; so these are the differing lines, each made to exclude.
    """
    before, after = old.splitlines(), new.splitlines()
    start = len(commonprefix([before, after]))
    before, after = before[start:], after[start:]
    end = len(commonprefix([before[::-1], after[::-1]]))
    differing = [*before[: len(before) - end], *after[: len(after) - end]]
    return b"".join(_excluding(line) + b"\n" for line in dict.fromkeys(differing))


def _excluding(line: bytes) -> bytes:
    if not line.startswith(b"!"):
        return line
    rest = line[1:]
    return b"\\" + rest if rest.startswith((b"!", b"#")) else rest
