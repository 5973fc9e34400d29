"""The commands that show what is always allowed, and take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.permission import in_a_list
from devstral_ls.storage.approvals import Approval
from devstral_ls.workspace.paths import canonical

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer

SHOWN = 12
"""Commands that a message shows; more don't fit on a screen."""


async def approvals(server: DevstralServer, arguments: Arguments) -> Any:
    """The shell commands that are always allowed in the workspace, numbered from 1."""
    known = _known(server, arguments)
    lines = [f"{number}. {in_a_list(each.command)}" for number, (_, each) in enumerate(known[:SHOWN], 1)]
    more = [f"... and {len(known) - SHOWN} more"] if len(known) > SHOWN else []
    text = "\n".join(["Always allowed here:", *lines, *more]) if known else "No command is always allowed here."
    # Most editors drop a command's answer.
    server.user.tell("info", text)
    return [
        {
            "index": number,
            "command": each.command,
            "folder": str(folder),
            "unsandboxed": each.unsandboxed,
            "since": each.since,
        }
        for number, (folder, each) in enumerate(known, 1)
    ]


async def revoke_approval(server: DevstralServer, arguments: Arguments) -> Any:
    """Ask again about a shell command that is always allowed: the one named, numbered or picked, or all of them."""
    known = _known(server, arguments)
    name = arguments.command if arguments.command is not None else arguments.prompt
    if arguments.all:
        chosen = known
    elif arguments.index is not None:
        chosen = known[arguments.index - 1 : arguments.index]
    elif name:
        chosen = [(folder, each) for folder, each in known if each.command == name]
    else:
        chosen = await _picked(server, known)
        if not chosen:
            return {"revoked": []}
    if not chosen and not arguments.all:
        raise RequestRefused("This is not among the commands that are always allowed: devstral.approvals lists them.")
    try:
        for folder, each in chosen:
            server.approvals.remove(folder, each)
    except OSError as error:
        raise RequestRefused(f"The approval can't be taken back: {error.strerror}. Delete {error.filename}.") from error
    return {"revoked": [each.command for _, each in chosen]}


async def _picked(server: DevstralServer, known: list[tuple[Path, Approval]]) -> list[tuple[Path, Approval]]:
    """What the user picks where a command palette gave no argument; nothing when the question is closed."""
    if not known:
        raise RequestRefused("No command is always allowed here.")
    titles = [f"{number}. {in_a_list(each.command)}" for number, (_, each) in enumerate(known[:SHOWN], 1)]
    title = await server.dialogs.choose("Which command shall Devstral ask about again?", titles)
    return [known[titles.index(title)]] if title is not None else []


def _known(server: DevstralServer, arguments: Arguments) -> list[tuple[Path, Approval]]:
    """What is allowed in the workspace folders, folder by folder."""
    folders = server.editor.roots(server.target(arguments, needed=False))
    return [(folder, each) for folder in map(canonical, folders) for each in server.approvals.of(folder)]
