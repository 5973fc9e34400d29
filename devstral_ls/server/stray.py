"""An edit that an editor put where its lines had been, on a text that its user had typed in meanwhile.

Editors that look at no version do so. Their change notifications show it afterwards: first what was typed, then the
edit on top of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lsprotocol import types

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.server.documents import splice
from devstral_ls.server.positions import Encoding
from devstral_ls.server.to_lsp import TextChange, text_edits


@dataclass(frozen=True, slots=True)
class Stray:
    """came: the text right after the edit. wanted: as it should have been, with all that had been typed."""

    came: str
    wanted: str

    def mended(self, now: str | None) -> str | None:
        """The text now with what is wrong put right; None where the user has changed that place since."""
        try:
            return rebase(self.came, self.wanted, now) if now is not None else None
        except Conflict:
            return None


def find_stray(change: TextChange, texts: Sequence[str | None], encoding: Encoding) -> Stray | None:
    """Whether the change came onto another of these texts than the one it was made for, and did harm there.

    texts: what the file has been since it was sent, in order.
    """
    if change.before is None or change.after is None:
        return None
    edits: list[dict[str, object]] | None = None
    for typed, came in pairwise(texts):
        if typed is None or came is None or typed in (change.before, came):
            continue
        edits = text_edits(change.before, change.after, encoding, change.hunks) if edits is None else edits
        if came == _put(typed, edits, encoding) and not _is_on_the_way(change.before, edits, typed, encoding):
            wanted = _wanted(change, typed, came)
            return Stray(came, wanted) if wanted != came else None
    return None


def _is_on_the_way(before: str, edits: Sequence[dict[str, object]], text: str, encoding: Encoding) -> bool:
    """Whether nobody typed this: it is what the edits were made for with some of them in, from either end.

    Neovim puts them in one by one, and adds an end of line that it takes away at last.
    """
    text = text.rstrip("\r\n")
    parts = ((edits[count:], edits[:count]) for count in range(1, len(edits)))
    return any(_put(before, part, encoding).rstrip("\r\n") == text for both in parts for part in both)


def _wanted(change: TextChange, typed: str, came: str) -> str:
    """What was typed with the edit where it belongs; where both changed the same lines, what was typed alone."""
    before, after = change.before or "", change.after or ""
    try:
        return rebase(before, after, typed)
    except Conflict:
        old, new = split_lines(before), split_lines(typed)
        hunks = change.hunks if change.hunks is not None else diff_lines(before, after)
        # Right beside each other is no harm: it took out nothing but the lines that it was made to take out.
        harmless = all(old[hunk.old_start : hunk.old_end] == new[hunk.old_start : hunk.old_end] for hunk in hunks)
        return came if harmless else typed


def _put(text: str, edits: Sequence[dict[str, object]], encoding: Encoding) -> str:
    """The text with these edits at the places they name."""
    lines = split_lines(text)
    for edit in reversed(edits):
        lines = splice(lines, _range(edit["range"]), str(edit["newText"]), encoding)
    return "".join(lines)


def _range(where: object) -> types.Range:
    assert isinstance(where, dict)
    start, end = (types.Position(where[end]["line"], where[end]["character"]) for end in ("start", "end"))
    return types.Range(start, end)
