"""What a scripted server has seen, for tests to look at and to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, ClassVar


class Traffic:
    """A log that grows as requests arrive. Safe to use from several threads.

    requests: the parsed body of every chat completion, in order of arrival, refused ones too.
    headers: the headers of the same requests, names in lower case.
    connections: how many were accepted so far.
    """

    watchers: ClassVar[list[Callable[[Any], object]]] = []
    """Told the body of every chat completion that any server of this process receives, for a test suite to judge."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self._abandoned = 0
        self._changed = threading.Condition()

    def await_requests(self, count: int, timeout: float = 10.0) -> bool:
        """Block until `count` chat completions have arrived; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= count, timeout)

    def await_disconnects(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Block until clients have gone away during `count` replies; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._abandoned >= count, timeout)

    def saw(self, body: Any, headers: Iterable[tuple[str, str]]) -> int:
        """Note a chat completion; how many there were so far."""
        with self._changed:
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in headers})
            self._changed.notify_all()
            number = len(self.requests)
        for watcher in self.watchers:
            watcher(body)
        return number

    def connected(self) -> None:
        """Note a connection."""
        with self._changed:
            self.connections += 1

    def abandoned(self) -> None:
        """Note that a client went away during a reply."""
        with self._changed:
            self._abandoned += 1
            self._changed.notify_all()
