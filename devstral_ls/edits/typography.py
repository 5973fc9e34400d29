"""The relaxation for typographic quotes, dashes and spaces that a model reads or writes as ASCII."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import partial

from devstral_ls.edits.candidate import Candidate, Wording
from devstral_ls.edits.diff import diff_sequences
from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.source import Source

_ASCII = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "...": "\u2026",
}
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in b"!#$%&()*+,./:;<=>?@[\\]^_`{|}~"}
_FOLD = str.maketrans({odd: plain for plain, odds in _ASCII.items() for odd in odds} | _FULL_WIDTH)
_TOKEN = re.compile(r"\w+|\.\.\.|\s|.", re.DOTALL)


def read_as_ascii(source: Source, old: str, new: str) -> Iterator[Candidate]:
    """The old text where it stands once both it and the file are written in ASCII punctuation."""
    folded, wanted = source.plain.translate(_FOLD), old.translate(_FOLD)
    if not wanted.strip() or (folded == source.plain and wanted == old):
        return
    # An ellipsis becomes three characters, so every offset after one is two further on.
    ellipses = [match.start() for match in re.finditer("\u2026", source.plain)]
    unfolded = [at + 2 * index for index, at in enumerate(ellipses)]

    def offset(at: int) -> int | None:
        index = bisect_right(unfolded, at)
        if index and 0 < at - unfolded[index - 1] < 3:
            return None  # between an ellipsis's dots
        return at - 2 * bisect_left(unfolded, at)

    at = folded.find(wanted)
    while at >= 0:
        start, end = offset(at), offset(at + len(wanted))
        if start is not None and end is not None:
            wording = partial(_in_the_files_hand, source.plain[start:end], old, new)
            yield Candidate(start, end, "with typographic characters read as ASCII", wording)
        at = folded.find(wanted, at + 1)


def _in_the_files_hand(found: str, old: str, new: str) -> Wording:
    """The new text, with the file's own characters wherever a line repeats those of the line it replaces.

    What the model typed in typography while the file has ASCII becomes ASCII in the rest of the new text as well.
    """
    theirs, mine = split_lines(found), split_lines(old)
    pairs = [pair for lines in zip(mine, theirs, strict=True) for pair in _token_pairs(*lines)]
    right = {m for m, t in pairs if m == t}
    wrong = {m: t for m, t in pairs if m not in right and t == m.translate(_FOLD)}
    written: list[str] = []
    at = 0
    for hunk in diff_sequences(mine, split_lines(new)):
        written += theirs[at : hunk.old_start]
        at = hunk.old_end
        for place, line in enumerate(hunk.new_lines, hunk.old_start):
            pairs = _token_pairs(mine[place], theirs[place]) if place < hunk.old_end else []
            written.append(_rewritten(line, pairs, wrong))
    return Wording(old, new, "".join(written + theirs[at:]))


def _token_pairs(mine: str, theirs: str) -> list[tuple[str, str]]:
    """The model's tokens of a line beside the file's; none when they can't be paired off."""
    pairs = list(zip(_TOKEN.findall(mine), _TOKEN.findall(theirs), strict=False))
    return pairs if all(m.translate(_FOLD) == t.translate(_FOLD) for m, t in pairs) else []


def _rewritten(line: str, pairs: list[tuple[str, str]], wrong: dict[str, str]) -> str:
    tokens: list[str] = []
    at = 0
    for hunk in diff_sequences([mine for mine, _ in pairs], _TOKEN.findall(line)):
        tokens += (theirs for _, theirs in pairs[at : hunk.old_start])
        tokens += (wrong.get(token, token) for token in hunk.new_lines)
        at = hunk.old_end
    return "".join(tokens + [theirs for _, theirs in pairs[at:]])
