"""What was applied of which proposal: what it takes to undo it, and to see what the user made of it since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devstral_ls.edits.rebase import Conflict, rebase


@dataclass(frozen=True, slots=True)
class Change:
    """One file's text right before edits were applied, and with them and nothing else. None: no such file.

    moved_from: where the file was before, if it was moved. seen: False when only the editor's word stands for it.
    undone: whether `devstral.undo` took it back.
    """

    path: Path
    name: str
    before: str | None
    after: str | None
    moved_from: Path | None = None
    seen: bool = True
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """Edits of one proposal that arrived in the text together."""

    proposal_id: str
    session_id: str
    changes: tuple[Change, ...]


class History:
    """Every application of this server's life."""

    def __init__(self) -> None:
        self._applications: list[Application] = []

    def add(self, proposal_id: str, session_id: str, changes: Sequence[Change]) -> None:
        if changes:
            self._applications.append(Application(proposal_id, session_id, tuple(changes)))

    def changes(self, proposal_id: str, *, undone: bool = True) -> dict[Path, Change]:
        """What the proposal's applications did to each file, taken together. undone: also what was taken back."""
        found: dict[Path, Change] = {}
        for application in self._applications:
            for change in application.changes if application.proposal_id == proposal_id else ():
                if undone or not change.undone:
                    first = found.get(change.path)
                    found[change.path] = change if first is None else _joined(first, change)
        return found

    def without_later(self, proposal_id: str, path: Path, text: str | None) -> str | None:
        """The file's text without what was applied after this proposal's edits. Raises Conflict where it was changed.

        What a later run of ours did is nothing that the user did to these edits.
        """
        numbers = [number for number, item in enumerate(self._applications) if item.proposal_id == proposal_id]
        later = [
            change
            for application in self._applications[max(numbers, default=-1) + 1 :]
            for change in application.changes
            if change.path == path and not change.undone and change.seen
        ]
        for change in reversed(later):
            if text == change.after:
                text = change.before
                continue
            if change.before is None or change.after is None or text is None:
                raise Conflict(1, 1)
            text = rebase(change.after, change.before, text)
        return text

    def last(self, session_id: str | None = None) -> str | None:
        """The proposal that was applied last, in this session or any, and not taken back; None: there is none."""
        for application in reversed(self._applications):
            if session_id in (None, application.session_id) and not all(item.undone for item in application.changes):
                return application.proposal_id
        return None

    def take_back(self, proposal_id: str, paths: Collection[Path]) -> None:
        """Note that the proposal's applications to these files were undone."""
        for number, application in enumerate(self._applications):
            if application.proposal_id == proposal_id:
                changes = (replace(item, undone=item.undone or item.path in paths) for item in application.changes)
                self._applications[number] = replace(application, changes=tuple(changes))


def _joined(first: Change, later: Change) -> Change:
    """Two applications as one; what the user typed between them counts as there before, where that can be told.

    What the first one did is in `after` even where the user took it back before the later one came.
    """
    if first.after is None or first.before is None or later.before is None:
        return replace(later, before=first.before, moved_from=first.moved_from or later.moved_from)
    try:
        before = rebase(first.after, first.before, later.before)
    except Conflict:
        return later
    if later.after is None:
        return replace(later, before=before)
    try:
        after = rebase(later.before, later.after, rebase(first.before, first.after, before))
    except Conflict:
        after = later.after
    return replace(later, before=before, after=after)
