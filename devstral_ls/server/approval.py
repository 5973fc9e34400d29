"""Whether a command may run: the user's word, asked for each time."""

from __future__ import annotations

from pathlib import Path

from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError

RUN, DENY = "Run once", "Deny"


async def ask_approval(dialogs: Dialogs, command: str, directory: Path) -> bool:
    """True only for an explicit yes: a closed question, an error or a client that is gone is a no."""
    message = f"Devstral wants to run in a copy of {directory}:\n{command}"
    try:
        return await dialogs.choose(message, [RUN, DENY]) == RUN
    except ClientError:
        return False
