r"""The relaxation for text that was escaped once too often: `\n` for a line break, `\"` for a quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import combinations

from devstral_ls.edits.candidate import Candidate, Wording
from devstral_ls.edits.source import Source
from devstral_ls.errors import EditRefused

_MEANT = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_PAIR = re.compile(r"\\(.)", re.DOTALL)


def undo_escapes(source: Source, old: str, new: str) -> Iterator[Candidate]:
    """One pass of un-escaping, of all the kinds of escapes in the old text or of some.

    Code is full of escapes that are meant, so the file decides: a kind is undone in the new text only if undoing it in
    the old text is what makes it match.
    """
    kinds = escapes_in(old)
    readings = [
        (subset, meant)
        for size in range(len(kinds), 0, -1)
        for subset in combinations(kinds, size)
        if (meant := unescaped(old, subset)).strip() and meant in source.plain
    ]
    if len(readings) != 1:
        return
    [(subset, meant)] = readings
    for at in source.occurrences(meant):
        wording = partial(_undone, kinds, subset, meant, new)
        yield Candidate(at, at + len(meant), "with one level of escaping undone", wording)


def escapes_in(text: str) -> tuple[str, ...]:
    """The kinds of escapes in a text, named by the character after the backslash."""
    present = {match[1] for match in _PAIR.finditer(text)}
    return tuple(kind for kind in _MEANT if kind in present)


def unescaped(text: str, kinds: tuple[str, ...] = tuple(_MEANT)) -> str:
    """The text with escapes of these kinds undone, once, from left to right."""
    return _PAIR.sub(lambda match: _MEANT[match[1]] if match[1] in kinds else match[0], text)


def _undone(kinds: tuple[str, ...], subset: tuple[str, ...], meant: str, new: str) -> Wording:
    bare = _PAIR.sub(lambda match: "" if match[1] in _MEANT else match[0], new)
    for kind in escapes_in(new):
        if kind not in kinds or (kind in subset and _MEANT[kind] in bare):
            raise EditRefused(
                f"old_string is over-escaped: it matches once its {listed(subset)} "
                f"{'is' if len(subset) == 1 else 'are'} undone. But it is unclear whether \\{kind} in new_string is "
                "over-escaped too or meant as it stands. Send both as they are to be in the file, with no escaping "
                "but JSON's own."
            )
    new = unescaped(new, subset)
    return Wording(meant, new, new)


def listed(kinds: tuple[str, ...]) -> str:
    return " and ".join(f"\\{kind}" for kind in kinds)
