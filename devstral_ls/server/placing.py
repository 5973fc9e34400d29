"""A proposal on the text as it is now, which the user may have changed since it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.edits.diff import Hunk, diff_lines
from devstral_ls.edits.reanchor import reanchor
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.to_lsp import TextChange
from devstral_ls.workspace.paths import path_to_uri


@dataclass(frozen=True, slots=True)
class Current:
    """A file as it is now: in the editor, else on disk. text: None where there is no file."""

    text: str | None
    version: int | None
    uri: str | None = None
    """The open document's; None when it is not open."""
    unfit: str | None = None
    """Why it can't take edits, as what is said of it: `is no text file`. None: it can."""


Read = Callable[[Path], Current]
"""Reads a file as it is now."""

NO_TEXT = "is no text file that can be read"


class Unfit(Conflict):
    """The file as a whole is not what the edits were made for. what: in words, to follow its name."""

    def __init__(self, what: str) -> None:
        super().__init__(1, 1)
        self.what = what


def change_now(file: FileProposal, read: Read) -> TextChange:
    """The change that brings the file from its text now to what is proposed; raises Conflict where both changed."""
    place = file.moved.path if file.moved else file.path
    now = read(place)
    there = read(file.path) if file.moved else None
    if unfit := now.unfit or (there.unfit if there is not None else None):
        raise Unfit(unfit)
    if there is not None and there.text is not None:
        raise Unfit("is there already")
    return TextChange(
        uri=now.uri or path_to_uri(place),
        version=now.version,
        before=now.text,
        after=_carried_over(file, now.text),
        in_new_folder=(now.text is None or file.moved is not None) and not file.path.parent.is_dir(),
        new_uri=path_to_uri(file.path) if file.moved else None,
        hunks=file.hunks if now.text == file.base and not file.is_whole else None,
    )


def _carried_over(file: FileProposal, now: str | None) -> str | None:
    """What is proposed, made of the text now: as it is, else by the strings the model named, else by lines."""
    if now == file.base:
        return file.staged
    if now is None:
        raise Unfit("was deleted or moved")
    if file.base is None:
        raise Unfit("is there already")
    if file.staged is None:
        raise Conflict(1, 1)
    anchored = reanchor(file.edits, now) if file.edits else None
    return anchored if anchored is not None else rebase(file.base, file.staged, now)


def conflicts(file: FileProposal, read: Read) -> bool:
    """Whether the file changed where the proposal does, so that it can't be applied."""
    try:
        change_now(file, read)
    except Conflict:
        return True
    return False


def hunks_now(file: FileProposal, read: Read) -> list[tuple[str, Hunk]]:
    """(id, hunk in lines of the text now) of what is pending of an edited file; nothing where it is in conflict."""
    if file.is_whole or file.base is None:
        return []
    try:
        change = change_now(file, read)
    except Conflict:
        return []
    if change.before == file.base:
        return list(zip(file.ids(), file.hunks, strict=True))
    moved = diff_lines(change.before or "", change.after or "")
    if len(moved) == len(file.hunks):
        return list(zip(file.ids(), moved, strict=True))
    # Some of them are in the text already, or ran together: those that are left as they were.
    by_text = {hunk.new_lines: key for key, hunk in zip(file.ids(), file.hunks, strict=True)}
    return [(by_text[hunk.new_lines], hunk) for hunk in moved if hunk.new_lines in by_text]
