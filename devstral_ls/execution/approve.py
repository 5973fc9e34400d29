"""The port through which whoever runs a command asks whether it may run; `server` implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Approve(Protocol):
    """Decides about one command, asking the user where that is needed."""

    async def __call__(self, command: str, directory: Path, *, sandboxed: bool = False) -> bool:
        """Whether `command` may run in `directory`. False is the user's no; CommandRefused says another reason.

        sandboxed: nothing it does can reach the user's files, other processes or the network.
        """
        ...
