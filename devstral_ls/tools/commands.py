"""The port through which tools run shell commands; `execution` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class CommandResult:
    """exit_code: None when it was killed. output: both streams, bounded, plain. cut: bytes left out of it."""

    exit_code: int | None
    output: str
    duration: float
    """Seconds."""
    timed_out: bool
    cut: int


class Commands(Protocol):
    """Something that runs shell commands on a view of the workspace."""

    async def run(self, command: str, directory: Path, timeout: float, view: View) -> CommandResult:
        """Run `command` for at most `timeout` seconds in `directory` of the view. Raises CommandRefused."""
        ...
