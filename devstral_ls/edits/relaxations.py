"""Ways to read old_string that lose nothing, strictest first.

Each takes the file, the old and the new text and gives the places it finds; whatever it does to the old text it does
to the new one too, or refuses. Whether a place is the only one is judged by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from devstral_ls.edits.candidate import Candidate, Wording
from devstral_ls.edits.escapes import undo_escapes
from devstral_ls.edits.indentation import shift_indentation
from devstral_ls.edits.lines import contents_of
from devstral_ls.edits.source import BLANKS, Source, without_blank_tail
from devstral_ls.edits.typography import read_as_ascii
from devstral_ls.errors import EditRefused

Relaxation = Callable[[Source, str, str], Iterable[Candidate]]


def ignore_trailing_whitespace(source: Source, old: str, new: str) -> Iterator[Candidate]:
    """Lines that differ in nothing but spaces and tabs at their ends, or in the file's missing final newline."""
    if not old.strip() or (texts := without_blank_tail(old, new)) is None:
        return
    old, new = texts
    wanted = [line.rstrip(BLANKS) for line in contents_of(old)]
    for first in source.windows(wanted, "right"):
        start, end = source.span(first, len(wanted), closed=old.endswith("\n"))
        found = source.plain[start:end]
        yield Candidate(start, end, "ignoring trailing whitespace", partial(_trimmed, found, old, new))


def _trimmed(found: str, old: str, new: str) -> Wording:
    # Only a model that adds whitespace of its own to lines that have none gets its new lines trimmed: elsewhere two
    # trailing spaces can be meant, as in Markdown.
    added = any(
        mine != mine.rstrip(BLANKS) and theirs == theirs.rstrip(BLANKS)
        for mine, theirs in zip(contents_of(old), contents_of(found), strict=True)
    )
    written = "\n".join(line.rstrip(BLANKS) for line in new.split("\n")) if added else new
    return Wording(old, new, written)


_NUMBER = re.compile(r"^( *([0-9]{1,9}))(?:\t|$)")
"""What read_file puts before a line; the tab after the number of an empty line is easily lost."""


def drop_line_numbers(source: Source, old: str, new: str) -> Iterator[Candidate]:
    """Whole lines copied from read_file's output with their numbers."""
    bare = without_line_numbers(old)
    if bare is None:
        return
    wanted = contents_of(bare)
    for first in source.windows(wanted, "nothing"):
        start, end = source.span(first, len(wanted), closed=bare.endswith("\n"))
        yield Candidate(start, end, "without the line numbers", partial(_unnumbered, bare, old, new))


def without_line_numbers(text: str) -> str | None:
    """The text without read_file's line numbers; None unless every line has one, they count up, and text is left."""
    matches = [_NUMBER.match(line) for line in contents_of(text)]
    numbers = [int(match[2]) for match in matches if match]
    if not numbers or len(numbers) < len(matches) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    bare = _stripped(text)
    return bare if bare.strip() else None


def _unnumbered(bare: str, old: str, new: str) -> Wording:
    """The new text as it is when no line has a number, without numbers when they go on as the old text's do."""
    copied = [match for line in contents_of(old) if (match := _NUMBER.match(line))]
    lines = [line for line in contents_of(new) if line.strip()]
    given = [match for line in lines if "\t" in line and (match := _NUMBER.match(line))]
    if not given:
        return Wording(bare, new, new)
    numbers = [int(match[2]) for match in given]
    alike = (
        len(given) == len(lines)
        and {len(match[1]) for match in given} == {len(copied[0][1])}
        and int(copied[0][2]) <= numbers[0] <= int(copied[-1][2]) + 1
        and numbers == sorted(numbers)
    )
    if not alike:
        raise EditRefused(
            "old_string was copied with the line numbers that read_file prints, and it is unclear whether the numbers "
            "in new_string are line numbers too or text. Send both without line numbers."
        )
    new = _stripped(new)
    return Wording(bare, new, new)


def _stripped(text: str) -> str:
    return "\n".join(_NUMBER.sub("", line) for line in text.split("\n"))


RELAXATIONS: tuple[Relaxation, ...] = (
    ignore_trailing_whitespace,
    shift_indentation,
    drop_line_numbers,
    undo_escapes,
    read_as_ascii,
)
