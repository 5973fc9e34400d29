"""A run's progress as the editor shows it: one line, at most five times a second, always ended.

Messages only, never a percentage: VS Code drops message-only reports once a percentage was sent.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, Protocol

log = logging.getLogger(__name__)

INTERVAL = 0.2
"""Seconds between two reports."""
LONGEST = 80
"""Characters in a message."""


class Connection(Protocol):
    """What progress needs of the connection."""

    def notify(self, method: str, params: Any | None = None) -> None: ...
    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any: ...


class Progress:
    """One work-done progress: `begin`, any number of `report`s, `end`.

    token: a string (LSP4IJ turns others into strings), the client's own or ours; None shows nothing.
    """

    def __init__(self, connection: Connection, token: str | int | None, *, created: bool) -> None:
        self._connection = connection
        self.token = token
        self._created = created
        """Whether the client knows the token already (it sent it)."""
        self._begun = False
        self._ended = False
        self._waiting: str | None = None
        self._last: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._creation: asyncio.Task[None] | None = None

    def begin(self, title: str) -> None:
        if self.token is None:
            return
        if self._created:
            self._send_begin(title)
        else:
            self._creation = asyncio.ensure_future(self._create(title))

    def report(self, message: str) -> None:
        """Show `message` now, or when the current interval is over if nothing newer came by then."""
        self._waiting = one_line(message)
        if self._begun and not self._ended and self._timer is None:
            self._flush()

    def end(self, message: str) -> None:
        """End it; a progress that never began is not shown at all."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._begun:
            self._send({"kind": "end", "message": one_line(message)})
        elif self._creation is not None:
            self._creation.cancel()

    async def _create(self, title: str) -> None:
        """Begin only after the client took the token (LSP 3.17, "Server Initiated Progress")."""
        try:
            await self._connection.ask("window/workDoneProgress/create", {"token": self.token}, timeout=10)
        except Exception as error:  # a client that refuses progress just gets none
            log.info("no progress: %s", error)
            return
        if not self._ended:
            self._send_begin(title)

    def _send_begin(self, title: str) -> None:
        self._begun = True
        begin = {"kind": "begin", "title": title, "cancellable": True}
        if self._waiting is not None:
            begin["message"] = self._last = self._waiting
        self._send(begin)
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _flush(self) -> None:
        if self._waiting is not None and self._waiting != self._last:
            self._last = self._waiting
            self._send({"kind": "report", "message": self._waiting})
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._ended:
            self._flush()

    def _send(self, value: dict[str, Any]) -> None:
        self._connection.notify("$/progress", {"token": self.token, "value": value})


def one_line(text: str) -> str:
    """At most 80 characters, on one line; the end of a longer text, for it is the newest."""
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= LONGEST else "…" + flat[-(LONGEST - 1) :]
