"""From a proposal to the user's decision: asked about, applied, discarded, or settled by what the text became."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.applying import Applied, Applying, Current, found
from devstral_ls.server.client import Client
from devstral_ls.server.dialogs import Dialogs, Withdrawn
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.proposals import FileProposal, Proposal, Proposals, names

if TYPE_CHECKING:
    from devstral_ls.config import EditsMode

log = logging.getLogger(__name__)

APPLY, SHOW_DIFF, DISCARD = "Apply", "Show diff", "Discard"


class Review:
    """The proposals of this connection and what is decided about them.

    current: reads a file as it is now. show_diff: shows a proposal's diff to the user.
    """

    def __init__(
        self,
        client: Client,
        dialogs: Dialogs,
        proposals: Proposals,
        current: Callable[[Path], Current],
        show_diff: Callable[[Proposal], Any],
    ) -> None:
        self._dialogs = dialogs
        self.proposals = proposals
        self._applying = Applying(client, dialogs, proposals, current)
        self._show_diff = show_diff

    @property
    def client(self) -> Client:
        return self._applying.client

    @client.setter
    def client(self, client: Client) -> None:
        self._applying.client = client

    async def present(self, proposal: Proposal, mode: EditsMode) -> Applied:
        """Take a new proposal to the user as the mode and the client want it; undecided, it stays pending."""
        if mode == "propose" or self.client.preview == "actions":
            return Applied()
        if mode == "auto":
            return await self.apply(proposal)
        if self.client.preview == "annotations" and any(file.staged is not None for file in proposal.pending):
            return await self._apply_with_preview(proposal)
        return await self._ask(proposal)

    async def _ask(self, proposal: Proposal) -> Applied:
        titles = [APPLY, SHOW_DIFF, DISCARD]
        while True:
            message = f"Devstral proposes {proposal.summary()}: {names(proposal.pending)}"
            try:
                choice = await self._dialogs.choose(message, titles, can_wait=True)
            except (Withdrawn, ClientError) as error:
                log.info("the review stays open: %s", error or "another question came first")
                return Applied()
            proposal = self.proposals.get(proposal.id) or proposal
            if not proposal.pending or choice is None:
                return Applied()
            if choice == APPLY:
                return await self.apply(proposal)
            if choice == DISCARD:
                self.discard(proposal)
                return Applied()
            await self._show_diff(proposal)
            titles = [APPLY, DISCARD]

    async def _apply_with_preview(self, proposal: Proposal) -> Applied:
        """The client's own preview; closing it is no decision against the proposal, which stays pending."""
        try:
            return await self.apply(proposal, preview=True)
        except Withdrawn:
            return Applied()

    async def apply(
        self,
        proposal: Proposal,
        paths: Collection[Path] | None = None,
        hunks: Sequence[int] | None = None,
        *,
        preview: bool = False,
    ) -> Applied:
        """Apply the pending files, or those in `paths`, or only the hunks with these numbers."""
        return await self._applying.apply(proposal, paths, hunks, preview=preview)

    def discard(self, proposal: Proposal, paths: Collection[Path] | None = None) -> list[FileProposal]:
        """Decide against the pending files (or those in `paths`); the editor's text is not touched."""
        dropped = [file for file in proposal.pending if paths is None or file.path in paths]
        for file in dropped:
            proposal = proposal.decided(file.path, "rejected")
        self.proposals.put(proposal)
        return dropped

    def interested(self, path: Path) -> bool:
        """Whether anything here depends on the file's text."""
        return self._applying.waits_for(path) or any(
            file.path == path for proposal in self.proposals.pending() for file in proposal.pending
        )

    def observe(self, path: Path, text: str | None) -> None:
        """The file's text is now this: wakes who waits for it, and settles proposals applied by other ways."""
        self._applying.arrived(path, text)
        for proposal in self.proposals.pending():
            for file in proposal.pending:
                if file.path == path and text is not None and found(file.base, file.staged, text) == "all":
                    self.proposals.put(proposal.decided(path, "applied"))

    def pick(self, proposal_id: str | None) -> Proposal:
        """The pending proposal with this id, or the newest; RequestRefused when there is none."""
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
