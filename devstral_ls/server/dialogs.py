"""One question to the user at a time: several clients drop or hide the first popup when a second one comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Asks(Protocol):
    """The part of the connection that sends requests to the client."""

    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any: ...


class Withdrawn(Exception):
    """The question made room for another one; nothing was decided."""


class Dialogs:
    """Sends requests that a person answers, one after the other.

    A question that can wait (a review: its proposal stays pending) gives way to one that can't (a run that needs an
    approval to go on).
    """

    def __init__(self, connection: Asks) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self._can_wait: asyncio.Task[Any] | None = None
        self._urgent = 0

    async def ask(self, method: str, params: Any, *, can_wait: bool = False) -> Any:
        """The client's answer. Raises Withdrawn when a question that can wait had to give way."""
        with self.way_made(can_wait=can_wait):
            async with self._lock:
                if can_wait and self._urgent:
                    raise Withdrawn
                return await self._send(method, params, can_wait)

    @contextmanager
    def way_made(self, *, can_wait: bool = False) -> Iterator[None]:
        """Withdraw a question that can wait; none is asked meanwhile, unless what comes can wait too."""
        self._urgent += not can_wait
        if self._can_wait is not None:
            self._can_wait.cancel()
        try:
            yield
        finally:
            self._urgent -= not can_wait

    async def choose(self, message: str, titles: list[str], *, can_wait: bool = False) -> str | None:
        """The title the user picked, or None when the question was closed without an answer."""
        params = {"type": 3, "message": message, "actions": [{"title": title} for title in titles]}
        answer = await self.ask("window/showMessageRequest", params, can_wait=can_wait)
        title = answer.get("title") if isinstance(answer, dict) else None
        return title if title in titles else None

    async def _send(self, method: str, params: Any, can_wait: bool) -> Any:
        task = asyncio.ensure_future(self._connection.ask(method, params))
        if can_wait:
            self._can_wait = task
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            raise Withdrawn from None
        finally:
            if self._can_wait is task:
                self._can_wait = None
