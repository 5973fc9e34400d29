"""The way out of a sandbox that has no network: a socket that listens inside, on which this process answers.

Inside the sandbox, before the command, a few lines of Python make a listening socket on the loopback of that network
and hand it out. A socket stays in the network it was made in, so the proxy here serves it without being reachable from
anywhere else, and the command finds a proxy at an address that only it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.allowed_hosts import AllowedHosts
from devstral_ls.execution.network import allow_proxy

MOST_TALKS = 64
"""How many connections at a time: they use up file descriptors of the server."""

INSIDE = Path(__file__).with_name("listen_inside.py")


@dataclass(slots=True)
class Door:
    """sent_through: the file descriptor that the sandbox inherits. refused: what was asked for and not allowed."""

    sent_through: int
    refused: dict[str, None] = field(default_factory=dict)

    def through(self, python: str, program: list[str]) -> list[str]:
        """What runs `program` in the sandbox, once the socket is there."""
        return [python, "-I", "-S", "-c", INSIDE.read_text("utf-8"), str(self.sent_through), *program]

    def notes(self) -> tuple[str, ...]:
        """A line about what was refused."""
        if not self.refused:
            return ()
        return (f"The network is closed but for what the user's execution.network.allow lists; refused: "
                f"{', '.join(list(self.refused)[:8])}",)  # fmt: skip


@asynccontextmanager
async def door(allowed: AllowedHosts) -> AsyncIterator[Door | None]:
    """A door for one command; None when nothing is allowed. When the context ends, it is closed for good."""
    if not allowed.entries:
        yield None
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        made = Door(theirs.fileno())
        serving = asyncio.create_task(_serve(ours, allowed, made.refused))
        try:
            yield made
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


async def _serve(ours: socket.socket, allowed: AllowedHosts, refused: dict[str, None]) -> None:
    listening = await _received(ours)
    if listening is None:
        return
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(talks) >= MOST_TALKS:
            writer.close()
            return
        talks.add(task)
        try:
            await allow_proxy.serve(reader, writer, allowed, lambda host: refused.setdefault(host))
        except asyncio.CancelledError:
            pass  # The command is over; streams would log this as a failure.
        finally:
            talks.discard(task)

    server = await asyncio.start_server(talk, sock=listening, limit=allow_proxy.HEAD_LIMIT)
    try:
        await server.serve_forever()
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _received(ours: socket.socket) -> socket.socket | None:
    """The socket that listens in the sandbox; None when the sandbox ended before. Only the first message counts."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(ours.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(ours.fileno())
    _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    if not descriptors:
        return None
    listening = socket.socket(fileno=descriptors[0])
    os.set_inheritable(listening.fileno(), False)
    listening.setblocking(False)
    return listening
