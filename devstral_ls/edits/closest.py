"""The part of a file most like a text that is not in it. Only ever used to explain; never to decide what to write."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from devstral_ls.edits.source import BLANKS, positions

# These bound the work on files of any size: what is left is one pass over the lines and a few substring searches.
MAX_COMMON = 64
"""How many occurrences of a line or word are looked at."""
MAX_SEARCHES = 48
"""Words that are searched for to the end of the file."""
MAX_WORD_LINES = 256
"""Lines of the wanted text whose words are used."""
MAX_WINDOWS = 8
MAX_LINES = 24
MAX_COLUMNS = 240

LIKE = 0.6
"""How much lines have to resemble each other, from 0 to 1, to be worth showing."""


@dataclass(frozen=True, slots=True)
class Window:
    """Lines `start` to `end` of the file, 0-based and half-open."""

    start: int
    end: int


def closest_window(contents: Sequence[str], wanted: Sequence[str]) -> Window | None:
    """The run of the file's lines most like `wanted`, of the same length; None when nothing is much like it."""
    votes: Counter[int] = Counter()
    _vote_by_lines(votes, contents, wanted)
    _vote_by_words(votes, contents, wanted)
    best, most = None, 0.0
    for start, vote in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:MAX_WINDOWS]:
        window = Window(max(0, start), min(len(contents), max(0, start) + len(wanted)))
        likeness, of_a_line = _likeness(contents[window.start : window.end], wanted)
        if likeness < LIKE**2 and of_a_line < (1 + LIKE) / 2:
            continue
        # Rare lines say more about the place than many alike, so the votes count as well.
        likeness += vote / max(votes.values())
        if likeness > most:
            best, most = window, likeness
    return best


def _vote_by_lines(votes: Counter[int], contents: Sequence[str], wanted: Sequence[str]) -> None:
    """How strongly equal lines, indentation aside, speak for the text starting at each line of the file."""
    in_wanted: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(wanted):
        if key := line.strip(BLANKS):
            in_wanted[key].append(index)
    in_file: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(contents):
        key = line.strip(BLANKS)
        if key in in_wanted and len(in_file[key]) < MAX_COMMON:
            in_file[key].append(number)
    for key, numbers in in_file.items():
        _vote(votes, 4, numbers, in_wanted[key])


def _vote_by_words(votes: Counter[int], contents: Sequence[str], wanted: Sequence[str]) -> None:
    """The same for words: they also find lines of which none is equal."""
    in_wanted: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(wanted[:MAX_WORD_LINES]):
        for word in sorted(set(re.findall(r"\w{3,}", line[:MAX_COLUMNS])), key=lambda word: (-len(word), word)):
            in_wanted[word].append(index)
    text = "\n".join(contents)
    searches = 0
    for word, indices in in_wanted.items():
        numbers = _lines_at(text, islice(positions(text, word), MAX_COMMON))
        _vote(votes, 1, numbers, indices)
        searches += len(numbers) < MAX_COMMON
        if searches == MAX_SEARCHES:
            break


def _vote(votes: Counter[int], weight: int, numbers: Sequence[int], indices: Sequence[int]) -> None:
    """A line or word speaks the louder the rarer it is, and the first line twice: then the difference comes later."""
    share = weight * 1000 // max(1, len(numbers) * len(indices))
    for number in numbers:
        for index in indices[:MAX_COMMON]:
            votes[number - index] += share if index else 2 * share


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
    if found.startswith(wanted[:8]):
        return 0
    words = sorted(set(re.findall(r"\w{3,}", wanted[:MAX_COLUMNS])), key=lambda word: (-len(word), word))[:MAX_WINDOWS]
    counted = sorted((found.count(word), -len(word), word) for word in words if word in found)
    for _, _, word in counted:
        if (column := found.find(word) - wanted.find(word)) >= 0:
            return column
    return 0


def _likeness(found: Sequence[str], wanted: Sequence[str]) -> tuple[float, float]:
    """How much the wanted lines resemble their counterparts: the mean square, and the most of any one."""
    total = weights = most = 0.0
    for index, line in enumerate(wanted[:MAX_LINES]):
        weight = 1.0 if line.strip(BLANKS) else 0.1
        weights += weight
        if index < len(found):
            likeness = _line_likeness(found[index].strip(BLANKS), line.strip(BLANKS)[:MAX_COLUMNS])
            total += weight * likeness**2
            most = max(most, likeness if len(line.strip(BLANKS)) > 8 else 0.0)
    return total / weights if weights else 0.0, most


def _line_likeness(found: str, wanted: str) -> float:
    column = column_of(found, wanted) if len(found) > 2 * len(wanted) else 0
    part = found[column : column + MAX_COLUMNS] if column == 0 else found[column : column + len(wanted)]
    if part == wanted:
        return 1.0
    matcher = SequenceMatcher(None, part.lower(), wanted.lower(), autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > LIKE else 0.0
