"""Edits a run proposed, from the moment it ends until every file of them is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from devstral_ls.edits.diff import apply_hunks, diff_lines
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.edits.unified import stat, unified_diff
from devstral_ls.server.to_lsp import TextChange
from devstral_ls.workspace.paths import path_to_uri

Decision = Literal["pending", "applied", "rejected", "modified", "superseded"]
"""modified: applied, then changed by the user. superseded: a later proposal of the session contains it."""


@dataclass(frozen=True, slots=True)
class FileProposal:
    """One file's proposed text. base: what it was made from (None: no such file); staged: None for a deletion."""

    path: Path
    uri: str
    name: str
    """As shown to people: relative to the workspace."""
    base: str | None
    staged: str | None
    decision: Decision = "pending"

    @property
    def kind(self) -> Literal["create", "edit", "delete"]:
        return "create" if self.base is None else "delete" if self.staged is None else "edit"

    def stat(self) -> tuple[int, int]:
        """Lines added and removed."""
        return stat(self.base or "", self.staged or "")

    def diff(self) -> str:
        """A unified diff as git prints it."""
        old = "/dev/null" if self.base is None else f"a/{self.name}"
        new = "/dev/null" if self.staged is None else f"b/{self.name}"
        return unified_diff(self.base or "", self.staged or "", old, new)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one run proposes. A value: a decision makes a new one with the same id."""

    id: str
    session_id: str
    files: tuple[FileProposal, ...]

    @property
    def pending(self) -> tuple[FileProposal, ...]:
        return tuple(file for file in self.files if file.decision == "pending")

    @property
    def state(self) -> str:
        """pending, applied, rejected or partly applied."""
        decisions = {file.decision for file in self.files}
        if "pending" in decisions:
            return "pending"
        return next(iter(decisions)) if len(decisions) == 1 else "partly applied"

    def summary(self) -> str:
        """Such as `2 files, +41 -7`, of what is still pending."""
        files = self.pending
        added, removed = (
            (sum(column) for column in zip(*(file.stat() for file in files), strict=True)) if files else (0, 0)
        )
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        return f"{count}, +{added} -{removed}"

    def diff(self) -> str:
        """The unified diff of what is still pending."""
        return "".join(file.diff() for file in self.pending)

    def decided(self, path: Path, decision: Decision) -> Proposal:
        """The proposal with one pending file decided."""
        files = tuple(
            replace(file, decision=decision) if file.path == path and file.decision == "pending" else file
            for file in self.files
        )
        return replace(self, files=files)

    def with_base(self, path: Path, base: str) -> Proposal:
        """The proposal with a pending file's base moved on, after some of its hunks were applied."""
        files = tuple(replace(file, base=base) if file.path == path else file for file in self.files)
        return replace(self, files=files)


class Proposals:
    """Every proposal of this server's life; the pending ones are what review is about."""

    def __init__(self) -> None:
        self._by_id: dict[str, Proposal] = {}
        self.on_update: Callable[[Proposal], None] = _ignore

    def get(self, proposal_id: str) -> Proposal | None:
        return self._by_id.get(proposal_id)

    def pending(self) -> list[Proposal]:
        """Oldest first."""
        return [proposal for proposal in self._by_id.values() if proposal.pending]

    def put(self, proposal: Proposal) -> Proposal:
        if self._by_id.get(proposal.id) != proposal:
            self._by_id[proposal.id] = proposal
            self.on_update(proposal)
        return proposal


def select(file: FileProposal, hunks: Sequence[int], first: int) -> FileProposal:
    """The file with only those hunks of it that are in `hunks`; its own are numbered from `first`."""
    mine = [number for number in range(first, first + hunk_count(file)) if number in hunks]
    if len(mine) == hunk_count(file):
        return file
    if not mine:
        return replace(file, staged=file.base)
    base = file.base or ""
    kept = [hunk for number, hunk in enumerate(diff_lines(base, file.staged or ""), first) if number in mine]
    return replace(file, staged=apply_hunks(base, kept))


def hunk_count(file: FileProposal) -> int:
    return max(1, len(diff_lines(file.base or "", file.staged or "")))


def change_now(file: FileProposal, current: str | None, version: int | None, uri: str | None = None) -> TextChange:
    """The change that brings the file from its text now to what is proposed; raises Conflict.

    current: the text in the editor or on disk, None where there is no file. uri: of the open document, as the editor
    spells it.
    """
    if current == file.base:
        staged = file.staged
    elif file.base is None or file.staged is None or current is None:
        raise Conflict(1, 1)
    else:
        staged = rebase(file.base, file.staged, current)
    new_folder = current is None and not file.path.parent.is_dir()
    return TextChange(uri or path_to_uri(file.path), version, current, staged, in_new_folder=new_folder)


def names(files: Iterable[FileProposal], most: int = 3) -> str:
    """`a.py, b.py and 3 more`."""
    listed = [file.name for file in files]
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[:most])} and {len(listed) - most} more"


def _ignore(_: Proposal) -> None:
    """Until review listens, nobody does."""
