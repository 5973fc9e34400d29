"""The part of a file most like a text that is not in it. Only ever used to explain; never to decide what to write."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from devstral_ls.edits.source import BLANKS, positions

# These bound the work on files of any size: what is left of it is one pass over the file and a few substring searches.
MAX_COMMON = 64
"""A line or word that occurs more often than this says little about where the text is."""
MAX_WORDS = 32
MAX_WINDOWS = 8
MAX_LINES = 24
MAX_COLUMNS = 240

LIKE = 0.5
"""How much a window must resemble the text to be worth showing."""


@dataclass(frozen=True, slots=True)
class Window:
    """Lines `start` to `end` of the file, 0-based and half-open."""

    start: int
    end: int


def closest_window(contents: Sequence[str], wanted: Sequence[str]) -> Window | None:
    """The run of the file's lines most like `wanted`, of the same length; None when nothing is much like it."""
    votes = _votes_of_lines(contents, wanted) or _votes_of_words(contents, wanted)
    best, best_likeness = None, LIKE
    for start, _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:MAX_WINDOWS]:
        window = Window(max(0, start), min(len(contents), max(0, start) + len(wanted)))
        likeness = _likeness(contents[max(0, start) : window.end], wanted)
        if likeness > best_likeness:
            best, best_likeness = window, likeness
    return best


def _votes_of_lines(contents: Sequence[str], wanted: Sequence[str]) -> Counter[int]:
    """How strongly equal lines, indentation aside, speak for the text starting at each line."""
    in_wanted: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(wanted):
        if key := line.strip(BLANKS):
            in_wanted[key].append(index)
    in_file: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(contents):
        key = line.strip(BLANKS)
        if key in in_wanted and len(in_file[key]) <= MAX_COMMON:
            in_file[key].append(number)
    votes: Counter[int] = Counter()
    for key, numbers in in_file.items():
        _vote(votes, numbers, in_wanted[key])
    return votes


def _votes_of_words(contents: Sequence[str], wanted: Sequence[str]) -> Counter[int]:
    """The same by words, for when no line is equal."""
    in_wanted: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(wanted):
        for word in set(re.findall(r"\w{3,}", line[:MAX_COLUMNS])):
            in_wanted[word].append(index)
    text = "\n".join(contents)
    votes: Counter[int] = Counter()
    for word in sorted(in_wanted, key=lambda word: (-len(word), word))[:MAX_WORDS]:
        _vote(votes, _lines_at(text, islice(positions(text, word), MAX_COMMON + 1)), in_wanted[word])
    return votes


def _vote(votes: Counter[int], numbers: Sequence[int], indices: Sequence[int]) -> None:
    if len(numbers) > MAX_COMMON:
        return
    weight = 1000 // (len(numbers) * len(indices)) if numbers else 0
    for number in numbers:
        for index in indices[:MAX_COMMON]:
            votes[number - index] += weight


def _lines_at(text: str, offsets: Iterable[int]) -> list[int]:
    numbers: list[int] = []
    number = counted = 0
    for offset in offsets:
        number += text.count("\n", counted, offset)
        counted = offset
        numbers.append(number)
    return numbers


def column_of(found: str, wanted: str) -> int:
    """Where in the found line the wanted one would begin, when it is a part of that line rather than all of it."""
    if found[:1] == wanted[:1]:
        return 0
    for word in sorted(re.findall(r"\w{3,}", wanted[:MAX_COLUMNS]), key=len, reverse=True)[:MAX_WINDOWS]:
        column = found.find(word) - wanted.find(word)
        if word in found and column >= 0:
            return column
    return 0


def _likeness(found: Sequence[str], wanted: Sequence[str]) -> float:
    """From 0 to 1: the mean over the wanted lines of how much each resembles its counterpart."""
    total = weights = 0.0
    for index, line in enumerate(wanted[:MAX_LINES]):
        weight = 1.0 if line.strip(BLANKS) else 0.1
        weights += weight
        if index < len(found):
            total += weight * _line_likeness(found[index].strip(BLANKS), line.strip(BLANKS)[:MAX_COLUMNS])
    return total / weights if weights else 0.0


def _line_likeness(found: str, wanted: str) -> float:
    column = column_of(found, wanted) if len(found) > 2 * len(wanted) else 0
    part = found[column : column + MAX_COLUMNS] if column == 0 else found[column : column + len(wanted)]
    if part == wanted:
        return 1.0
    matcher = SequenceMatcher(None, part, wanted, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > LIKE else 0.0
