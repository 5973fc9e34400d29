"""Python code in WebAssembly: an interpreter that can reach nothing but a copy of the workspace, on any platform.

It runs in a process of its own, which ends with its time, with a cancel, and with this server.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.allowed_hosts import AllowedHosts
from devstral_ls.errors import CommandRefused, WorkspaceGone
from devstral_ls.execution import copy_run, process
from devstral_ls.execution.approve import Approve
from devstral_ls.execution.changes import Captured, capture
from devstral_ls.execution.copy_tree import remove_tree
from devstral_ls.execution.environment import clean_environment
from devstral_ls.execution.output import Collected
from devstral_ls.execution.overlay_run import Staged
from devstral_ls.execution.python_local import new_id
from devstral_ls.execution.rungs import WASM
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.execution.shown import flooded, shown
from devstral_ls.execution.staged_copy import PREFIX, copies_folder
from devstral_ls.execution.staged_run import denied, outermost
from devstral_ls.execution.tail import told_lines
from devstral_ls.execution.threads import in_thread
from devstral_ls.tools.commands import Told
from devstral_ls.tools.python import PythonResult
from devstral_ls.workspace.paths import canonical
from devstral_ls.workspace.view import View

CHILD = Path(__file__).with_name("wasm_child.py")
MEMORY = 1024 * 2**20
"""What the interpreter may use, in bytes."""
LEAST = (3, 12)
"""There is no build for Pythons before this one."""


@dataclass(frozen=True, slots=True)
class WasmPython:
    """Implements `tools.python.Python`. interpreter: the Python that has the package; None for this server's own."""

    approve: Approve
    allowed: AllowedHosts
    environ: Mapping[str, str]
    sessions: AllSessionFiles
    session: str = "session"
    copies: Path | None = None
    interpreter: Sequence[str] | None = None

    async def run(self, code: str, timeout: float, view: View, told: Told | None = None) -> PythonResult:
        """The result; text files the code changed are staged in the view. Raises CommandRefused."""
        if self.interpreter is None:
            _check_installed()
        if not await self.approve(code, view.roots[0], WASM):
            raise denied("code")
        try:
            return await self._run(code, timeout, view, told)
        except OSError as error:
            raise CommandRefused(f"The code could not be started: {error.strerror or error}.") from error

    async def _run(self, code: str, timeout: float, view: View, told: Told | None) -> PythonResult:
        roots = outermost(view.roots)
        for root in roots:
            if not root.is_dir():
                raise WorkspaceGone(f"The workspace folder {root} is gone; open it again.")
        before = view.layers()
        staged = Staged(roots, before, view.hides)
        files = self.sessions.of(self.session)
        holder = canonical(Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.copies or copies_folder(roots[0]))))
        try:
            copied = await in_thread(copy_run.copy, holder, staged, files)
            volumes = [(str(tree.path), _seen(root)) for root, tree in zip(roots, copied.trees, strict=True)]
            report = holder / "report"
            plan = {
                "code": code,
                "volumes": volumes,
                "directory": _seen(view.roots[0]),
                "seconds": timeout,
                "memory": MEMORY,
                "hosts": list(dict.fromkeys(entry.host for entry in self.allowed.entries)),
            }
            (holder / "plan").write_text(json.dumps(plan), encoding="utf-8")
            python = self.interpreter or (sys.executable,)
            ended = await process.run(
                [*python, "-I", str(CHILD), str(holder / "plan"), str(report)],
                holder,
                clean_environment(self.environ, windows=os.name == "nt"),
                timeout + 5,
                told=told_lines(told),
                apart=True,
            )
            exit_code, timed_out = _ending(report)
            over = exit_code is None or ended.exit_code is None
            changes = () if over else await in_thread(copy_run.compare, copied, staged, files)
        finally:
            await in_thread(remove_tree, holder)
        captured = Captured() if over else await capture(view, changes, before)
        stdout, stderr = _text(ended.output), _text(ended.errors)
        if ended.flooded:
            stderr = flooded(stderr)
        elif exit_code is None and not timed_out and not ended.timed_out:
            raise CommandRefused(
                f"The code could not be executed: {(stderr.strip().splitlines() or ['no reason'])[-1]}"
            )
        late = timed_out or ended.timed_out
        code_or_none = None if late or ended.flooded else exit_code
        return PythonResult(
            new_id(), ended.duration, code_or_none, stdout, stderr, late, captured.staged, captured.notes
        )


def _seen(path: Path) -> str:
    """Where the interpreter sees it, which has no drives: `C:\\work` is `/C/work`."""
    return path.as_posix() if path.as_posix().startswith("/") else f"/{path.as_posix().replace(':', '')}"


def _ending(report: Path) -> tuple[int | None, bool]:
    """(exit code, whether its time was over) as the child says; the code is None where the code was not run."""
    if not report.is_file():
        return None, False
    found = json.loads(report.read_text(encoding="utf-8"))
    return found["exit_code"], found["timed_out"]


def _check_installed() -> None:
    if sys.version_info < LEAST:
        raise CommandRefused(
            "The code was not executed: execution.python.backend is wasm, which needs Python 3.12 or newer, and "
            f"devstral-ls runs on {sys.version_info[0]}.{sys.version_info[1]}. Tell the user to use a newer one."
        )
    if importlib.util.find_spec("eryx") is None:
        raise CommandRefused(
            "The code was not executed: execution.python.backend is wasm, and its package is missing. Tell the user: "
            "pip install 'devstral-ls[wasm]'"
        )


def _text(collected: Collected) -> str:
    return shown(collected, str)[0]
