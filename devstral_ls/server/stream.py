"""What a run reports, sent on to clients that asked for it.

Two ways: `devstral/sessionUpdate` notifications for clients that opted in, and `$/progress` under the request's own
partialResultToken, which carries the answer's text. Text is gathered and sent at most 20 times a second.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from devstral_ls.server.progress import Connection

INTERVAL = 0.05
"""Seconds between two pieces of text."""


class Stream:
    """One run's updates, numbered from 1 in the order they happened."""

    def __init__(self, connection: Connection, session_id: str, *, updates: bool, token: str | int | None) -> None:
        self._connection = connection
        self._session_id = session_id
        self._updates = updates
        self._token = token
        self._numbers = count(1)
        self._kind = "text"
        self._pieces: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def wanted(self) -> bool:
        return self._updates or self._token is not None

    def text(self, kind: str, text: str) -> None:
        """Text or reasoning, as it arrives."""
        if not self.wanted:
            return
        if self._pieces and kind != self._kind:
            self.flush()
        self._kind = kind
        self._pieces.append(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)

    def update(self, kind: str, **payload: Any) -> None:
        """Anything else; what was gathered before goes first."""
        self.flush()
        self._send(kind, payload)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            if self._token is not None and self._kind == "text":
                self._connection.notify("$/progress", {"token": self._token, "value": {"text": text}})
            self._send(self._kind, {"text": text})

    def _send(self, kind: str, payload: dict[str, Any]) -> None:
        if self._updates:
            params = {"sessionId": self._session_id, "seq": next(self._numbers), "kind": kind, **payload}
            self._connection.notify("devstral/sessionUpdate", params)
