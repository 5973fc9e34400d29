"""grep_search's view against rg itself on the same 50,000 files."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.workspaces import large
from devstral_ls.server.documents import DocumentStore
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.search import find_rg
from devstral_ls.workspace.view import Query, View

PATTERN = "function_4[0-9]99[(]"


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds of either, in turn, and their ratio."""
    root = large(folder)
    view = View([root], DocumentStore(), Overlay())
    staged = View([root], DocumentStore(), Overlay())
    for number in range(5):
        staged.stage(root / f"package00{number}" / "module00.py", "def function_4099(x): pass\n")
    command = [str(find_rg()), "--no-config", "--hidden", "--glob", "!.git", "--line-number", "-e", PATTERN, str(root)]
    bare: list[float] = []
    ours: list[float] = []
    with_staged: list[float] = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)  # noqa: ASYNC221 - nothing else runs
        bare.append(time.perf_counter() - start)
        for times, one in ((ours, view), (with_staged, staged)):
            start = time.perf_counter()
            found = await one.search(Query(PATTERN, one.roots[0]))
            times.append(time.perf_counter() - start)
            assert found.total > 0
    return [
        Figure("rg itself", "ms", [value * 1000 for value in bare[1:]]),
        Figure("the view's search", "ms", [value * 1000 for value in ours[1:]]),
        Figure("the view's search / rg", "x", [a / b for a, b in zip(ours[1:], bare[1:], strict=True)], "< 1.15"),
        Figure("with 5 staged files / rg", "x", [a / b for a, b in zip(with_staged[1:], bare[1:], strict=True)]),
    ]
