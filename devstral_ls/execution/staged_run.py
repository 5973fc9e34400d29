"""Run a program on the staged view, on the strongest rung there is, where nothing it does can reach the workspace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.allowed_hosts import AllowedHosts
from devstral_ls.errors import CommandDenied, CommandRefused, WorkspaceGone
from devstral_ls.execution import copy_run, overlay_run, process
from devstral_ls.execution.approve import Approve
from devstral_ls.execution.changes import Captured, capture
from devstral_ls.execution.environment import clean_environment
from devstral_ls.execution.ladder import RUNGS, Ladder, Run
from devstral_ls.execution.landlock import confined
from devstral_ls.execution.network.door import door
from devstral_ls.execution.programs import Program, PythonCode
from devstral_ls.execution.relocate import relocate_search_path
from devstral_ls.execution.rungs import LANDLOCK, OPEN, OVERLAY, Reached, Rung, SandboxMode
from devstral_ls.execution.seccomp import filter_file
from devstral_ls.execution.staged_copy import StagedCopy, staged_copy
from devstral_ls.execution.surroundings import too_broad
from devstral_ls.execution.tail import told_lines
from devstral_ls.tools.commands import Told
from devstral_ls.workspace.view import View

LOST = "Whatever it wrote is lost: here commands run in a throw-away copy"
TEMPORARY = Path("/tmp")
"""The temporary folder in a sandbox that has bubblewrap around it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """ended: how it ended. restored: names paths in its output as the workspace does. captured: what it changed."""

    ended: process.Ended
    restored: Callable[[str], str]
    captured: Captured


@dataclass(frozen=True, slots=True)
class StagedRun:
    """copies: where copies are made, None for the default. ladder: finds the rung; None: the copy without a sandbox.

    session: whose caches are used. allowed: the hosts that may be reached from a sandbox.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    copies: Path | None = None
    ladder: Ladder | None = None
    mode: SandboxMode = "auto"
    session: str = "session"
    limits: overlay_run.Limits = overlay_run.Limits()
    allowed: AllowedHosts = AllowedHosts(())

    async def run(
        self, program: Program, approve: Approve, directory: Path, timeout: float, view: View, told: Told | None
    ) -> Ran:
        """What came of the program in `directory` of the view, once it is approved.

        told: called with the last line of the output while it runs. Raises CommandRefused when the user says no or it
        can't be started.
        """
        root = _root_of(directory, view)
        reached = await self.ladder.reached(self.mode) if self.ladder is not None else Reached(OPEN)
        if reached.rung is None:
            raise CommandRefused(f"Commands can't run here safely, so none is run. Tell the user: {reached.remedy}")
        if reached.rung is not OPEN and any(too_broad(folder, self.environ) for folder in view.roots):
            raise CommandRefused(
                "Commands can't run here: the workspace is a home or system directory. Tell the user to open a "
                "project's own folder."
            )
        text = program.code if isinstance(program, PythonCode) else program.line
        if not await approve(text, directory, reached.rung):
            raise denied(program.title)
        try:
            if reached.rung in RUNGS and reached.bwrap is not None:
                run = RUNGS[reached.rung]
                if (os.getuid() or reached.rung is not OVERLAY) and has_mounts(view.roots):
                    # In an overlay they look empty, and the kernel lets nobody but root put that right.
                    run = copy_run.run
                return await self._in_bubblewrap(run, program, directory, timeout, view, reached.bwrap, told)
            return await self._in_copy(program, directory, timeout, view, root, reached.rung, told)
        except OSError as error:
            raise CommandRefused(f"The {program.title} could not be started: {error.strerror or error}.") from error

    async def _in_bubblewrap(
        self,
        run: Run,
        program: Program,
        directory: Path,
        timeout: float,
        view: View,
        bwrap: str,
        told: Told | None,
    ) -> Ran:
        assert self.ladder is not None
        roots = outermost(view.roots)
        for root in roots:
            if not root.is_dir():
                raise WorkspaceGone(f"The workspace folder {root} is gone; open it again.")
        before = view.layers()
        started = program.start(TEMPORARY)
        async with door(self.allowed) as way_out:
            outcome = await run(
                started.argv,
                directory,
                overlay_run.Staged(roots, before, view.hides),
                clean_environment(self.environ, windows=False),
                timeout,
                self.ladder.sessions.of(self.session),
                bwrap,
                told_lines(told),
                self.limits,
                overlay_run.Manner(started.written, started.apart, way_out),
            )
        captured = await capture(view, outcome.changes, before, complete=outcome.complete)
        if outcome.stopped == "disk":
            captured = Captured(notes=("Killed: it filled the disk with what tools keep in their caches",))
        if way_out is not None:
            captured = Captured(captured.staged, (*captured.notes, *way_out.notes()))
        return Ran(outcome.ended, _same, captured)

    async def _in_copy(
        self, program: Program, directory: Path, timeout: float, view: View, root: Path, rung: Rung, told: Told | None
    ) -> Ran:
        async with staged_copy(view, root, self.copies, secrets=rung is OPEN) as copy:
            # The model knows the workspace by its real path; the command must not go there.
            started = program.start(copy.temporary, copy.moves())
            await asyncio.to_thread(_write, started.written)
            environment = _environment(self.environ, copy)
            argv: str | list[str] = started.program
            passed: tuple[int, ...] = ()
            try:
                if rung is LANDLOCK:
                    environment["HOME"] = str(copy.temporary)
                    passed = (filter_file(),)
                    writable = (copy.path, copy.temporary)
                    argv = confined(
                        started.argv, writable, clean_environment(self.environ, windows=False), *passed, self.limits
                    )
                ended = await process.run(
                    argv,
                    copy.inside(directory),
                    environment,
                    timeout,
                    told=told_lines(told),
                    passed=passed,
                    apart=started.apart,
                )
            finally:
                for descriptor in passed:
                    os.close(descriptor)
            return Ran(ended, copy.restored, Captured(notes=(LOST,)))


def denied(title: str) -> CommandDenied:
    """The user's no. title: what is not run, in a word."""
    return CommandDenied(
        f"The user did not allow this {title}. Do not run it again; go on without it, or say what it was for."
    )


def outermost(roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """The workspace folders that lie in no other: one in another is part of its tree."""
    return tuple(root for root in roots if not any(other in root.parents for other in roots))


def has_mounts(roots: tuple[Path, ...]) -> bool:
    """Whether another file system is mounted inside one of the folders. Linux only."""
    points = (line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines())
    prefixes = tuple(f"{root}/".replace("\\", "\\134").replace(" ", "\\040") for root in roots)
    return any(point.startswith(prefixes) for point in points)


def _root_of(directory: Path, view: View) -> Path:
    """The innermost workspace folder that holds `directory`."""
    holding = [root for root in view.roots if directory.is_relative_to(root)]
    if not holding:
        raise CommandRefused(f"{directory} is not in the workspace; give a directory of the workspace.")
    root = max(holding, key=lambda root: len(root.parts))
    if root.parent == root:
        raise CommandRefused("Commands can't run here: the workspace is the whole file system.")
    return root


def _write(files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        Path(path).write_bytes(content)


def _environment(environ: Mapping[str, str], copy: StagedCopy) -> dict[str, str]:
    environment = clean_environment(environ, windows=os.name == "nt")
    environment["PATH"] = relocate_search_path(environment.get("PATH", os.defpath), copy.moves())
    for name in ("TMPDIR",) if os.name == "posix" else ("TEMP", "TMP"):
        environment[name] = str(copy.temporary)
    return environment


def _same(text: str) -> str:
    return text
