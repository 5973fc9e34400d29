"""The commands that show what is always allowed, and take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.permission import in_a_list
from devstral_ls.storage.remembered import Remembered, described, forget, remark, remembered, spoken
from devstral_ls.workspace.paths import canonical

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer

SHOWN = 12
"""Commands that a message shows; more don't fit on a screen."""


async def approvals(server: DevstralServer, arguments: Arguments) -> Any:
    """The shell commands that are always allowed in the workspace, and answers about checks, numbered from 1."""
    known = _known(server, arguments)
    lines = _titles(known)
    more = [f"... and {len(known) - SHOWN} more"] if len(known) > SHOWN else []
    text = "\n".join(["Always allowed here:", *lines, *more]) if known else "No command is always allowed here."
    # Most editors drop a command's answer.
    server.user.tell("info", text)
    return [
        {"index": number, "folder": str(folder), **described(each)} for number, (folder, each) in enumerate(known, 1)
    ]


async def revoke_approval(server: DevstralServer, arguments: Arguments) -> Any:
    """Ask again about a shell command that is always allowed, or a check: the one named, numbered or picked, or all."""
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
            forget(folder, each, server.approvals, server.checks)
    except OSError as error:
        raise RequestRefused(f"The approval can't be taken back: {error.strerror}. Delete {error.filename}.") from error
    return {"revoked": [each.command for _, each in chosen]}


def _titles(known: list[tuple[Path, Remembered]]) -> list[str]:
    """A line for each, numbered; no more than fit on a screen."""
    return [
        f"{number}. {spoken(each)}{in_a_list(each.command)}" + (f" ({what})" if (what := remark(each)) else "")
        for number, (_, each) in enumerate(known[:SHOWN], 1)
    ]


async def _picked(server: DevstralServer, known: list[tuple[Path, Remembered]]) -> list[tuple[Path, Remembered]]:
    """What the user picks where a command palette gave no argument; nothing when the question is closed."""
    if not known:
        raise RequestRefused("No command is always allowed here.")
    titles = _titles(known)
    title = await server.dialogs.choose("Which command shall Devstral ask about again?", titles)
    return [known[titles.index(title)]] if title is not None else []


def _known(server: DevstralServer, arguments: Arguments) -> list[tuple[Path, Remembered]]:
    """What is remembered of the workspace folders, folder by folder."""
    folders = server.editor.roots(server.target(arguments, needed=False))
    return [
        (folder, each)
        for folder in map(canonical, folders)
        for each in remembered(folder, server.approvals, server.checks)
    ]
