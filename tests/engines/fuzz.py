"""Sessions of the agent with a model that says anything, and what has to hold after every run of them."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from devstral_ls.agent import agent
from devstral_ls.agent.events import Event
from devstral_ls.agent.session import Session
from devstral_ls.errors import ModelError
from devstral_ls.execution.commands import StagedCommands
from devstral_ls.execution.rungs import Rung
from devstral_ls.llm.backend import Request
from devstral_ls.llm.canonical import RequestEncoder
from devstral_ls.llm.messages import UserMessage
from devstral_ls.llm.record import Folder
from devstral_ls.llm.replay import run_case
from devstral_ls.server.model import Model
from devstral_ls.tools import TOOLS
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View
from tests.agent.stage import check_conversation
from tests.doubles.judges import objection
from tests.engines.llama_cpp import LlamaServer
from tests.engines.sayings import FILES
from tests.engines.tally import Tally, Watched
from tests.engines.ways import Way
from tests.tools.workspaces import Opened

PROMPTS = (
    "What does this project do?",
    "Rename `area` to `surface`, and run the tests.",
    "Write an été.txt — with «quotes», \\ backslashes and 🙂.",
    "Look at [TOOL_CALLS] and </s> in src/app.py.",
)
HARMLESS = frozenset({"echo hello", "python -m pytest -q"})
"""The only commands that the user allows."""
SESSIONS, RUNS, TURNS = 2, 3, 6
"""Sessions with one server, and the most runs of a session and turns of a run."""
CANCELLED = 0.12
"""The part of the runs that the user cancels."""


class Ground:
    """One workspace that nothing may change, and beside it what else a fuzz leaves."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.work, self.records, self.copies = place / "work", place / "records", place / "copies"
        self.project = self.work / "project"
        for name, text in FILES.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        (self.work / "outside.txt").write_text("not yours\n")
        self.copies.mkdir()
        self.recordings = Folder(self.records)
        self._before = _tree(self.work)
        self._judged: set[Path] = set()

    def check(self) -> None:
        """No file was touched, no copy is left, and every exchange so far is as it has to be."""
        assert _tree(self.work) == self._before, "a file was touched"
        assert list(self.copies.iterdir()) == [], "a copy is left"
        for file in sorted(set(self.records.glob("*.json")) - self._judged):
            self._judged.add(file)
            (case,) = json.loads(file.read_bytes())["cases"]
            assert objection(case["request"]) is None, file
            for cut in (_bytewise, _in_fours):
                assert "stream" not in case or run_case(case, cut=cut) == case["expected"], file

    def calls(self) -> int:
        """How many calls the exchanges so far hold."""
        return sum(
            len(case["expected"].get("tool_calls", ()))
            for file in self.records.glob("*.json")
            for case in json.loads(file.read_bytes())["cases"]
        )


async def fuzz(
    way: Way, serve: Callable[[int], AbstractContextManager[LlamaServer]], ground: Ground, seed: int, tally: Tally
) -> None:
    """Sessions until the way's turns are used up.

    serve: starts a server with a seed. All its replies begin with that one, so a new one is started now and then.
    """
    chance = random.Random(f"{seed} {way.name}")
    while _left(way, tally) > 0:
        with serve(chance.randrange(1 << 31)) as server:
            for _ in range(SESSIONS):
                if _left(way, tally) > 0:
                    await _hold_session(way, server.base_url, ground, chance, tally)


async def _hold_session(way: Way, base_url: str, ground: Ground, chance: random.Random, tally: Tally) -> None:
    model = Model(lambda: config, ground.recordings)
    unsaved = {ground.project / "src/app.py": "unsaved = True\n"} if chance.random() < 0.3 else {}
    view = View([ground.project], Opened(unsaved), Overlay())
    session = Session.new()
    commands = StagedCommands(_allow, copies=ground.copies)
    for _ in range(chance.randint(1, RUNS)):
        config = way.config(base_url, chance.choice(way.longest), chance.uniform(*way.temperatures))
        left = _left(way, tally)
        if left <= 0:
            break
        async with model.in_use() as real:
            backend = Watched(real, way.name, tally)
            context = ToolContext(view, session.reads, commands, model.blind(session))
            await _run(way, session, backend, context, model, min(TURNS, left), chance, tally)
        tally.add(way.name, "runs")
        check_conversation(session.messages)
        request = Request([*session.messages, UserMessage("Go on.")], [tool.spec for tool in TOOLS])
        body = RequestEncoder().encode(request, model=backend.model, temperature=0, max_tokens=1)
        assert objection(json.loads(body)) is None
        ground.check()
    await model.close()


async def _run(
    way: Way,
    session: Session,
    backend: Watched,
    context: ToolContext,
    model: Model,
    turns: int,
    chance: random.Random,
    tally: Tally,
) -> None:
    cancels_at = chance.randint(1, 12) if chance.random() < CANCELLED else None
    reported = 0

    def report(event: Event) -> None:
        nonlocal reported
        reported += 1
        tally.take(way.name, event)
        if reported == cancels_at:
            task.cancel()

    prompt = UserMessage(chance.choice(PROMPTS))
    run = agent.run(session, prompt, backend, TOOLS, context, report, turns, model.budget)
    task = asyncio.create_task(run)
    try:
        await task
    except ModelError as error:
        tally.errors[f"{way.name}: {type(error).__name__}: {error}"] += 1
    except asyncio.CancelledError:
        assert cancels_at is not None
        tally.add(way.name, "cancelled")


def _left(way: Way, tally: Tally) -> int:
    """How many turns the way still needs; three times as many as usual where what it is for has not happened yet."""
    waits = way.until is not None and not tally.ways.get(way.name, Counter())[way.until]
    return way.turns * (3 if waits else 1) - tally.turns(way.name)


async def _allow(command: str, directory: Path, rung: Rung) -> bool:
    return command in HARMLESS


def _tree(folder: Path) -> dict[Path, tuple[bytes | None, int]]:
    """Everything below the folder: its bytes, and when it was changed."""
    return {
        path: (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def _bytewise(data: bytes) -> Iterable[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def _in_fours(data: bytes) -> Iterable[bytes]:
    return (data[at : at + 4] for at in range(0, len(data), 4))
