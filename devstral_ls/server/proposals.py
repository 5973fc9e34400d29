"""Edits a run proposed, from the moment it ends until every hunk of them is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from devstral_ls.server.file_proposal import GONE, Decision, FileProposal, State, together


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one run proposes. A value: a decision makes a new one with the same id.

    note: a line about what was run on it, such as `42 tests pass`.
    """

    id: str
    session_id: str
    files: tuple[FileProposal, ...]
    note: str = ""

    @property
    def pending(self) -> tuple[FileProposal, ...]:
        return tuple(file for file in self.files if file.decision is None)

    @property
    def state(self) -> State:
        if self.pending:
            return "pending"
        return together({file.state for file in self.files})

    def hunk_ids(self) -> list[str]:
        """Every pending hunk, as numbered from 0 through the files of the diff."""
        return [key for file in self.pending for key in file.ids()]

    def summary(self) -> str:
        """Such as `2 files, +41 -7`, of what is still pending."""
        files = self.pending
        added, removed = (
            (sum(column) for column in zip(*(file.stat() for file in files), strict=True)) if files else (0, 0)
        )
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        return f"{count}, +{added} -{removed}" + (f", {self.check}" if self.note else "")

    @property
    def check(self) -> str:
        """The note as it is true of what is pending: it was run on all of the edits, rejected ones included."""
        decisions: set[State | None] = {file.decision for file in self.files}
        decisions |= {hunk.decision for file in self.files for hunk in file.settled}
        return self.note if not self.note or decisions.isdisjoint(GONE) else f"{self.note} with all of it"

    def diff(self) -> str:
        """The unified diff of what is still pending."""
        return "".join(file.diff() for file in self.pending)

    def decide(self, fates: Mapping[str, Decision]) -> Proposal:
        """With those hunks decided, by id."""
        return replace(self, files=tuple(file.decide(fates) for file in self.files))

    def decided(self, path: Path, decision: Decision) -> Proposal:
        """With all that is pending of one file decided."""
        fates = {key: decision for file in self.pending if file.path == path for key in file.ids()}
        return self.decide(fates)


class Proposals:
    """Every proposal of this server's life; the pending ones are what review is about."""

    def __init__(self) -> None:
        self._by_id: dict[str, Proposal] = {}
        self.on_update: Callable[[Proposal], None] = _ignore

    def get(self, proposal_id: str) -> Proposal | None:
        return self._by_id.get(proposal_id)

    def of_session(self, session_id: str) -> list[Proposal]:
        """Oldest first."""
        return [proposal for proposal in self._by_id.values() if proposal.session_id == session_id]

    def pending(self) -> list[Proposal]:
        """Oldest first."""
        return [proposal for proposal in self._by_id.values() if proposal.pending]

    def newest(self) -> list[tuple[Proposal, FileProposal]]:
        """For each file that was ever proposed, the newest proposal of it."""
        found = {file.path: (proposal, file) for proposal in self._by_id.values() for file in proposal.files}
        return list(found.values())

    def put(self, proposal: Proposal) -> Proposal:
        if self._by_id.get(proposal.id) != proposal:
            self._by_id[proposal.id] = proposal
            self.on_update(proposal)
        return proposal


def names(files: Iterable[FileProposal], most: int = 3) -> str:
    """`a.py, b.py and 3 more`."""
    listed = [file.name for file in files]
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[:most])} and {len(listed) - most} more"


def _ignore(_: Proposal) -> None:
    """Until review listens, nobody does."""
