"""The port through which tools run shell commands; `execution` implements it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from devstral_ls.workspace.view import View

if TYPE_CHECKING:
    from devstral_ls.tools.python import Python

Told = Callable[[str], None]
"""Called with the last line a command has printed so far, now and then."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """exit_code: None when it was killed. output: both streams, bounded, plain. cut: bytes left out of it.

    staged: the files whose changes are staged edits now. notes: lines about what it changed.
    """

    exit_code: int | None
    output: str
    duration: float
    """Seconds."""
    timed_out: bool
    cut: int
    staged: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


class Commands(Protocol):
    """Something that runs shell commands on a view of the workspace."""

    async def run(
        self, command: str, directory: Path, timeout: float, view: View, told: Told | None = None
    ) -> CommandResult:
        """Run `command` for at most `timeout` seconds in `directory` of the view. Raises CommandRefused."""
        ...

    @property
    def python(self) -> Python | None:
        """What runs Python code; None where that is turned off."""
        ...
