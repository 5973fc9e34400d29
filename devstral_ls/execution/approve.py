"""The port through which whoever runs a command asks whether it may run; `server` implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from devstral_ls.execution.rungs import Rung


class Approve(Protocol):
    """Decides about one command, asking the user where that is needed."""

    async def __call__(self, command: str, directory: Path, rung: Rung) -> bool:
        """Whether `command` may run in `directory`. False is the user's no; CommandRefused says another reason.

        rung: what would hold it in.
        """
        ...
