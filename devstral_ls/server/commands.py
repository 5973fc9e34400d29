"""`workspace/executeCommand`: which commands there are.

Every command takes one object with optional fields; also a bare string (the prompt), `[prompt, uri, range]`, or
nothing at all, for pickers in some editors send no arguments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from devstral_ls.errors import InvalidRequest
from devstral_ls.server import (
    approvals,
    hunks,
    model_commands,
    proposal_commands,
    run_commands,
    session_commands,
    status_command,
)
from devstral_ls.server.arguments import Arguments, parse
from devstral_ls.server.run_commands import on_target

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer

Command = Callable[["DevstralServer", Arguments], Awaitable[Any]]

COMMANDS: Mapping[str, Command] = {
    "devstral.ask": run_commands.ask,
    "devstral.edit": run_commands.edit,
    "devstral.fix": on_target("fix", "Fix the diagnostics given, or the problems at a place."),
    "devstral.explain": on_target("explain", "Explain the selection, or the file."),
    "devstral.document": on_target("document", "Write documentation comments for the selection, or the file."),
    "devstral.test": on_target("test", "Write tests for the selection, or the file, and run them."),
    "devstral.review": on_target("review", "Review the selection, or the file, in prose."),
    "devstral.runInstruction": run_commands.run_instruction,
    "devstral.runAction": run_commands.run_action,
    "devstral.cancel": run_commands.cancel,
    "devstral.status": status_command.status,
    "devstral.models": model_commands.models,
    "devstral.selectModel": model_commands.select_model,
    "devstral.sessions": session_commands.sessions,
    "devstral.newSession": session_commands.new_session,
    "devstral.showTranscript": session_commands.show_transcript,
    "devstral.applyProposal": proposal_commands.apply_proposal,
    "devstral.discardProposal": proposal_commands.discard_proposal,
    "devstral.showDiff": proposal_commands.show_diff,
    "devstral.hunks": hunks.hunks,
    "devstral.undo": proposal_commands.undo,
    "devstral.approvals": approvals.approvals,
    "devstral.revokeApproval": approvals.revoke_approval,
}


async def execute(server: DevstralServer, params: Any) -> Any:
    """Serve one `workspace/executeCommand`."""
    if not isinstance(params, dict) or not isinstance(params.get("command"), str):
        raise InvalidRequest("executeCommand needs a command name.")
    name = params["command"]
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidRequest(f"{name!r} is not a command of devstral-ls; it has {', '.join(COMMANDS)}.")
    arguments = parse(name, params.get("arguments"), params.get("workDoneToken"))
    return await command(server, arguments)


def described() -> list[tuple[str, str]]:
    """(command, first sentence of what it does), for the reference page."""
    return [(name, (command.__doc__ or "").split("\n")[0]) for name, command in COMMANDS.items()]
