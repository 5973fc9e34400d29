"""Python code on this machine: in the sandbox that commands run in, and on the workspace as they see it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from devstral_ls.execution.approve import Approve
from devstral_ls.execution.programs import PythonCode
from devstral_ls.execution.shown import flooded, shown
from devstral_ls.execution.staged_run import StagedRun
from devstral_ls.tools.commands import Told
from devstral_ls.tools.python import PythonResult
from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class LocalPython:
    """Implements `tools.python.Python`, in the first folder of the workspace."""

    approve: Approve
    on_view: StagedRun

    async def run(self, code: str, timeout: float, view: View, told: Told | None = None) -> PythonResult:
        """The result; text files the code changed are staged in the view. Raises CommandRefused."""
        ran = await self.on_view.run(PythonCode(code), self.approve, view.roots[0], timeout, view, told)
        ended, captured = ran.ended, ran.captured
        stdout, _ = shown(ended.output, ran.restored)
        stderr, _ = shown(ended.errors, ran.restored)
        if ended.flooded:
            stderr = flooded(stderr)
        return PythonResult(
            new_id(), ended.duration, ended.exit_code, stdout, stderr, ended.timed_out, captured.staged, captured.notes
        )


def new_id() -> str:
    """An id for an execution that nobody else named."""
    return secrets.token_hex(6)
