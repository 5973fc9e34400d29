"""Whether a command may run: the user's word, asked for each time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError

if TYPE_CHECKING:
    from devstral_ls.server.report import Report
    from devstral_ls.tools.commands import Commands

RUN, DENY = "Run once", "Deny"


async def ask_approval(dialogs: Dialogs, command: str, directory: Path) -> bool:
    """True only for an explicit yes: a closed question, an error or a client that is gone is a no."""
    message = f"Devstral wants to run in a copy of {directory}:\n{command}"
    try:
        return await dialogs.choose(message, [RUN, DENY]) == RUN
    except ClientError:
        return False


def commands_of(report: Report, dialogs: Dialogs) -> Commands:
    """How a run's commands are run: each approved by the user first, which its report shows."""
    # Needed long after initialize is answered, if at all.
    from devstral_ls.execution.commands import StagedCommands

    async def approve(command: str, directory: Path) -> bool:
        report.approval(command, str(directory))
        return await ask_approval(dialogs, command, directory)

    return StagedCommands(approve)
