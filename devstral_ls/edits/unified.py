"""Unified diffs as git writes them, for people, models and `git apply`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from devstral_ls.edits.diff import Hunk, diff_lines, diff_sequences
from devstral_ls.edits.sliding import settled


def unified_diff(old: str, new: str, old_label: str, new_label: str, context: int = 3) -> str:
    """The diff with `context` lines around each change; empty when the texts are equal.

    The labels are the names after `---` and `+++`, such as `a/src/app.py` or `/dev/null`.
    """
    # git and patch end lines at line feeds alone; a carriage return is part of the line for them.
    old_lines, new_lines = old.split("\n"), new.split("\n")
    old_lines, new_lines = _with_feeds(old_lines), _with_feeds(new_lines)
    hunks = settled(old_lines, diff_sequences(old_lines, new_lines))
    if not hunks:
        return ""
    parts = [f"--- {_label(old_label)}\n", f"+++ {_label(new_label)}\n"]
    shift = 0
    for group in _groups(hunks, context):
        parts += _section(old_lines, group, context, shift)
        shift += sum(len(hunk.new_lines) - (hunk.old_end - hunk.old_start) for hunk in group)
    return "".join(parts)


def stat(old: str, new: str) -> tuple[int, int]:
    """How many lines were added and removed, a changed line counting as both."""
    hunks = diff_lines(old, new)
    return sum(len(hunk.new_lines) for hunk in hunks), sum(hunk.old_end - hunk.old_start for hunk in hunks)


def _section(old_lines: Sequence[str], group: Sequence[Hunk], context: int, shift: int) -> Iterator[str]:
    """One `@@` section; `shift` is how many lines the sections before it have added."""
    start = max(0, group[0].old_start - context)
    end = min(len(old_lines), group[-1].old_end + context)
    grown = sum(len(hunk.new_lines) - (hunk.old_end - hunk.old_start) for hunk in group)
    yield f"@@ -{_range(start, end - start)} +{_range(start + shift, end - start + grown)} @@\n"
    at = start
    for hunk in group:
        yield from (_line(" ", line) for line in old_lines[at : hunk.old_start])
        yield from (_line("-", line) for line in old_lines[hunk.old_start : hunk.old_end])
        yield from (_line("+", line) for line in hunk.new_lines)
        at = hunk.old_end
    yield from (_line(" ", line) for line in old_lines[at:end])


def _groups(hunks: Sequence[Hunk], context: int) -> Iterator[list[Hunk]]:
    """Hunks whose context would meet, together."""
    group = [hunks[0]]
    for hunk in hunks[1:]:
        if hunk.old_start - group[-1].old_end > 2 * context:
            yield group
            group = []
        group.append(hunk)
    yield group


def _range(start: int, count: int) -> str:
    """A 0-based start as the format counts it: from 1, and an empty range is named by the line before it."""
    first = start if count == 0 else start + 1
    return str(first) if count == 1 else f"{first},{count}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _with_feeds(pieces: list[str]) -> list[str]:
    last = pieces.pop()
    return [piece + "\n" for piece in pieces] + ([last] if last else [])


_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def _label(name: str) -> str:
    """The name quoted as git quotes it when it would break the line; with a tab after it when it holds a space."""
    if re.search(r'[\x00-\x1f\x7f"\\]', name):
        quoted = re.sub(r'[\x00-\x1f\x7f"\\]', lambda m: _ESCAPES.get(m[0], f"\\{ord(m[0]):03o}"), name)
        return f'"{quoted}"'
    return name + "\t" if " " in name else name
