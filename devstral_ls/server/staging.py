"""Between a run's staged view and the session's proposal."""

from __future__ import annotations

import secrets

from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.proposals import FileProposal, Proposal, change_now
from devstral_ls.server.review import Review
from devstral_ls.server.sessions import Conversation
from devstral_ls.workspace.paths import path_to_uri
from devstral_ls.workspace.view import View


def restage(review: Review, conversation: Conversation, view: View) -> list[str]:
    """Put the session's pending proposal into a new run's view, so that a follow-up builds on it; notes for the model.

    A file that changed where the proposal does is left out: the model is told and the proposal stays as it is.
    """
    notes: list[str] = []
    proposal = review.proposals.get(conversation.proposal_id or "")
    if proposal is None:
        return notes
    for file in proposal.pending:
        now = view.original(file.path)
        try:
            change = change_now(file, now.text if now is not None else None, now.version if now is not None else None)
        except Conflict:
            notes.append(f"The user changed {file.name} where your pending edits are: read it again.")
            continue
        if change.after is None:
            view.remove(file.path)
        else:
            view.stage(file.path, change.after)
        notes.append(f"Your proposed edits to {file.name} are still undecided; you see the file with them.")
    return notes


def propose(review: Review, conversation: Conversation, view: View) -> Proposal | None:
    """Everything staged in the view as the session's newest proposal; None when nothing is.

    It takes the place of the session's older proposal for the files it contains.
    """
    files = tuple(
        FileProposal(
            path=staged.path,
            uri=staged.base.uri if staged.base is not None else path_to_uri(staged.path),
            name=view.show(staged.path),
            base=staged.base.text if staged.base is not None else None,
            staged=staged.text,
        )
        for staged in view.overlay.changes()
    )
    older = review.proposals.get(conversation.proposal_id or "")
    if not files:
        return None
    if older is not None and older.pending == files:
        return older
    proposal = Proposal(secrets.token_hex(4), conversation.id, files)
    if older is not None:
        for path in {file.path for file in files}:
            older = older.decided(path, "superseded")
        review.proposals.put(older)
    conversation.proposal_id = proposal.id
    conversation.transcript.proposed(proposal.diff())
    return review.proposals.put(proposal)
