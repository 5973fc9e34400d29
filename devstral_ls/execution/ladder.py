"""Which rung works here: found out once in a server's life, by running a small command on each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.errors import CommandRefused
from devstral_ls.execution import copy_run, layers_run, overlay_run, process
from devstral_ls.execution.copy_tree import remove_tree
from devstral_ls.execution.environment import clean_environment
from devstral_ls.execution.landlock import confined
from devstral_ls.execution.overlay_run import Outcome
from devstral_ls.execution.rungs import (
    BOUND_COPY,
    BWRAP_OVERLAY,
    LANDLOCK,
    OPEN,
    OVERLAY,
    PLATFORM,
    Reached,
    Rung,
    SandboxMode,
)
from devstral_ls.execution.seccomp import filter_file
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.workspace.layers import Layer, Layers
from devstral_ls.workspace.paths import canonical, same_file_key

PROBE_SECONDS = 20.0

SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin", "/run/current-system/profile/bin")
"""Where distributions, administrators, NixOS and Guix put programs for everybody."""

TRY = 'test "$(cat a)" = staged && ! test -e gone && test -z "$(cat .env)" && rm -r d && mkdir d && echo made > d/new'
"""Sees the view, not the disk, and changes what is hardest for an overlay: a directory in place of another."""


Run = Callable[..., Awaitable[Outcome]]

RUNGS: dict[Rung, Run] = {OVERLAY: overlay_run.run, BWRAP_OVERLAY: layers_run.run, BOUND_COPY: copy_run.run}
"""How commands are run with bubblewrap, the strongest way first."""


@dataclass(slots=True)
class Ladder:
    """sessions: where what outlives a command is kept."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sessions: AllSessionFiles = field(default_factory=AllSessionFiles)
    only: frozenset[str] | None = None
    """The names of the rungs to try; None: all. Tests try each."""
    folders: Sequence[str] = SYSTEM_FOLDERS
    """Where bubblewrap is looked for."""
    _found: Reached | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def reached(self, mode: SandboxMode) -> Reached:
        """The strongest rung that works, as far as `mode` allows it."""
        if mode == "off":
            return Reached(OPEN)
        async with self._lock:
            if self._found is None:
                self._found = await self._probe()
        found = self._found
        if mode == "require" and found.rung is not None and not found.rung.contained:
            return Reached(None, (*found.passed, (found.rung, "it is too weak for execution.sandbox = require")))
        return found

    def known(self, mode: SandboxMode) -> Reached | None:
        """What is known without trying anything out."""
        return Reached(OPEN) if mode == "off" else self._found

    def close(self) -> None:
        """Remove what was kept for sessions."""
        self.sessions.close()

    async def _probe(self) -> Reached:
        passed: list[tuple[Rung, str]] = []
        bwrap = find_bwrap(self.folders)
        if sys.platform != "linux":
            passed.append((OVERLAY, "it needs Linux"))
        elif bwrap is None:
            passed.append((OVERLAY, "bubblewrap (bwrap) is not installed for the whole system"))
        else:
            for rung, run in RUNGS.items():
                if self.only is not None and rung.name not in self.only:
                    continue
                if rung is BWRAP_OVERLAY and not await asyncio.to_thread(layers_run.mounts_overlays, bwrap):
                    passed.append((rung, "it needs bubblewrap 0.11 or newer"))
                    continue
                reason = await self._try(run, bwrap)
                if reason is None:
                    return Reached(rung, tuple(passed), bwrap)
                passed.append((rung, reason))
        if sys.platform != "linux":
            return Reached(PLATFORM, tuple(passed), bwrap)
        if self.only is None or LANDLOCK.name in self.only:
            reason = await self._try_landlock()
            if reason is None:
                return Reached(LANDLOCK, tuple(passed), bwrap)
            passed.append((LANDLOCK, reason))
        return Reached(None, tuple(passed), bwrap)

    async def _try_landlock(self) -> str | None:
        """Why this rung does not work here; None when it does."""
        if os.getuid() == 0:
            return "root is not held back by it"
        folder = canonical(Path(tempfile.mkdtemp(prefix="devstral-ls-probe-")))
        descriptor = None
        try:
            descriptor = filter_file()
            environment = clean_environment(self.environ, windows=False)
            # In its own folder it may write, in the one above it may not.
            shell = ["/bin/sh", "-c", f"echo x > in && ! echo x 2>/dev/null > {shlex.quote(str(folder))}/out"]
            inner = folder / "inner"
            inner.mkdir()
            program = confined(shell, (inner,), environment, descriptor, overlay_run.DEFAULT)
            ended = await process.run(program, inner, environment, PROBE_SECONDS, passed=(descriptor,))
            return None if ended.exit_code == 0 else f"a trial command failed: {overlay_run.last_line(ended)}"
        except OSError as error:
            return str(error)
        finally:
            if descriptor is not None:
                os.close(descriptor)
            with contextlib.suppress(OSError):
                remove_tree(folder)

    async def _try(self, run: Run, bwrap: str) -> str | None:
        """Why this rung does not work here; None when it does."""
        folder = canonical(Path(tempfile.mkdtemp(prefix="devstral-ls-probe-")))
        try:
            files = self.sessions.of("probe")
            staged = overlay_run.Staged((folder,), _fill(folder))
            environment = clean_environment(self.environ, windows=False)
            program = ["/bin/sh", "-c", TRY]
            outcome = await run(program, folder, staged, environment, PROBE_SECONDS, files, bwrap)
            found = {(change.path.relative_to(folder).as_posix(), change.kind) for change in outcome.changes}
            if outcome.ended.exit_code != 0 or found != {("d/new", "file"), ("d/old", "deleted")}:
                return f"a trial command ended with {outcome.ended.exit_code}: {overlay_run.last_line(outcome.ended)}"
        except (CommandRefused, OSError) as error:
            return str(error).rstrip(".")
        finally:
            with contextlib.suppress(OSError):
                remove_tree(folder)
        return None


def find_bwrap(folders: Sequence[str] = SYSTEM_FOLDERS) -> str | None:
    """The path of the system's bwrap, with links followed; None where there is none.

    PATH has no say, for a workspace may be on it, as the `bin` of an activated environment is. Wherever it lies, nobody
    but root may be able to change it or put something else in its place.
    """
    for folder in folders:
        found = Path(os.path.realpath(Path(folder, "bwrap")))
        if Path(folder).is_absolute() and os.access(found, os.X_OK) and found.is_file() and _is_roots(found):
            return str(found)
    return None


def _is_roots(program: Path) -> bool:
    """Whether the file and the folders it lies in are root's, and writable by nobody else."""

    def kept(path: Path) -> bool:
        found = path.stat()
        others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        # In a sticky folder, such as Nix's store, nobody else can replace what is root's.
        return found.st_uid == 0 and (not others or (path != program and bool(found.st_mode & stat.S_ISVTX)))

    return all(map(kept, (program, *program.parents)))


def _fill(folder: Path) -> Layers:
    """A workspace to try things out on: its files on disk, and what lies over them."""
    (folder / "d").mkdir()
    for name, text in (("a", "disk\n"), ("gone", ""), (".env", "KEY=1\n"), ("d/old", "old\n")):
        (folder / name).write_text(text)
    layers = (Layer(folder / "a", "staged\n", "utf-8"), Layer(folder / "gone", None))
    return Layers({same_file_key(layer.path): layer for layer in layers})
