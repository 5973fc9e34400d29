"""Bytes between the client and the protocol: stdio or one TCP connection, and when to leave.

Reading happens on one daemon thread and writing on another, so that a client that stops reading never blocks the
event loop, and a blocked read never keeps the process alive.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from devstral_ls.server.framing import FrameDecoder

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer

log = logging.getLogger(__name__)

CHUNK = 1 << 16
LEAVE_WITHIN = 0.4
"""Seconds given to the last bytes when the process leaves."""


class Writer:
    """Writes to a file descriptor on its own thread, in order."""

    def __init__(self, descriptor: int, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_broken = on_broken
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="devstral-ls writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._queue.put(data)

    def close(self) -> None:
        """Write what is queued and stop; gives up on a client that does not read."""
        self._queue.put(None)
        self._thread.join(LEAVE_WITHIN)

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:
                self._on_broken()
                return


def serve_stdio(server: DevstralServer) -> int:
    """Serve one client over stdin and stdout until it leaves; the exit code."""
    incoming = os.dup(0)
    outgoing = claim_stdout()
    return asyncio.run(_serve_descriptors(server, incoming, outgoing))


async def _serve_descriptors(server: DevstralServer, incoming: int, outgoing: int) -> int:
    loop = asyncio.get_running_loop()
    exit_code: asyncio.Future[int] = loop.create_future()

    def leave(code: int) -> None:
        if not exit_code.done():
            exit_code.set_result(code)

    def leave_soon() -> None:
        with suppress(RuntimeError):  # the loop is closed already: we are leaving
            loop.call_soon_threadsafe(leave, 1)

    writer = Writer(outgoing, leave_soon)
    server.protocol.connect(writer.write, exit_code)
    decoder = FrameDecoder()

    def take(data: bytes) -> None:
        for body in decoder.feed(data):
            server.protocol.receive(body)

    def read() -> None:
        with suppress(OSError, RuntimeError):
            while data := os.read(incoming, CHUNK):
                loop.call_soon_threadsafe(take, data)
        leave_soon()

    threading.Thread(target=read, name="devstral-ls reader", daemon=True).start()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            with suppress(NotImplementedError):  # Windows' event loop has no signal handlers
                loop.add_signal_handler(getattr(signal, name), leave, 1)
    server.on_parent_gone(lambda: leave(1))
    code = await exit_code
    await server.protocol.close()
    writer.close()
    return code


def serve_tcp(server: DevstralServer, host: str, port: int, announce: Callable[[str, int], None]) -> int:
    """Serve the first client that connects to host:port, then leave; the exit code.

    announce: called with the address listened on (port 0 picks a free one).
    """
    return asyncio.run(_serve_tcp(server, host, port, announce))


async def _serve_tcp(server: DevstralServer, host: str, port: int, announce: Callable[[str, int], None]) -> int:
    exit_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    client: asyncio.StreamWriter | None = None

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal client
        if client is not None:
            writer.close()
            return
        client = writer
        server.protocol.connect(writer.write, exit_code)
        decoder = FrameDecoder()
        try:
            while data := await reader.read(CHUNK):
                for body in decoder.feed(data):
                    server.protocol.receive(body)
        except ConnectionError:
            log.info("the client's connection broke")
        leave(1)

    def leave(code: int) -> None:
        if not exit_code.done():
            exit_code.set_result(code)

    listener = await asyncio.start_server(connected, host, port)
    address = listener.sockets[0].getsockname()
    announce(address[0], address[1])
    server.on_parent_gone(lambda: leave(1))
    try:
        code = await exit_code
        await server.protocol.close()
    finally:
        listener.close()
        if client is not None:
            client.close()
            with suppress(ConnectionError):
                await client.wait_closed()
    return code


def claim_stdout() -> int:
    """The descriptor of the real stdout; from now on whatever prints to stdout prints to stderr."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    return real
