"""A file's text beside the same text as a model writes it: no byte order mark, line feeds only.

Matching happens in the plain text; what is written is cut from the raw one, so that everything outside the replaced
part stays as it was, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal

from devstral_ls.edits.lines import contents_of, split_lines, with_line_feeds

BLANKS = " \t"
"""The only characters that indent or trail a line; a form feed or a no-break space is content."""

BYTE_ORDER_MARK = "\ufeff"

Trim = Literal["nothing", "right", "both"]


@dataclass(frozen=True)
class Source:
    raw: str

    @cached_property
    def plain(self) -> str:
        r"""Without a leading byte order mark, and with `\n` as the only ending."""
        return with_line_feeds(self.raw.removeprefix(BYTE_ORDER_MARK))

    @cached_property
    def contents(self) -> list[str]:
        """The plain text's lines, without endings."""
        return contents_of(self.plain)

    @cached_property
    def raw_lines(self) -> list[str]:
        """The raw text's lines with their endings, the first one without the byte order mark."""
        return split_lines(self.raw.removeprefix(BYTE_ORDER_MARK))

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts in the plain text; then the text's length."""
        starts = list(accumulate((len(line) + 1 for line in self.contents), initial=0))
        starts[-1] = len(self.plain)
        return starts

    def line_at(self, offset: int) -> int:
        """The 0-based line that holds this offset of the plain text; the last line for its end."""
        return max(0, min(bisect_right(self.starts, offset), len(self.contents)) - 1)

    def raw_offset(self, offset: int) -> int:
        """Where an offset of the plain text lies in the raw text."""
        mark = 1 if self.raw.startswith(BYTE_ORDER_MARK) else 0
        if self._same_length:
            return mark + offset
        line = bisect_right(self.starts, offset) - 1
        return mark + self._raw_starts[line] + offset - self.starts[line]

    def occurrences(self, wanted: str) -> Iterator[int]:
        """Every offset of the plain text where `wanted` stands, overlapping ones included."""
        return positions(self.plain, wanted)

    def windows(self, wanted: Sequence[str], trim: Trim) -> Iterator[int]:
        """The 0-based first line of every run of whole lines that are `wanted`, both sides trimmed alike.

        `wanted` is trimmed by the caller and not empty.
        """
        # A line feed on either side of both texts makes a substring search match whole lines only.
        haystack = "\n" + "\n".join(_trimmed(self.contents, trim)) + "\n"
        needle = "\n" + "\n".join(wanted) + "\n"
        line, counted = 0, 0
        for at in positions(haystack, needle):
            line += haystack.count("\n", counted, at)
            counted = at
            yield line

    def span(self, first: int, count: int, *, closed: bool) -> tuple[int, int]:
        """Plain offsets of `count` lines from `first` on; `closed` takes the last one's ending too."""
        last = first + count - 1
        end = self.starts[last + 1] if closed else self.starts[last] + len(self.contents[last])
        return self.starts[first], end

    @cached_property
    def _same_length(self) -> bool:
        return "\r\n" not in self.raw

    @cached_property
    def _raw_starts(self) -> list[int]:
        return list(accumulate(map(len, self.raw_lines), initial=0))


def without_blank_tail(old: str, new: str) -> tuple[str, str] | None:
    """Both texts without a last line that is blank and unfinished: what a model leaves behind when it closes a string.

    None when only the old text has one: whether the next line is to be kept apart is then unclear.
    """
    trimmed = old.rstrip(BLANKS)
    if trimmed == old or not trimmed.endswith("\n"):
        return old, new
    new = new.rstrip(BLANKS)
    return (trimmed, new) if not new or new.endswith("\n") else None


def positions(text: str, wanted: str) -> Iterator[int]:
    """Every offset of `wanted` in `text`, overlapping ones included, in order."""
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _trimmed(contents: Sequence[str], trim: Trim) -> Sequence[str]:
    match trim:
        case "nothing":
            return contents
        case "right":
            return [line.rstrip(BLANKS) for line in contents]
        case "both":
            return [line.strip(BLANKS) for line in contents]
