"""A place where the text a model means may be, and what to write there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devstral_ls.edits.diff import diff_sequences
from devstral_ls.edits.lines import dominant_ending, ending_of, split_lines
from devstral_ls.edits.source import Source


@dataclass(frozen=True, slots=True)
class Wording:
    """The model's old and new text, both as it gave them, and the new text as it is to be written.

    `new` and `written` have the same number of lines; all endings are line feeds.
    """

    old: str
    new: str
    written: str

    def without_final_newline(self) -> Wording:
        """The same at the end of a file that lacks its final newline, and is to stay that way."""
        return Wording(self.old.removesuffix("\n"), self.new.removesuffix("\n"), self.written.removesuffix("\n"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Offsets of the plain text, and how the model's text came to match there (None: exactly)."""

    start: int
    end: int
    relaxation: str | None
    wording: Callable[[], Wording]
    """Raises EditRefused when the new text can't follow the old one through the relaxation."""


def replacement(source: Source, candidate: Candidate) -> str:
    """What takes the candidate's place in the raw text.

    Lines the model left alone stay as the file has them, endings and all; the others take the ending of the line they
    replace, or else of their neighbour.
    """
    wording = candidate.wording()
    if wording.old.endswith("\n") and source.plain[candidate.end - 1] != "\n":
        wording = wording.without_final_newline()
    if "\n" not in wording.old and "\n" not in wording.new and wording.old != wording.new:
        return wording.written
    start, end = source.raw_offset(candidate.start), source.raw_offset(candidate.end)
    pieces = split_lines(source.raw[start:end])
    first = source.line_at(candidate.start)
    written = split_lines(wording.written)
    parts: list[str] = []
    before = source.raw[max(0, start - 1) : start]
    old_at = new_at = 0
    for hunk in diff_sequences(split_lines(wording.old), split_lines(wording.new)):
        parts += pieces[old_at : hunk.old_start]
        new_at += hunk.old_start - old_at
        for index, line in enumerate(written[new_at : new_at + len(hunk.new_lines)]):
            if not line.endswith("\n"):
                parts.append(line)
                continue
            place = min(hunk.old_start + index, hunk.old_end - 1)
            ending = _ending_near(source, first + place)
            last = parts[-1][-1:] if parts else before
            # An empty line ended by a line feed would vanish after a carriage return: the two make one ending.
            parts.append(line[:-1] + ("\r" if (last, line, ending) == ("\r", "\n", "\n") else ending))
        new_at += len(hunk.new_lines)
        old_at = hunk.old_end
    parts += pieces[old_at:]
    return "".join(parts)


def _ending_near(source: Source, line: int) -> str:
    for near in (line, line - 1, line + 1):
        if 0 <= near < len(source.raw_lines) and (ending := ending_of(source.raw_lines[near])):
            return ending
    return dominant_ending(source.raw)
