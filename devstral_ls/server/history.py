"""What was applied of which proposal: what it takes to undo it, and to see what the user made of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devstral_ls.edits.rebase import Conflict, rebase


@dataclass(frozen=True, slots=True)
class Change:
    """One file's text right before and right after edits were applied. None: no such file.

    moved_from: where the file was before, if it was moved. seen: False when only the editor's word stands for it.
    """

    path: Path
    name: str
    before: str | None
    after: str | None
    moved_from: Path | None = None
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Application:
    """Edits of one proposal that arrived in the text together."""

    proposal_id: str
    session_id: str
    changes: tuple[Change, ...]

    def only(self, paths: Collection[Path]) -> Application:
        """What it did to these files."""
        return replace(self, changes=tuple(change for change in self.changes if change.path in paths))


class History:
    """Every application of this server's life that was not undone through it."""

    def __init__(self) -> None:
        self._applications: list[Application] = []

    def add(self, proposal_id: str, session_id: str, changes: Sequence[Change]) -> None:
        if changes:
            self._applications.append(Application(proposal_id, session_id, tuple(changes)))

    def of_proposal(self, proposal_id: str) -> list[Application]:
        """Oldest first."""
        return [application for application in self._applications if application.proposal_id == proposal_id]

    def changes(self, proposal_id: str) -> dict[Path, Change]:
        """What the proposal's applications did to each file, taken together."""
        found: dict[Path, Change] = {}
        for application in self.of_proposal(proposal_id):
            for change in application.changes:
                first = found.get(change.path)
                found[change.path] = change if first is None else _joined(first, change)
        return found

    def last(self, session_id: str | None = None) -> list[Application]:
        """The applications of the proposal that was applied last, in this session or any; oldest first."""
        for application in reversed(self._applications):
            if session_id in (None, application.session_id):
                return self.of_proposal(application.proposal_id)
        return []

    def replace(self, proposal_id: str, left: Sequence[Application]) -> None:
        """Forget the proposal's applications but for these."""
        others = [application for application in self._applications if application.proposal_id != proposal_id]
        self._applications = [*others, *left]


def _joined(first: Change, later: Change) -> Change:
    """Two applications as one; what the user typed between them counts as there before, where that can be told."""
    if first.after is None or first.before is None or later.before is None:
        return replace(later, before=first.before, moved_from=first.moved_from or later.moved_from)
    try:
        return replace(later, before=rebase(first.after, first.before, later.before))
    except Conflict:
        return later
