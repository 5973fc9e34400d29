"""A wire on which every answer of the model waits until it is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.doubles.wire import Wire


class Gate(Wire):
    """on_news: called when something has changed here."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.on_news: Callable[[], None] = _nobody
        self._held: set[asyncio.StreamWriter] = set()

    @property
    def held(self) -> int:
        """How many questions wait for their answers."""
        return len(self._held)

    async def let_go(self) -> None:
        """Let the answers to what has been asked so far go on."""
        self._held.clear()
        await self.release()

    def _passes(self, client: asyncio.StreamWriter) -> bool:
        return client not in self._held

    def _question(self, client: asyncio.StreamWriter) -> None:
        self._held.add(client)
        self.on_news()

    def _left(self, client: asyncio.StreamWriter) -> None:
        self._held.discard(client)
        self.on_news()


def _nobody() -> None:
    """Until a scene listens, nobody does."""
