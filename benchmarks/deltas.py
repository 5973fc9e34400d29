"""Text deltas per second through the whole path: HTTP, the wire, the loop, progress and the opt-in stream."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.model import ClockedModel, reply
from tests.doubles.editor import HELIX, editing

COUNT = 20_000


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Deltas per second, from the first byte sent to the run's end."""
    import time

    pieces = [f"word{number % 100} " for number in range(COUNT)]
    replies = [reply(pieces=pieces)] * runs
    rates = []
    async with (
        ClockedModel(replies) as model,
        editing(HELIX, folder, folder / "home", llm={"baseUrl": model.base_url}, client={"stream": True}) as editor,
    ):
        for _ in range(runs):
            await editor.command("devstral.newSession")
            result = await editor.command("devstral.ask", {"prompt": "go", "wait": True})
            ended = time.perf_counter()
            assert len(result["text"].split()) == COUNT
            rates.append(COUNT / (ended - model.arrived[-1]))
    return [Figure(f"{COUNT} text deltas, streamed to a client", "deltas/s", rates, "> 20,000")]
