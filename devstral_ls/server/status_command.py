"""The command that tells what the server is, knows and does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstral_ls import __version__
from devstral_ls.config import EDITING
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.described import describe
from devstral_ls.server.outcomes import status as states
from devstral_ls.server.run import RunRequest

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer


async def status(server: DevstralServer, _: Arguments) -> Any:
    """What the server is, knows and does."""
    await server.settings.wait_for_changes()
    server.review.look()
    going, edits = server.runs.going(), server.editor.config.edits
    return {
        "version": __version__,
        "state": "busy" if going else "idle",
        **server.model.status(),
        "editsMode": edits.mode,
        "editsModes": {command: edits.mode_of(command) for command in EDITING},
        "execution": await server.execution.status(),
        "folders": [str(folder) for folder in server.editor.folders],
        "runs": [
            {"sessionId": run.conversation.id, "command": f"devstral.{_name(run.request)}", "state": run.state}
            for run in going
        ],
        "sessions": [conversation.id for conversation in server.sessions.all()],
        "proposals": [describe(proposal) for proposal in server.review.proposals.pending()],
        "outcomes": _outcomes(server),
    }


def _outcomes(server: DevstralServer) -> list[dict[str, Any]]:
    """What became of the current session's proposals, as the text shows it now."""
    current, review = server.sessions.current, server.review
    return [
        {"proposalId": proposal.id, "state": proposal.state, "files": states(proposal, review.history, review.read)}
        for proposal in (review.proposals.of_session(current.id) if current is not None else ())
    ]


def _name(request: RunRequest) -> str:
    """The command that a run came from."""
    return "runAction" if request.command == "runReadOnlyAction" else request.command
