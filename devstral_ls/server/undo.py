"""`devstral.undo`: take back what a session's last applied proposal did, even after saves.

What the user changed since is the user's: a hunk of ours in such a place stays, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devstral_ls.edits.diff import apply_hunks, diff_lines
from devstral_ls.edits.fates import fates
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.errors import RequestRefused
from devstral_ls.server.delivery import Answer, Delivery, Parcel
from devstral_ls.server.file_proposal import IN_THE_TEXT, FileProposal
from devstral_ls.server.history import Change, History
from devstral_ls.server.placing import Read
from devstral_ls.server.proposals import Proposals
from devstral_ls.server.to_lsp import TextChange
from devstral_ls.workspace.paths import path_to_uri

UNSEEN = "the files on disk don't have them: undo them in the editor"


@dataclass(slots=True)
class Undone:
    """What became of an undo: names of files, and the URIs of those whose text went back."""

    proposal_id: str
    restored: list[str] = field(default_factory=list)
    uris: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Files with hunks that the user changed since: those hunks are as the user left them."""
    refused: list[str] = field(default_factory=list)
    reason: str | None = None

    def failure(self) -> str | None:
        """One line about what was not undone, None when all of it was."""
        lines = []
        if self.kept:
            lines.append(f"you changed Devstral's edits to {', '.join(self.kept)} since, so they stay")
        if self.refused:
            why = f" ({self.reason})" if self.reason else ""
            lines.append(f"the editor did not undo the edits to {', '.join(self.refused)}{why}")
        return f"Not all was undone: {'; '.join(lines)}." if lines else None


async def undo(
    delivery: Delivery, proposals: Proposals, history: History, read: Read, session_id: str | None
) -> Undone:
    """Take back the last applied proposal of the session, or of any. Raises RequestRefused when there is none."""
    async with delivery.turn():
        return await _undo(delivery, proposals, history, read, session_id)


async def _undo(
    delivery: Delivery, proposals: Proposals, history: History, read: Read, session_id: str | None
) -> Undone:
    proposal_id = history.last(session_id)
    if proposal_id is None:
        raise RequestRefused("There is nothing to undo: no edits of Devstral were applied.")
    undone = Undone(proposal_id)
    changes = history.changes(proposal_id, undone=False)
    refused = {change.path for change in changes.values() if _is_unseen(change, read)}
    undone.refused += [change.name for change in changes.values() if change.path in refused]
    undone.reason = UNSEEN if refused else None
    one_by_one, every = delivery.client.checks_first_version_only, list(changes.values())
    for together in [[change] for change in every] if one_by_one else [every]:
        # Planned right before it is sent: the user types on while the file before it is on its way.
        if todo := list(_plan(together, read, undone)):
            refused |= await _send(delivery, todo, undone)
    # What was refused can be tried again; the rest is over, whoever took it back.
    history.take_back(proposal_id, changes.keys() - refused)
    proposal = proposals.get(proposal_id)
    if proposal is not None:
        files = [_since(file, changes.get(file.path), file.path in refused, undone) for file in proposal.files]
        proposals.put(replace(proposal, files=tuple(files)))
    return undone


def _plan(changes: Sequence[Change], read: Read, undone: Undone) -> Iterator[tuple[Change, Parcel]]:
    """What takes these back from the texts as they are now; nothing for what is gone already."""
    for change in changes:
        now = read(change.path)
        before, after = (now.text, _without(change, now.text, undone))
        if change.moved_from is not None and before is not None:
            where = TextChange(now.uri or path_to_uri(change.path), now.version, before, after)
            yield change, Parcel(change.moved_from, replace(where, new_uri=path_to_uri(change.moved_from)))
        elif before != after:
            new_folder = before is None and not change.path.parent.is_dir()
            where = TextChange(now.uri or path_to_uri(change.path), now.version, before, after, new_folder)
            yield change, Parcel(change.path, where)


def _is_unseen(change: Change, read: Read) -> bool:
    """Whether only the editor's word stands for what was applied, so that there is nothing to take back from."""
    return not change.seen and read(change.path).text == change.before


async def _send(delivery: Delivery, todo: Sequence[tuple[Change, Parcel]], undone: Undone) -> set[Path]:
    """Have the editor take these back; the paths of those that it did not."""
    parcels = [parcel for _, parcel in todo]
    refused: set[Path] = set()
    with delivery.under_way(parcels):
        answer: Answer = await delivery.send(parcels, "Devstral: undo")
        undone.reason = answer.reason or undone.reason
        for change, parcel in todo:
            arrived = await delivery.text_after(parcel, answer, preview=False)
            if arrived.text == parcel.change.after or (arrived.mended and _is_gone(change, arrived.text)):
                undone.restored.append(change.name)
                undone.uris.append(parcel.change.new_uri or parcel.change.uri)
            else:
                undone.refused.append(change.name)
                refused.add(change.path)
    return refused


def _is_gone(change: Change, now: str | None) -> bool:
    """Whether nothing of what was applied is in the text."""
    if change.before is None or change.after is None or now is None:
        return now == change.before
    return set(fates(change.before, diff_lines(change.before, change.after), now)) <= {"missing"}


def _since(file: FileProposal, change: Change | None, refused: bool, undone: Undone) -> FileProposal:
    """The proposed file after the undo."""
    if change is None or refused:
        return file
    if change.name not in undone.kept:
        return _taken_back(file, change)
    settled = tuple(replace(hunk, decision="modified") if hunk.decision == "applied" else hunk for hunk in file.settled)
    return replace(file, settled=settled, decision="modified" if file.decision == "applied" else file.decision)


def _taken_back(file: FileProposal, change: Change) -> FileProposal:
    """The proposed file once its applied hunks are out of the text again; what is pending of it stays so."""
    settled = tuple(replace(hunk, decision="undone") if hunk.decision in IN_THE_TEXT else hunk for hunk in file.settled)
    if file.decision is not None:
        return replace(file, settled=settled, decision="undone" if file.decision in IN_THE_TEXT else file.decision)
    try:
        base = rebase(change.after or "", change.before or "", file.base or "")
        staged = rebase(change.after or "", change.before or "", file.staged or "")
    except Conflict:
        return replace(file, settled=settled)
    # Its hunks were in lines of a text that had the applied ones.
    return replace(file, settled=settled, base=base, staged=staged, cut=None, edits=None)


def _without(change: Change, now: str | None, undone: Undone) -> str | None:
    """The file's text now without what was applied; hunks that the user changed since are left, and noted."""
    if now == change.after:
        return change.before
    if change.before is None or change.after is None or now is None:
        if now != change.before:
            undone.kept.append(change.name)
        return now
    hunks = diff_lines(change.before, change.after)
    found = fates(change.before, hunks, now)
    if not {"altered", "overwritten"}.isdisjoint(found):
        undone.kept.append(change.name)
    kept = apply_hunks(change.before, [hunk for hunk, fate in zip(hunks, found, strict=True) if fate == "kept"])
    try:
        return rebase(kept, change.before, now)
    except Conflict:
        if change.name not in undone.kept:
            undone.kept.append(change.name)
        return now
