"""Commands as tools ask for them: approved by the user, run in a throw-away copy that holds the staged edits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.errors import CommandRefused
from devstral_ls.execution import process
from devstral_ls.execution.approve import Approve
from devstral_ls.execution.environment import clean_environment
from devstral_ls.execution.relocate import relocate_search_path, replace_paths
from devstral_ls.execution.staged_copy import StagedCopy, staged_copy
from devstral_ls.tools.commands import CommandResult
from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class StagedCommands:
    """Implements `tools.commands.Commands`. copies: where copies are made, None for the default."""

    approve: Approve
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    copies: Path | None = None

    async def run(self, command: str, directory: Path, timeout: float, view: View) -> CommandResult:
        """The result of `command`, run in the copy of `directory`. Nothing it writes reaches the workspace.

        Raises CommandRefused when the user says no or it can't be started.
        """
        root = _root_of(directory, view)
        if not await self.approve(command, directory):
            raise CommandRefused(
                "The user did not allow this command. Do not run it again; go on without it, or say what it was for."
            )
        try:
            async with staged_copy(view, root, self.copies) as copy:
                # The model knows the workspace by its real path; the command must not go there.
                ended = await process.run(
                    replace_paths(command, copy.moves()),
                    copy.inside(directory),
                    _environment(self.environ, copy),
                    timeout,
                )
                return _result(ended, copy)
        except OSError as error:
            raise CommandRefused(f"The command could not be started: {error.strerror or error}.") from error


def _root_of(directory: Path, view: View) -> Path:
    """The innermost workspace folder that holds `directory`."""
    holding = [root for root in view.roots if directory.is_relative_to(root)]
    if not holding:
        raise CommandRefused(f"{directory} is not in the workspace; give a directory of the workspace.")
    root = max(holding, key=lambda root: len(root.parts))
    if root.parent == root:
        raise CommandRefused("Commands can't run here: the workspace is the whole file system.")
    return root


def _environment(environ: Mapping[str, str], copy: StagedCopy) -> dict[str, str]:
    environment = clean_environment(environ, windows=os.name == "nt")
    environment["PATH"] = relocate_search_path(environment.get("PATH", os.defpath), copy.moves())
    for name in ("TMPDIR",) if os.name == "posix" else ("TEMP", "TMP"):
        environment[name] = str(copy.temporary)
    return environment


def _result(ended: process.Ended, copy: StagedCopy) -> CommandResult:
    head, tail, cut = ended.output.shown()
    output = copy.restored(head)
    if cut:
        output = f"{output.rstrip()}\n[... {cut} bytes left out ...]\n{copy.restored(tail)}"
    if ended.flooded:
        output = f"{output.rstrip()}\n[killed: it printed more than {process.FLOOD // 1024 // 1024} MB]"
    return CommandResult(ended.exit_code, output, ended.duration, ended.timed_out, cut)
