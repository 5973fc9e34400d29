"""From the user's cancel to the moment the model server sees the connection closed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from benchmarks.figures import Figure
from tests.doubles.editor import HELIX, FakeEditor, editing
from tests.doubles.hanging import BUSY, Answer, HangingModel, begun, full_house, hanging, talks_long

PHASES: dict[str, tuple[Answer, str]] = {
    "while the model is looked for": (lambda _: None, ""),
    "while the prompt is read": (lambda _: None, ""),
    "while the reply is streamed": (lambda _: begun(b"I am thinking"), "thinking"),
    "while the conversation is summarised": (talks_long, ""),
    "while a busy server is waited for": (lambda _: BUSY, "Trying again in 50 s."),
}
"""What the server does, and what the progress says when it is time to cancel; "" where the connection hangs then."""


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds."""
    figures = []
    for number, (phase, (answer, shown)) in enumerate(PHASES.items()):
        root = folder / f"project{number}"
        root.mkdir()
        async with hanging(answer, lists="looked for" not in phase) as model:
            llm = {"baseUrl": model.base_url, "contextWindow": 6000, "maxTokens": 1000}
            async with editing(HELIX, root, folder / f"home{number}", llm=llm) as editor:
                waits = [await _cancelled(editor, model, count, shown) for count in range(1, runs + 1)]
        figures.append(Figure(f"cancel {phase}", "ms", [wait * 1000 for wait in waits], "< 100"))
    return [*figures, await _connecting(folder, runs)]


async def _cancelled(editor: FakeEditor, model: HangingModel, count: int, shown: str) -> float:
    """Seconds of the `count`-th cancelled run, to the closing of its connection, or to its end where it has none."""
    await editor.command("devstral.newSession")
    editor.progress.clear()
    moment = asyncio.ensure_future(
        editor.settles(lambda: shown in str(editor.progress)) if shown else model.hangs(count)
    )
    while not moment.done():
        run = asyncio.ensure_future(_ask(editor))
        await asyncio.wait([run, moment], return_when=asyncio.FIRST_COMPLETED)
    start = _cancel(editor)
    await run
    ended = time.perf_counter()
    if "Trying" in shown:
        return ended - start
    await model.is_left(count)
    return model.left[count - 1] - start


async def _connecting(folder: Path, runs: int) -> Figure:
    root = folder / "connecting"
    root.mkdir()
    waits = []
    with full_house() as url:
        async with editing(HELIX, root, folder / "home", llm={"baseUrl": url, "connectTimeout": 600}) as editor:
            for _ in range(runs):
                editor.progress.clear()
                run = asyncio.ensure_future(_ask(editor))
                await editor.settles(lambda: "looking for the model" in str(editor.progress))
                start = _cancel(editor)
                await run
                waits.append(time.perf_counter() - start)
    return Figure("cancel before there is a connection", "ms", [wait * 1000 for wait in waits], "< 100")


async def _ask(editor: FakeEditor) -> None:
    await editor.command("devstral.ask", {"prompt": "go on", "wait": True})


def _cancel(editor: FakeEditor) -> float:
    start = time.perf_counter()
    editor.server.ask("workspace/executeCommand", {"command": "devstral.cancel", "arguments": []})
    return start
