"""A progress is always well formed, never too frequent, and always ended."""

from __future__ import annotations

import asyncio
from typing import Any

from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.progress import Progress, one_line


class Client:
    """A client's side of the connection: keeps what it is told; answers requests when `accepting` is set."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.accepting = asyncio.Event()
        self.refuses = False
        self._told_more = asyncio.Event()

    def notify(self, method: str, params: Any | None = None) -> None:
        self.told.append((method, params))
        self._told_more.set()

    async def heard(self, count: int) -> None:
        """Until the client was told `count` things."""
        while len(self.told) < count:
            self._told_more.clear()
            await self._told_more.wait()

    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any:
        await self.accepting.wait()
        if self.refuses:
            raise ClientError("no")

    @property
    def values(self) -> list[dict[str, Any]]:
        return [params["value"] for _, params in self.told]


async def settled() -> None:
    """Until every task that can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nothing_is_shown_before_the_client_took_the_token() -> None:
    client = Client()
    progress = Progress(client, "token", created=False)
    progress.begin("Ask")
    progress.report("early")
    await settled()
    assert client.told == []
    client.accepting.set()
    await settled()
    assert client.values == [{"kind": "begin", "title": "Ask", "cancellable": True, "message": "early"}]
    progress.end("done")
    assert client.values[-1] == {"kind": "end", "message": "done"}


async def test_a_token_of_the_clients_begins_at_once() -> None:
    client = Client()
    progress = Progress(client, 7, created=True)
    progress.begin("Ask")
    assert client.told[0][1]["token"] == 7


async def test_reports_are_gathered_and_the_newest_is_shown() -> None:
    client = Client()
    progress = Progress(client, "token", created=True)
    progress.begin("Ask")
    for number in range(100):
        progress.report(f"step {number}")
    assert len(client.values) == 1
    async with asyncio.timeout(10):
        await client.heard(2)
    assert client.values[1] == {"kind": "report", "message": "step 99"}
    progress.report("step 99")
    progress.end("done")
    assert [value["kind"] for value in client.values] == ["begin", "report", "end"]


async def test_a_run_that_ends_before_the_client_answers_shows_nothing() -> None:
    client = Client()
    progress = Progress(client, "token", created=False)
    progress.begin("Ask")
    await settled()
    progress.end("done")
    client.accepting.set()
    await settled()
    assert client.told == []


async def test_a_client_that_refuses_the_token_gets_no_progress() -> None:
    client = Client()
    client.refuses = True
    client.accepting.set()
    progress = Progress(client, "token", created=False)
    progress.begin("Ask")
    await settled()
    progress.report("anything")
    progress.end("done")
    assert client.told == []


async def test_without_a_token_nothing_is_sent() -> None:
    client = Client()
    progress = Progress(client, None, created=False)
    progress.begin("Ask")
    progress.report("x")
    progress.end("done")
    assert client.told == []


def test_a_message_is_one_line_of_at_most_80_characters_and_keeps_its_end() -> None:
    assert one_line("a\n  b\r\n\tc ") == "a b c"
    long = one_line("start " + "x" * 100 + " end")
    assert len(long) == 80
    assert long.startswith("…")
    assert long.endswith(" end")
