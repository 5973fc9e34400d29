"""Make recorded edits again in a text that changed since."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice

from devstral_ls.edits.candidate import Candidate, Wording, replacement
from devstral_ls.edits.lines import with_line_feeds
from devstral_ls.edits.source import Source
from devstral_ls.edits.spans import Edit

TELLING = 5
"""Visible characters that a part of a line needs to be taken for the same one again."""


def reanchor(edits: Sequence[Edit], current: str) -> str | None:
    """`current` with the edits made wherever their old text now stands; None unless each has one certain place.

    The old text has to be there once, exactly but for line endings, which are `current`'s. There is no certain place
    either for an insertion that is already there, nor inside a line for a text so short that it may be another, nor
    inside a word.
    """
    for edit in edits:
        source = Source(current)
        start = _place(source, edit)
        if start is None:
            return None
        old = with_line_feeds(edit.old)
        begin, end = source.raw_offset(start), source.raw_offset(start + len(old))
        if current[begin:end] == edit.old:
            new = edit.new
        else:
            wording = partial(Wording, old, with_line_feeds(edit.new), with_line_feeds(edit.new))
            new = replacement(source, Candidate(start, start + len(old), None, wording))
        current = current[:begin] + new + current[end:]
    return current


def _place(source: Source, edit: Edit) -> int | None:
    """Where the edit's old text stands in the plain text."""
    old, new = with_line_feeds(edit.old), with_line_feeds(edit.new)
    if not old and source.raw:
        return None
    places = list(islice(source.occurrences(old), 2))
    if len(places) != 1:
        return None
    (start,) = places
    end = start + len(old)
    if len("".join(old.split())) < TELLING and not _whole_lines(source.plain, start, end):
        return None
    if _inside_a_word(source.plain, start) or _inside_a_word(source.plain, end):
        return None
    if old in new and any(at <= start and end <= at + len(new) for at in source.occurrences(new)):
        return None
    return start


def _inside_a_word(plain: str, at: int) -> bool:
    """Whether a word or number goes on across `at`: `return 1` is no part of `return 1000`."""
    return 0 < at < len(plain) and _is_word(plain[at - 1]) and _is_word(plain[at])


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _whole_lines(plain: str, start: int, end: int) -> bool:
    begins = start == 0 or plain[start - 1] == "\n"
    return begins and (end == len(plain) or plain[end] == "\n" or plain[end - 1 : end] == "\n")
