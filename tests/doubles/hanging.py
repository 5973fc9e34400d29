"""A model server that says what it was told to and then never goes on; it notes when its client goes away."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

Answer = Callable[[bytes], bytes | None]
"""What is said to a question, by its body. After None, and after a stream that does not end, nothing more comes."""

PAGE = b'{"object": "list", "data": [{"id": "devstral-small-2", "max_model_len": 200000}]}'
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TEXT = b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}, "finish_reason": null}]}\n\n'
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def whole(data: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    """An HTTP answer in one piece."""
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n"
    return head % (status, kind, len(data), more) + data


def begun(text: bytes) -> bytes:
    """A streamed reply that does not go on after its text."""
    data = TEXT % text
    return STREAM + b"%x\r\n%b\r\n" % (len(data), data)


BUSY = whole(b'{"message": "Rate limit exceeded"}', status=b"429 Too Many Requests", more=b"Retry-After: 50\r\n")


def talks_long(body: bytes) -> bytes | None:
    """Long answers, until a summary of them is asked for."""
    if b"about to be shortened" in body:
        return None
    return whole(TEXT % (b"I think about it. " * 500) + END, b"text/event-stream")


class HangingModel:
    """lists: whether it lists its models, or hangs there already.

    hanging: how many connections have been kept waiting. left: when those were closed, in seconds of time.perf_counter.
    """

    def __init__(self, answer: Answer, *, lists: bool = True) -> None:
        self._answer = answer
        self._lists = lists
        self._changed = asyncio.Condition()
        self.base_url = ""
        self.hanging = 0
        self.left: list[float] = []

    async def hangs(self, count: int = 1) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.hanging >= count)

    async def is_left(self, count: int = 1) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.left) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # between two questions a client may go
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        asked = b"/chat/completions" in head.split(b"\r\n")[0]
        answer = self._answer(body) if asked else whole(PAGE) if self._lists else None
        if answer is not None:
            writer.write(answer)
        if answer is not None and not answer.startswith(STREAM):
            return True
        async with self._changed:
            self.hanging += 1
            self._changed.notify_all()
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass  # one way to go
        left = time.perf_counter()
        async with self._changed:
            self.left.append(left)
            self._changed.notify_all()
        return False


@asynccontextmanager
async def hanging(answer: Answer, *, lists: bool = True) -> AsyncIterator[HangingModel]:
    model = HangingModel(answer, lists=lists)
    connections: set[asyncio.Task[None]] = set()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(model.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    listener = await asyncio.start_server(connect, "127.0.0.1", 0, limit=1 << 26)
    model.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield model
    finally:
        listener.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@contextmanager
def full_house() -> Iterator[str]:
    """The base URL of a server that accepts nobody any more: whoever connects waits."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
