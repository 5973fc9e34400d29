"""Why an edit was refused, in the words the model reads: at most `MAX_LINES` lines that it can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from devstral_ls.edits.candidate import Candidate
from devstral_ls.edits.closest import Window, closest_window, column_of
from devstral_ls.edits.escapes import escapes_in, listed, unescaped
from devstral_ls.edits.lines import contents_of
from devstral_ls.edits.relaxations import without_line_numbers
from devstral_ls.edits.source import Source
from devstral_ls.edits.visible import LEGEND, WIDTH, numbered, visible

MAX_LINES = 40
LISTED = 20
"""How many occurrences, or lines of the closest text, are shown."""

TELLING = 8
"""A text with fewer visible characters than this may well stand somewhere by chance."""

_BEFORE = 10
"""Lines above the closest text that are worth reading again."""

_SURE = 4
"""Characters that have to agree before the file's line is shown from its middle on."""

_ELISION = re.compile(r"\W*(?:\.\.\.|…)[\w\s]*\W*")
"""A line such as `# ... existing code ...`."""

EMPTY_OLD = (
    "old_string is empty, so there is no place to edit. To insert text, give the line next to the place as old_string "
    "and that line with the new text as new_string. To replace the whole file, use write_file."
)


def no_change(only_endings: bool) -> str:
    apart = ", apart from line endings, which stay as the file has them" if only_endings else ""
    return (
        f"No change: old_string and new_string are the same{apart}. If the file already reads as it should, go on; "
        "otherwise give in new_string what is to stand there instead."
    )


def ambiguous(source: Source, candidates: Sequence[Candidate]) -> str:
    """`candidates`: the first `LISTED` and one more, or all."""
    relaxations = " or ".join(dict.fromkeys(found.relaxation for found in candidates if found.relaxation))
    times = f"{len(candidates)} times" if len(candidates) <= LISTED else f"more than {LISTED} times"
    lines = [
        f"old_string is in the file {times}{f' ({relaxations})' if relaxations else ''}, starting at:",
        *(numbered(source, source.line_at(candidate.start)) for candidate in candidates[:LISTED]),
        "Add neighbouring lines to old_string until it fits one place only, "
        "or set replace_all to true to change every one.",
    ]
    return "\n".join(lines)


def no_effect(source: Source, candidate: Candidate) -> str:
    line = source.line_at(candidate.start) + 1
    how = f" (old_string matched {candidate.relaxation})" if candidate.relaxation else ""
    return f"No change: the text at line {line} already reads like new_string{how}. Go on."


def perhaps_applied(source: Source, candidate: Candidate, line: int) -> str:
    return (
        f"Not applied: new_string is already in the file, at line {line}, so this edit was probably made before. "
        f"If so, go on. old_string itself is not in the file; it only resembles line "
        f"{source.line_at(candidate.start) + 1} ({candidate.relaxation}): if that line is meant, send old_string "
        "exactly as the file has it."
    )


def not_found(source: Source, old: str, new: str) -> str:
    if not source.plain:
        return "old_string was not found: the file is empty. Use write_file to give it content."
    wanted, remarks = _as_meant(source, old)
    lines = ["old_string was not found in the file, so nothing was changed.", *remarks]
    at = source.plain.find(new) if telling(new) and new not in old else -1
    if at >= 0:
        first, last = source.line_at(at) + 1, source.line_at(at + len(new.rstrip("\n")) - 1) + 1
        where = f"line {first}" if first == last else f"lines {first}-{last}"
        lines.append(f"new_string is already there, at {where}: this edit was probably made before. If so, go on.")
    window = closest_window(source.contents, wanted)
    if window is not None:
        lines += _closest(source, window, wanted)
    elif at < 0:
        lines.append(
            "Nothing in the file is much like it. Search for a word of it with grep_search, or read the file again."
        )
    return "\n".join(lines[:MAX_LINES])


def telling(text: str) -> bool:
    """Whether finding this text somewhere is more than chance."""
    return len("".join(text.split())) >= TELLING


def _as_meant(source: Source, old: str) -> tuple[list[str], list[str]]:
    """The lines to look for, freed of what is plainly a mistake, and remarks on the mistake."""
    remarks: list[str] = []
    if (bare := without_line_numbers(old)) is not None and (old.startswith(" ") or "\n" in old.rstrip("\n")):
        old = bare
        remarks.append("It carries the line numbers that read_file prints; leave them and the tab after them out.")
    # Escapes the file itself has are code; a kind it has nowhere was put there by escaping once too often.
    odd = tuple(kind for kind in escapes_in(old) if f"\\{kind}" not in source.plain)
    if odd:
        old = unescaped(old, odd)
        remarks.append(
            f"It is over-escaped: its {listed(odd)} {'is' if len(odd) == 1 else 'are'} nowhere in the file. "
            "Send the text as it is in the file, with no escaping but JSON's own."
        )
    short = (line for line in contents_of(old) if len(line) <= WIDTH)
    if left_out := next((line for line in short if _ELISION.fullmatch(line) and line not in source.plain), None):
        remarks.append(f"It leaves lines out ({left_out.strip()!r}); old_string has to hold every line of the place.")
    return contents_of(old), remarks


def _closest(source: Source, window: Window, wanted: Sequence[str]) -> list[str]:
    found = source.contents[window.start : window.end]
    differing = _first_difference(found, wanted)
    shown_from = max(0, min(differing - LISTED // 2, len(found) - LISTED))
    shown = range(window.start + shown_from, min(window.end, window.start + shown_from + LISTED))
    where = f"line {window.start + 1}" if len(found) == 1 else f"lines {window.start + 1}-{window.end}"
    excerpt = "" if len(shown) == len(found) else f" (showing {shown.start + 1}-{shown.stop})"
    lines = [f"The closest text is {where}{excerpt}:", *(numbered(source, line) for line in shown)]
    lines += _difference(window, found, wanted, differing)
    if any(len(source.contents[line]) > WIDTH for line in shown):
        copy = "Lines that end in … are longer than shown: call read_file with offset={} before you copy them."
        return [*lines, copy.format(shown.start + 1)]
    lines.append("Copy old_string from the lines above, without their numbers.")
    if len(shown) < len(source.contents):
        lines[-1] += f" To see more, call read_file with offset={max(1, shown.start + 1 - _BEFORE)}."
    return lines


def _difference(window: Window, found: Sequence[str], wanted: Sequence[str], differing: int) -> list[str]:
    """The first differing line, as the file and as old_string has it, with a mark where they part."""
    if differing >= len(found):
        rest, _ = visible(wanted[differing])
        return [f"The file ends there; line {differing + 1} of old_string goes on with: {rest}"]
    theirs, mine = found[differing], wanted[differing]
    # The first line may begin in the middle of the file's, and a very long one is only shown where it matters.
    if differing == 0 or len(theirs) > 2 * len(mine) + WIDTH:
        part = theirs[column_of(theirs, mine) :]
        theirs = part if _common_start(part, mine) >= _SURE else theirs
    same = _common_start(theirs, mine)
    shown_theirs, _ = visible(theirs, same)
    shown_mine, column = visible(mine, same)
    lines = [
        f"They first differ at line {window.start + differing + 1}, line {differing + 1} of old_string ({LEGEND}):",
        f"  file:       {shown_theirs}",
        f"  old_string: {shown_mine}",
    ]
    return [*lines, " " * (len("  old_string: ") + column) + "^"] if same else lines


def _common_start(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length


def _first_difference(found: Sequence[str], wanted: Sequence[str]) -> int:
    """The first wanted line that isn't the found one, a first or last line being allowed to be a part of its own."""
    last = len(wanted) - 1
    for index, (theirs, mine) in enumerate(zip(found, wanted, strict=False)):
        if index == 0 and index == last:
            same = mine in theirs
        elif index == 0:
            same = theirs.endswith(mine)
        elif index == last:
            same = theirs.startswith(mine)
        else:
            same = theirs == mine
        if not same:
            return index
    return min(len(found), last)
