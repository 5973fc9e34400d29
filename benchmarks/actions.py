"""What code actions cost at an instruction comment, right after a change and later, and elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

from lsprotocol import types

from benchmarks.figures import Figure
from devstral_ls.server.client import Client
from devstral_ls.server.code_actions import Surroundings, actions
from devstral_ls.server.comments import preload
from devstral_ls.server.documents import DocumentStore
from devstral_ls.server.placing import Current

LINE = "    value = compute(first, second)  # a line of fifty\n"


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds."""
    preload()
    around = Surroundings(Client(action_literals=True), {}, (), (), lambda _: Current(None, None))
    figures = []
    for lines, mark in ((1_000, True), (1_000, False), (100_000, False)):
        text = LINE * (lines - 1) + ("# devstral: make it faster\n" if mark else LINE)
        where = {"start": {"line": lines - 1, "character": 0}, "end": {"line": lines - 1, "character": 0}}
        first: list[float] = []
        again: list[float] = []
        for version in range(runs):
            store = DocumentStore("utf-16")
            store.open(types.TextDocumentItem("file:///a.py", "python", version, text))
            opened = store.get("file:///a.py")
            for times in (first, again):
                start = time.perf_counter()
                actions(opened, "file:///a.py", where, {"diagnostics": []}, around)
                times.append((time.perf_counter() - start) * 1000)
                assert opened is not None
                _ = opened.instructions  # as the server does in a pause
        what = f"code actions in {lines:,} lines"
        if mark:
            figures.append(Figure(f"{what}, just changed", "ms", first, "< 10"))
            what += ", at an instruction"
        figures.append(Figure(what, "ms", again, "< 10"))
    return figures
