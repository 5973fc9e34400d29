"""A command in the sandbox, on a workspace of 20,000 files with staged edits, against the same command bare."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.workspaces import large
from devstral_ls.execution.commands import StagedCommands
from devstral_ls.execution.ladder import Ladder
from devstral_ls.execution.rungs import Rung
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.server.documents import DocumentStore
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View

FILES = 20_000


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds for `true`, bare and on each rung with bubblewrap, in turn."""
    root = large(folder, FILES)
    view = View([root], DocumentStore(), Overlay())
    for number in range(5):
        view.stage(view.roots[0] / f"package00{number}" / "module00.py", "x = 1\n")
    sessions = AllSessionFiles(folder / "sessions")
    figures = []
    bare = [await _bare(root) for _ in range(runs + 1)][1:]
    figures.append(Figure("`true` in a shell, bare", "ms", bare))
    for name, goal in (("1", "< 50"), ("2", "")):
        ladder = Ladder(sessions=sessions, only=frozenset({name}))
        reached = await ladder.reached("auto")
        if reached.rung is None:
            print(f"rung {name} is out of reach here: {reached.remedy}")
            continue
        commands = StagedCommands(_yes, ladder=ladder)
        # What is found once is found, and directories that have just been made look as if they could still change.
        await commands.run("true", view.roots[0], 60, view)
        await asyncio.sleep(2.1)
        times = [await _sandboxed(commands, view) for _ in range((runs if name == "1" else 3) + 1)][1:]
        over = [value - sum(bare) / len(bare) for value in times]
        figures.append(Figure(f"more than that on rung {name}, {FILES:,} files, 5 staged", "ms", over, goal))
    sessions.close()
    return figures


async def _yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def _bare(root: Path) -> float:
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec("/bin/bash", "-c", "true", cwd=root)
    await process.wait()
    return (time.perf_counter() - start) * 1000


async def _sandboxed(commands: StagedCommands, view: View) -> float:
    start = time.perf_counter()
    result = await commands.run("true", view.roots[0], 60, view)
    assert result.exit_code == 0, result.output
    return (time.perf_counter() - start) * 1000
