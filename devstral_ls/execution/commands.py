"""Commands as tools ask for them: approved by the user, run on the staged view where nothing they do can reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.allowed_hosts import AllowedHosts
from devstral_ls.execution.approve import Approve
from devstral_ls.execution.ladder import Ladder
from devstral_ls.execution.overlay_run import Limits
from devstral_ls.execution.programs import ShellLine
from devstral_ls.execution.rungs import SandboxMode
from devstral_ls.execution.shown import flooded, shown
from devstral_ls.execution.staged_run import StagedRun
from devstral_ls.tools.commands import CommandResult, Told
from devstral_ls.tools.python import Python
from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class StagedCommands:
    """Implements `tools.commands.Commands`. The fields but `approve` and `python` are those of `StagedRun`."""

    approve: Approve
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    copies: Path | None = None
    ladder: Ladder | None = None
    mode: SandboxMode = "auto"
    session: str = "session"
    limits: Limits = Limits()
    allowed: AllowedHosts = AllowedHosts(())
    python: Python | None = None

    @property
    def on_view(self) -> StagedRun:
        return StagedRun(self.environ, self.copies, self.ladder, self.mode, self.session, self.limits, self.allowed)

    async def run(
        self, command: str, directory: Path, timeout: float, view: View, told: Told | None = None
    ) -> CommandResult:
        """The result of `command`, run in `directory` of the view. Nothing it writes reaches the workspace.

        told: called with the last line of the output while it runs. What it changed is staged in the view, where it is
        text. Raises CommandRefused when the user says no or it can't be started.
        """
        ran = await self.on_view.run(ShellLine(command), self.approve, directory, timeout, view, told)
        ended = ran.ended
        output, cut = shown(ended.output, ran.restored)
        if ended.flooded:
            output = flooded(output)
        captured = ran.captured
        return CommandResult(
            ended.exit_code, output, ended.duration, ended.timed_out, cut, captured.staged, captured.notes
        )
