"""The commands about a proposal: apply and discard it or parts of it, show it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.errors import InvalidRequest, RequestRefused
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.proposals import Proposal
from devstral_ls.workspace.paths import canonical, uri_to_path

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer


async def apply_proposal(server: DevstralServer, arguments: Arguments) -> Any:
    """Apply a proposal, or the named files or hunks of it."""
    proposal = server.review.pick(arguments.proposal_id)
    outcome = await server.review.apply(proposal, _paths(arguments), _hunks(proposal, arguments))
    done = outcome.done
    failure = outcome.failure() or (None if done else "There was nothing to apply.")
    if failure is not None:
        # Most editors drop a command's answer when it was picked from the code actions.
        server.user.tell("warning", failure)
    return {
        "proposalId": proposal.id,
        "applied": failure is None,
        "files": [file.uri for file in done],
        "failureReason": failure,
    }


async def discard_proposal(server: DevstralServer, arguments: Arguments) -> Any:
    """Discard a proposal, or the named files or hunks of it."""
    proposal = server.review.pick(arguments.proposal_id)
    dropped = await server.review.discard(proposal, _paths(arguments), _hunks(proposal, arguments))
    if not dropped:
        raise RequestRefused("None of these files has pending edits in this proposal.")
    return {"proposalId": proposal.id, "discarded": [file.uri for file in dropped]}


async def show_diff(server: DevstralServer, arguments: Arguments) -> Any:
    """Open a proposal's unified diff."""
    proposal = server.review.pick(arguments.proposal_id)
    uri, shown = await server.pages.show_diff(proposal)
    if not shown:
        server.user.tell("info", f"The diff is at {uri}")
    return {"proposalId": proposal.id, "diff": proposal.diff(), "uri": uri, "shown": shown}


async def undo(server: DevstralServer, arguments: Arguments) -> Any:
    """Take back what the session's last applied proposal changed, even after saves; not what you changed since."""
    if arguments.session_id is not None:
        server.sessions.get(arguments.session_id)
    undone = await server.review.undo(arguments.session_id)
    failure = undone.failure()
    if failure is not None:
        server.user.tell("warning", failure)
    return {
        "proposalId": undone.proposal_id,
        "undone": failure is None,
        "files": undone.uris,
        "failureReason": failure,
    }


def _hunks(proposal: Proposal, arguments: Arguments) -> set[str] | None:
    """The ids of the hunks that are named by id, or by number through the pending diff."""
    if arguments.hunks is None:
        return None
    pending = proposal.hunk_ids()
    return {
        pending[hunk] if isinstance(hunk, int) else hunk
        for hunk in arguments.hunks
        if isinstance(hunk, str) or hunk < len(pending)
    }


def _paths(arguments: Arguments) -> set[Path] | None:
    if arguments.uris is None:
        return None
    paths = {canonical(path) for uri in arguments.uris if (path := uri_to_path(uri)) is not None}
    if not paths:
        raise InvalidRequest("`uris` names no file: give the file: URIs of the proposal's files.")
    return paths
