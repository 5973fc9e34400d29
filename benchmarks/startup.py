"""How long until an editor is served, and until a cold `ask` reaches the model server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.model import ClockedModel, reply
from tests.doubles.raw import environment, serve


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds from starting the process."""
    bare, initialize, ask = [], [], []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)  # noqa: ASYNC221 - nothing else runs
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        async with serve(folder) as server:
            await server.call("initialize", {"capabilities": {}, "processId": None, "rootUri": folder.as_uri()})
            initialize.append(time.perf_counter() - start)
        async with ClockedModel([reply(text="Hello.")]) as model:
            start = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "devstral_ls", "ask", "hello", "--json", "--base-url", model.base_url,
                "--model", "devstral", "--workspace", str(folder),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(folder),
            )  # fmt: skip
            async with asyncio.timeout(30):
                await model.first_request.wait()
            ask.append(model.arrived[0] - start)
            assert await process.wait() == 0
    return [
        Figure("an empty Python process", "ms", [value * 1000 for value in bare[1:]]),
        Figure("process start -> initialize answered", "ms", [value * 1000 for value in initialize[1:]]),
        Figure("cold `devstral-ls ask` -> request at the model server", "ms", [v * 1000 for v in ask[1:]], "< 900"),
    ]
