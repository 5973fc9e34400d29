"""Chunks per second through the wire decoder alone, and what a long stream costs in memory."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure
from devstral_ls.llm.sse import SseDecoder
from devstral_ls.llm.wire import Normaliser

COUNT = 50_000


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Chunks per second on one core, from bytes to parts; megabytes of a process that reads 50 MB."""
    deltas = [
        {"choices": [{"index": 0, "delta": {"content": f"word{n % 97} "}, "finish_reason": None}]} for n in range(COUNT)
    ]
    data = b"".join(b"data: %b\n\n" % json.dumps(delta).encode() for delta in deltas)
    rates = []
    for _ in range(runs):
        start = time.perf_counter()
        decoder, normaliser = SseDecoder(), Normaliser(["read_file", "edit_file", "run_command"])
        for at in range(0, len(data), 65_536):
            for payload in decoder.feed(data[at : at + 65_536]):
                normaliser.feed(json.loads(payload))
        normaliser.finish()
        rates.append(COUNT / (time.perf_counter() - start))
    return [
        Figure(f"{COUNT} text chunks, bytes -> parts", "chunks/s", rates, "> 50,000"),
        *[await _memory(kind, what) for kind, what in KINDS.items()],
    ]


KINDS = {"nothing": "50 MB of empty chunks", "text": "50 MB of chunks, 5 MB of text", "call": "50 MB, one call of 4 MB"}


async def _memory(kind: str, what: str) -> Figure:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.memory", kind, "50"), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return Figure(f"{what}: growth", "MB", [float(out.split()[0])], "< 30")
