"""The port through which tools run Python code; `execution` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstral_ls.tools.commands import Told
from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class PythonResult:
    """id: of this execution, by whoever ran it. exit_code: None when it was killed. The streams are bounded and plain.

    staged: the files whose changes are staged edits now. notes: lines about what it changed.
    """

    id: str
    duration: float
    """Seconds."""
    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool = False
    staged: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


class Python(Protocol):
    """Something that runs Python code, in the first folder of the workspace where it has the workspace at all."""

    async def run(self, code: str, timeout: float, view: View, told: Told | None = None) -> PythonResult:
        """Run `code` for at most `timeout` seconds. Raises CommandRefused."""
        ...
