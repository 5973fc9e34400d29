"""What one keystroke costs in a large document, and what a large edit costs."""

from __future__ import annotations

import time
from pathlib import Path

from lsprotocol import types

from benchmarks.figures import Figure
from devstral_ls.server.documents import DocumentStore
from devstral_ls.server.to_lsp import text_edits

LINE = "    value = compute(first, second)  # a line of fifty\n"


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds."""
    figures = []
    for megabytes in (1, 5):
        text = LINE * (megabytes * 1_000_000 // len(LINE))
        store = DocumentStore("utf-16")
        store.open(types.TextDocumentItem("file:///a.py", "python", 1, text))
        middle = text.count("\n") // 2
        times = []
        for version in range(2, runs + 2):
            place = types.Position(middle, version)
            change = types.TextDocumentContentChangePartial(text="x", range=types.Range(place, place))
            start = time.perf_counter()
            store.change("file:///a.py", version, [change])
            times.append((time.perf_counter() - start) * 1000)
        figures.append(Figure(f"one keystroke in a document of {megabytes} MB", "ms", times))
        lines = text.splitlines(keepends=True)
        for number in range(0, len(lines), len(lines) // 1000):
            lines[number] = f"changed {number}\n"
        edited = "".join(lines)
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            text_edits(text, edited, "utf-16")
            times.append((time.perf_counter() - start) * 1000)
        figures.append(
            Figure(f"{megabytes} MB with 1,000 edits -> text edits", "ms", times, "< 100" if megabytes == 5 else "")
        )
    return figures
