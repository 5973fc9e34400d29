"""The wire between the server and the model: keeps the exact bytes of every question, and can hold answers back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE = 20.0
"""Seconds after which a test that waits for a question has failed."""


class Wire:
    """A TCP relay. bodies: of the chat completions that passed, as they were sent."""

    def __init__(self, port: int) -> None:
        self.bodies: list[bytes] = []
        self.base_url = ""
        self._port = port
        self._held_from: int | None = None
        self._moved = asyncio.Condition()

    def hold(self, number: int = 1) -> None:
        """Keep the answers back from the `number`-th question on."""
        self._held_from = number

    async def release(self) -> None:
        """Let everything that was kept back go on."""
        self._held_from = None
        async with self._moved:
            self._moved.notify_all()

    async def asked(self, count: int) -> None:
        """Until the model was asked `count` times."""
        async with asyncio.timeout(PATIENCE), self._moved:
            await self._moved.wait_for(lambda: len(self.bodies) >= count)

    def _passes(self, _: asyncio.StreamWriter) -> bool:
        """Whether an answer may go on to this client now."""
        return self._held_from is None or len(self.bodies) < self._held_from

    def _question(self, client: asyncio.StreamWriter) -> None:
        """A question of this client's has come."""

    def _left(self, client: asyncio.StreamWriter) -> None:
        """This client has left."""

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            model_reader, model_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionError:
            return  # the model has left
        answers = asyncio.create_task(self._answers(model_reader, writer))
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                if b"/chat/completions" in head.split(b"\r\n")[0]:
                    async with self._moved:
                        self.bodies.append(body)
                        self._question(writer)
                        self._moved.notify_all()
                model_writer.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left, so the model is left too
        finally:
            answers.cancel()
            self._left(writer)
            model_writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                async with self._moved:
                    await self._moved.wait_for(lambda: self._passes(writer))
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # either side has left, so both do
        finally:
            writer.close()


@asynccontextmanager
async def wire(port: int, kind: type[Wire] = Wire) -> AsyncIterator[Wire]:
    """A wire to the model server on this port of this machine."""
    relay = kind(port)
    connections: set[asyncio.Task[None]] = set()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not listener.is_serving():
            writer.close()  # it was still being taken when the wire was cut
            return
        task = asyncio.create_task(relay.relay(reader, writer))
        connections.add(task)

        def close(task: asyncio.Task[None]) -> None:
            # Here and not in the task: one that is cancelled before its first step has no `finally`.
            writer.close()
            connections.discard(task)

        task.add_done_callback(close)

    listener = await asyncio.start_server(connect, "127.0.0.1", 0, limit=1 << 26)
    relay.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield relay
    finally:
        listener.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
