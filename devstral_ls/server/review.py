"""From a proposal to the user's decision: asked about, applied, discarded, or settled by what the text became."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.edits.diff import apply_hunks
from devstral_ls.edits.fates import fates
from devstral_ls.edits.rebase import Conflict, rebase
from devstral_ls.errors import RequestRefused
from devstral_ls.server.applying import Applied, Applying
from devstral_ls.server.client import Client
from devstral_ls.server.delivery import Delivery
from devstral_ls.server.dialogs import Dialogs, Withdrawn
from devstral_ls.server.file_proposal import Decision, FileProposal, Settled
from devstral_ls.server.history import Change, History
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.placing import Read, conflicts
from devstral_ls.server.proposals import Proposal, Proposals, names
from devstral_ls.server.undo import Undone, undo

if TYPE_CHECKING:
    from devstral_ls.config import EditsMode

log = logging.getLogger(__name__)

APPLY, SHOW_DIFF, DISCARD = "Apply", "Show diff", "Discard"


class Review:
    """The proposals of this connection and what is decided about them.

    read: reads a file as it is now. show_diff: shows a proposal's diff to the user.
    """

    def __init__(
        self,
        client: Client,
        dialogs: Dialogs,
        proposals: Proposals,
        read: Read,
        show_diff: Callable[[Proposal], Any],
    ) -> None:
        self._dialogs = dialogs
        self.proposals = proposals
        self.history = History()
        self.read = read
        self._delivery = Delivery(client, dialogs, read)
        self._applying = Applying(self._delivery, proposals, self.history, read)
        self._show_diff = show_diff

    @property
    def client(self) -> Client:
        return self._delivery.client

    @client.setter
    def client(self, client: Client) -> None:
        self._delivery.client = client

    async def apply_unasked(self, proposal: Proposal) -> Applied:
        """Apply what needs nobody's word where the user wants edits applied; the rest is to be presented."""
        plain = [file.path for file in proposal.pending if not file.is_run]
        if not plain or self.client.preview == "actions":
            return Applied()
        return await self.apply(proposal, plain)

    async def present(self, proposal: Proposal, mode: EditsMode) -> Applied:
        """Take a new proposal to the user as the mode and the client want it; undecided, it stays pending.

        Where edits are applied unasked, that is what is left of it for the user to confirm.
        """
        files = [file for file in proposal.pending if mode != "auto" or file.is_run]
        if not files or mode == "propose" or self.client.preview == "actions":
            return Applied()
        if self.client.preview == "annotations" and any(file.staged is not None for file in files):
            return await self._apply_with_preview(proposal, files)
        return await self._ask(proposal, files)

    async def _ask(self, proposal: Proposal, files: Sequence[FileProposal]) -> Applied:
        titles, paths = [APPLY, SHOW_DIFF, DISCARD], [file.path for file in files]
        while True:
            asked = replace(proposal, files=tuple(file for file in proposal.pending if file.path in paths))
            message = f"Devstral proposes {asked.summary()}: {names(asked.files)}"
            if run := [file for file in asked.files if file.is_run]:
                message += f" ({names(run)}: editors, shells or build servers run what it says)"
            changed = [file for file in asked.files if conflicts(file, self.read)]
            if changed:
                message += f" ({names(changed)} changed meanwhile where the edits are: those can't be applied)"
            try:
                choice = await self._dialogs.choose(message, titles, can_wait=True)
            except (Withdrawn, ClientError) as error:
                log.info("the review stays open: %s", error or "another question came first")
                return Applied()
            proposal = self.proposals.get(proposal.id) or proposal
            if choice is None or not any(file.path in paths for file in proposal.pending):
                return Applied()
            if choice == APPLY:
                return await self.apply(proposal, paths)
            if choice == DISCARD:
                await self.discard(proposal, paths)
                return Applied()
            await self._show_diff(proposal)
            titles = [APPLY, DISCARD]

    async def _apply_with_preview(self, proposal: Proposal, files: Sequence[FileProposal]) -> Applied:
        """The client's own preview; closing it is no decision against the proposal, which stays pending."""
        try:
            outcome = await self.apply(proposal, [file.path for file in files], preview=True)
        except Withdrawn:
            return Applied()
        closed = not outcome.done and not outcome.conflicts and outcome.reason is None
        return Applied() if closed else outcome

    async def apply(
        self,
        proposal: Proposal,
        paths: Collection[Path] | None = None,
        hunks: Collection[str] | None = None,
        *,
        preview: bool = False,
    ) -> Applied:
        """Apply the pending files, or those in `paths`, or only the hunks with these ids."""
        return await self._applying.apply(proposal, paths, hunks, preview=preview)

    async def discard(
        self, proposal: Proposal, paths: Collection[Path] | None = None, hunks: Collection[str] | None = None
    ) -> list[FileProposal]:
        """Decide against the pending files (or those in `paths`, or these hunks); the editor's text is not touched."""
        async with self._delivery.turn():
            # What was on its way into the text is decided by now, and so is what came there by other ways.
            self.look()
            proposal = self.proposals.get(proposal.id) or proposal
            fates: dict[str, Decision] = {}
            dropped: list[FileProposal] = []
            for file in proposal.pending:
                mine = [key for key in file.ids() if hunks is None or key in hunks]
                if mine and (paths is None or file.path in paths):
                    dropped.append(file)
                    fates |= dict.fromkeys(mine, "rejected")
            self.proposals.put(proposal.decide(fates))
            return dropped

    async def undo(self, session_id: str | None) -> Undone:
        """Take back the last applied proposal of the session, or of any."""
        return await undo(self._delivery, self.proposals, self.history, self.read, session_id)

    async def judged(self) -> None:
        """Until what the editor has already answered about is decided."""
        await self._delivery.judged()

    def interested(self, path: Path) -> bool:
        """Whether anything here depends on the file's text."""
        return self._delivery.waits_for(path) or any(
            path in (file.path, file.moved.path if file.moved else None)
            for proposal in self.proposals.pending()
            for file in proposal.pending
        )

    def settled(self, proposal: Proposal) -> Proposal:
        """A new proposal, without what the user applied of an older one while the run went on."""
        for file in proposal.pending:
            there = _there(file, self.read(file.path).text)
            proposal = proposal.decide(dict.fromkeys(there, "superseded"))
        return self.proposals.put(proposal)

    def observe(self, path: Path, text: str | None, version: int | None = None) -> None:
        """The file's text is now this: wakes who waits for it, and settles what was applied by other ways.

        version: of the open document, when its client told this.
        """
        self._delivery.arrived(path, text, version)
        if self._delivery.waits_for(path):
            return
        for proposal in self.proposals.pending():
            for file in proposal.pending:
                there = _there(file, text) if file.path == path else ()
                if there:
                    self.proposals.put(proposal.decide(dict.fromkeys(there, "applied")))
                    change = Change(path, file.name, _before(file, there, text), text)
                    self.history.add(proposal.id, proposal.session_id, [change])

    def look(self) -> None:
        """Settle what is in the text by now: of files that are not open, changes are told late or not at all."""
        for proposal in self.proposals.pending():
            for file in proposal.pending:
                if not self._delivery.waits_for(file.path):
                    self.observe(file.path, self.read(file.path).text)
        for proposal, file in self.proposals.newest():
            if not self._delivery.waits_for(file.path):
                self._correct(proposal, file)

    def _correct(self, proposal: Proposal, file: FileProposal) -> None:
        """What counts as rejected and is in the text all the same was accepted, whoever brought it there.

        So it is with what was taken back while a preview's outcome was judged, and is done again.
        """
        rejected = file.rejected()
        text = self.read(file.path).text if rejected else None
        there = [hunk for hunk in rejected if _is_there(file, hunk, text)]
        if not there:
            return
        decided = file.accepted_after_all(there)
        files = tuple(decided if item is file else item for item in proposal.files)
        self.proposals.put(replace(proposal, files=files))
        before = file.base if file.is_whole else _without(there, text or "")
        moved = file.moved.path if file.moved else None
        self.history.add(proposal.id, proposal.session_id, [Change(file.path, file.name, before, text, moved)])

    def pick(self, proposal_id: str | None) -> Proposal:
        """The pending proposal with this id, or the newest; RequestRefused when there is none."""
        self.look()
        pending = self.proposals.pending()
        if proposal_id is None:
            if not pending:
                raise RequestRefused("There is no pending proposal.")
            return pending[-1]
        named = self.proposals.get(proposal_id)
        if named is None:
            raise RequestRefused(f"There is no proposal {proposal_id}.")
        if not named.pending:
            raise RequestRefused(f"Proposal {proposal_id} is {named.state} already.")
        return named


def _there(file: FileProposal, text: str | None) -> Sequence[str]:
    """The ids of those pending hunks that the text has."""
    if file.is_whole:
        return file.ids() if text == file.staged else ()
    if text is None or text == file.base:
        return ()
    found = fates(file.base or "", file.hunks, text)
    return [key for key, fate in zip(file.ids(), found, strict=True) if fate == "kept"]


def _is_there(file: FileProposal, rejected: Settled, text: str | None) -> bool:
    """Whether the text has a hunk that counts as rejected."""
    if file.is_whole:
        return text == file.staged and not (file.moved is not None and file.moved.path.exists())
    if text is None or text == rejected.base:
        return False
    return fates(rejected.base, [rejected.hunk], text) == ("kept",)


def _without(hunks: Sequence[Settled], text: str) -> str:
    """The text without these hunks; as it is, where that can't be told."""
    for one in hunks:
        try:
            text = rebase(apply_hunks(one.base, [one.hunk]), one.base, text)
        except Conflict:
            continue
    return text


def _before(file: FileProposal, there: Collection[str], text: str | None) -> str | None:
    """The text without those hunks, which is what it was before they were applied."""
    if file.is_whole or text is None:
        return file.base
    try:
        return rebase(file.only(there).staged or "", file.base or "", text)
    except Conflict:
        return text
