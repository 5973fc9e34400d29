"""Edits on their way into the editor, judged by what the text became.

Whether an edit was applied is read from the text itself, for `applied` in a client's answer is often wrong: some
always say true, one declines with null, one never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.edits.unified import stat
from devstral_ls.server.client import Client
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.proposals import (
    Decision,
    FileProposal,
    Proposal,
    Proposals,
    change_now,
    hunk_count,
    names,
    select,
)
from devstral_ls.server.to_lsp import TextChange, workspace_edit

OBSERVE = 1.0
"""Seconds to wait for the text to follow an editor's answer."""

UNANNOUNCED = 3.0
"""Seconds to wait for a client that did not announce workspace/applyEdit; Kate takes edits all the same, for 2 s."""

TRIES = 3
"""How often an edit is sent, made anew each time, while the user types between the last change we know of and it."""


@dataclass(frozen=True, slots=True)
class Current:
    """A file as it is now: in the editor, else on disk. text: None where there is no file."""

    text: str | None
    version: int | None
    uri: str | None = None
    """The open document's; None when it is not open."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One file on its way: as proposed, as chosen (all of its hunks, or some), and the change that brings it there."""

    file: FileProposal
    chosen: FileProposal
    change: TextChange


@dataclass(slots=True)
class Applied:
    """How applying went, per file."""

    applied: list[FileProposal] = field(default_factory=list)
    modified: list[FileProposal] = field(default_factory=list)
    refused: list[FileProposal] = field(default_factory=list)
    conflicts: list[FileProposal] = field(default_factory=list)
    reason: str | None = None

    def failure(self) -> str | None:
        """One line about what was not applied, None when all of it was."""
        if self.conflicts:
            return (
                f"{names(self.conflicts)} changed where Devstral's edits are: they stay pending. "
                "Show the diff to apply by hand, or ask again."
            )
        if self.refused:
            why = f": {self.reason}" if self.reason else "."
            return f"The editor did not apply the edits to {names(self.refused)}{why}"
        return None


class Applying:
    """Applies proposals and decides, file by file, what became of them. current: reads a file as it is now."""

    def __init__(
        self, client: Client, dialogs: Dialogs, proposals: Proposals, current: Callable[[Path], Current]
    ) -> None:
        self.client = client
        self._dialogs = dialogs
        self._proposals = proposals
        self._current = current
        self._expected: dict[Path, list[tuple[str | None, asyncio.Event]]] = {}

    async def apply(
        self,
        proposal: Proposal,
        paths: Collection[Path] | None = None,
        hunks: Sequence[int] | None = None,
        *,
        preview: bool = False,
    ) -> Applied:
        """Apply the pending files, or those in `paths`, or only the hunks with these numbers.

        Hunks are numbered from 0 through the files of the proposal's diff. What is not applied stays pending.
        """
        wanted: list[tuple[FileProposal, FileProposal]] = []
        number = 0
        for file in proposal.pending:
            first, number = number, number + hunk_count(file)
            if paths is not None and file.path not in paths:
                continue
            chosen = file if hunks is None else select(file, hunks, first)
            if chosen.staged != chosen.base:
                wanted.append((file, chosen))
        outcome = Applied()
        for _ in range(1 if preview else TRIES):
            wanted = await self._try(proposal.id, wanted, outcome, preview)
        outcome.refused += [file for file, _ in wanted]
        return outcome

    async def _try(
        self, proposal_id: str, wanted: Sequence[tuple[FileProposal, FileProposal]], outcome: Applied, preview: bool
    ) -> list[tuple[FileProposal, FileProposal]]:
        """Apply these (file, chosen) to the texts as they are now; those whose text had moved on before they came."""
        changes: list[Planned] = []
        for file, chosen in wanted:
            now = self._current(file.path)
            try:
                changes.append(Planned(file, chosen, change_now(chosen, now.text, now.version, now.uri)))
            except Conflict:
                outcome.conflicts.append(file)
        one_by_one = self.client.checks_first_version_only
        stale: list[Planned] = []
        for together in [[plan] for plan in changes] if one_by_one else [changes] if changes else []:
            stale += await self._send(proposal_id, together, outcome, preview)
        return [(plan.file, plan.chosen) for plan in stale]

    async def _send(
        self, proposal_id: str, changes: Sequence[Planned], outcome: Applied, preview: bool
    ) -> list[Planned]:
        """Have the editor apply these changes; those it did not apply while the text was changed otherwise."""
        label = f"Devstral: {names([plan.file for plan in changes])}"
        todo = [plan.change for plan in changes if plan.change.before != plan.change.after]
        answer: Any = {"applied": True}
        if todo:
            edit = workspace_edit(todo, self.client, label, preview=preview)
            answer = await self._apply_edit(edit, label, changes, preview)
        accepted = isinstance(answer, dict) and answer.get("applied") is True
        if isinstance(answer, dict) and isinstance(answer.get("failureReason"), str):
            outcome.reason = " ".join(answer["failureReason"].split())
        stale = []
        for plan in changes:
            decision = await self._judge(plan.file.path, plan.change, accepted)
            if decision != "pending":
                (outcome.applied if decision == "applied" else outcome.modified).append(plan.file)
                self._decide(proposal_id, plan.file, plan.chosen, decision)
            elif self._current(plan.file.path).text != plan.change.before:
                stale.append(plan)
            else:
                outcome.refused.append(plan.file)
        return stale

    async def _apply_edit(self, edit: dict[str, Any], label: str, changes: Sequence[Planned], preview: bool) -> Any:
        """The client's answer, or None when the text arrived in every open document though no answer did."""
        arrived = asyncio.create_task(self._all_arrive(changes), name="the text arrives")
        asked = asyncio.create_task(
            self._dialogs.ask("workspace/applyEdit", {"label": label, "edit": edit}, can_wait=preview),
            name="the editor answers",
        )
        try:
            # A preview may stay open for as long as the user likes; a client that never said it takes edits may not.
            patience = None if self.client.apply_edit else UNANNOUNCED
            await asyncio.wait({arrived, asked}, return_when=asyncio.FIRST_COMPLETED, timeout=patience)
            if not asked.done():
                await asyncio.wait({asked}, timeout=OBSERVE)
            return asked.result() if asked.done() else None
        except ClientError as error:
            return {"applied": False, "failureReason": str(error)}
        finally:
            arrived.cancel()
            asked.cancel()

    async def _all_arrive(self, changes: Sequence[Planned]) -> None:
        """Done when every file has its expected text in an open document; never when one of them is not open."""
        if any(plan.change.version is None for plan in changes):
            await asyncio.Event().wait()
        await asyncio.gather(*(self._arrival(plan.file.path, plan.change.after) for plan in changes))

    async def _arrival(self, path: Path, text: str | None) -> None:
        if self._current(path).text == text:
            return
        event = asyncio.Event()
        waiting = self._expected.setdefault(path, [])
        waiting.append((text, event))
        try:
            await event.wait()
        finally:
            waiting.remove((text, event))
            if not waiting:
                self._expected.pop(path, None)

    async def _judge(self, path: Path, change: TextChange, accepted: bool) -> Decision:
        """Decided from the text; where the file is not open and not written yet, the client's word has to do."""
        if change.version is None and accepted:
            return "applied"
        try:
            async with asyncio.timeout(OBSERVE if accepted else OBSERVE / 4):
                await self._arrival(path, change.after)
        except TimeoutError:
            part = found(change.before, change.after, self._current(path).text)
            if part == "all":
                return "applied"
            return "modified" if accepted and part == "some" else "pending"
        return "applied"

    def _decide(self, proposal_id: str, file: FileProposal, chosen: FileProposal, decision: Decision) -> None:
        proposal = self._proposals.get(proposal_id)
        if proposal is None:
            return
        if chosen.staged == file.staged:
            self._proposals.put(proposal.decided(file.path, decision))
        elif chosen.staged is not None:
            self._proposals.put(proposal.with_base(file.path, chosen.staged))

    def waits_for(self, path: Path) -> bool:
        """Whether an edit of this file is on its way."""
        return path in self._expected

    def arrived(self, path: Path, text: str | None) -> None:
        """The file's text is now this: wakes who waits for it."""
        for expected, event in self._expected.get(path, ()):
            if expected == text:
                event.set()


def found(before: str | None, after: str | None, now: str | None) -> Literal["all", "some", "none"]:
    """How much of the change from `before` to `after` is in `now`, which may hold the user's own changes too.

    Where the user changed the same lines, the text was made from the one of the two it is more like.
    """
    if now == after:
        return "all"
    if before is None or after is None or now is None or now == before:
        return "none"
    try:
        merged = rebase(before, after, now)
    except Conflict:
        return "some" if sum(stat(after, now)) < sum(stat(before, now)) else "none"
    missing = len(diff_lines(now, merged))
    return "all" if not missing else "some" if missing < len(diff_lines(before, after)) else "none"
