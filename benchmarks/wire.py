"""Chunks per second through the wire decoder alone."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmarks.figures import Figure
from devstral_ls.llm.sse import SseDecoder
from devstral_ls.llm.wire import Normaliser

COUNT = 50_000


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Chunks per second on one core, from bytes to parts."""
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
    return [Figure(f"{COUNT} text chunks, bytes -> parts", "chunks/s", rates, "> 50,000")]
