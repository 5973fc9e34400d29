"""The commands about conversations: list them, start a new one, show the record of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.arguments import Arguments

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer


async def sessions(server: DevstralServer, _: Arguments) -> Any:
    """The conversations since the server started, the one last used first."""
    states = {run.conversation.id: run.state for run in server.runs.going()}
    listed = sorted(server.sessions.all(), key=lambda each: each.transcript.last_used, reverse=True)
    current = server.sessions.current
    return [
        {
            "sessionId": each.id,
            "title": each.transcript.title,
            "started": each.transcript.started.isoformat(timespec="seconds"),
            "lastUsed": each.transcript.last_used.isoformat(timespec="seconds"),
            "state": states.get(each.id, "idle"),
            "current": each is current,
            "proposals": [
                {"proposalId": proposal.id, "state": proposal.state, "summary": proposal.summary()}
                for proposal in server.review.proposals.pending()
                if proposal.session_id == each.id
            ],
            "transcript": each.transcript.path.as_uri(),
        }
        for each in listed
    ]


async def new_session(server: DevstralServer, _: Arguments) -> Any:
    """Forget the current conversation: the next question starts a new one."""
    return {"sessionId": server.sessions.new().id}


async def show_transcript(server: DevstralServer, arguments: Arguments) -> Any:
    """Open the record of a session, the current one by default."""
    current = server.sessions.current
    conversation = server.sessions.get(arguments.session_id) if arguments.session_id else current
    if conversation is None:
        raise RequestRefused("There is no session yet: ask something first.")
    uri, shown = await server.pages.show_transcript(conversation)
    if not shown:
        server.user.tell("info", f"The transcript is at {uri}")
    return {"sessionId": conversation.id, "uri": uri, "shown": shown}
