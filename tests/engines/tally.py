"""What happened, counted and printed as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from devstral_ls.agent.events import Event, Noticed, TextReceived, ToolFinished, TurnStarted
from devstral_ls.llm.backend import Backend, Part, Reply, Request, Retrying

COLUMNS = (
    "turns", "runs", "cancelled", "text", "calls", "cut off", "unreadable", "recovered", "at limit", "empty",
    "broken", "retried", "made shorter",
)  # fmt: skip


@dataclass
class Tally:
    """ways: way -> column -> count. tools: (tool, whether it went well) -> count. errors: by class and by way."""

    ways: dict[str, Counter[str]] = field(default_factory=dict)
    tools: Counter[tuple[str, bool]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    staged: int = 0

    def total(self, column: str) -> int:
        return sum(counts[column] for counts in self.ways.values())

    def turns(self, way: str) -> int:
        return self.ways.get(way, Counter())["turns"]

    def add(self, way: str, column: str, count: int = 1) -> None:
        self.ways.setdefault(way, Counter())[column] += count

    def take(self, way: str, event: Event) -> None:
        match event:
            case TurnStarted():
                self.add(way, "turns")
            case TextReceived():
                self.add(way, "text")
            case ToolFinished():
                self.tools[event.name, event.ok] += 1
                self.staged += event.staged is not None
            case Noticed() if event.text.startswith("The conversation was made shorter"):
                self.add(way, "made shorter")

    def take_reply(self, way: str, reply: Reply) -> None:
        self.add(way, "calls", len(reply.calls))
        self.add(way, "cut off", sum(call.error == "truncated" for call in reply.calls))
        self.add(way, "unreadable", sum(call.error in ("invalid_json", "not_object") for call in reply.calls))
        self.add(way, "recovered", reply.recovered is not None)
        self.add(way, "at limit", reply.finish == "length")
        self.add(way, "empty", "empty_response" in reply.flags)
        self.add(way, "broken", reply.finish in ("error", "incomplete"))

    def __str__(self) -> str:
        width = max(map(len, self.ways), default=0)
        rows = [" " * width + "".join(f"{column:>13}" for column in COLUMNS)]
        for way, counts in self.ways.items():
            rows.append(f"{way:<{width}}" + "".join(f"{counts[column]:>13}" for column in COLUMNS))
        rows.append(f"{'all':<{width}}" + "".join(f"{self.total(column):>13}" for column in COLUMNS))
        rows += ["", f"{'tool':<{width}}{'went well':>13}{'refused':>13}"]
        for tool in sorted({name for name, _ in self.tools}):
            rows.append(f"{tool:<{width}}{self.tools[tool, True]:>13}{self.tools[tool, False]:>13}")
        rows += ["", f"edits staged: {self.staged}", *(f"{count} x {error}" for error, count in self.errors.items())]
        return "\n".join(rows)


class Watched:
    """A backend, its replies counted."""

    def __init__(self, inner: Backend, way: str, tally: Tally) -> None:
        self._inner = inner
        self._way = way
        self._tally = tally

    @property
    def model(self) -> str:
        return self._inner.model

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        stream = self._inner.stream(request)
        assert isinstance(stream, AsyncGenerator)
        async with aclosing(stream) as parts:
            async for part in parts:
                if isinstance(part, Retrying):
                    self._tally.add(self._way, "retried")
                elif isinstance(part, Reply):
                    self._tally.take_reply(self._way, part)
                yield part
