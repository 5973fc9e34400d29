"""A model server with a clock: sends prepared bytes and notes when they left and when the next request came."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any


class ClockedModel:
    """Answers chat completions with prepared replies, in order.

    arrived[i]: when the first byte of request i came. left[i]: when the last byte of reply i was handed to the kernel.
    Both in seconds of time.perf_counter.
    """

    def __init__(self, replies: Sequence[bytes]) -> None:
        self._replies = list(replies)
        self.arrived: list[float] = []
        self.left: list[float] = []
        self.bodies: list[bytes] = []
        self.first_request = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> ClockedModel:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while first := await reader.read(1):
                now = time.perf_counter()
                head = first + await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                if b"/chat/completions" not in head.split(b"\r\n")[0]:
                    self._answer_page(writer)
                    continue
                self.arrived.append(now)
                self.bodies.append(body)
                self.first_request.set()
                writer.write(HEAD + self._replies[len(self.arrived) - 1] + b"0\r\n\r\n")
                await writer.drain()
                self.left.append(time.perf_counter())
        except ConnectionResetError:
            return  # the client was killed, as a benchmark of its start does
        finally:
            writer.close()

    def _answer_page(self, writer: asyncio.StreamWriter) -> None:
        page = json.dumps({"object": "list", "data": [{"id": "devstral", "max_model_len": 200_000}]}).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(page) + page
        )


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def reply(text: str = "", name: str = "", arguments: dict[str, Any] | None = None, pieces: Sequence[str] = ()) -> bytes:
    """One reply as vLLM streams it. pieces: text deltas, each a chunk of its own."""
    events: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    events += [{"content": piece} for piece in ([text] if text else pieces)]
    if name:
        function = {"name": name, "arguments": json.dumps(arguments)}
        events.append({"tool_calls": [{"index": 0, "id": "abcdefghi", "type": "function", "function": function}]})
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in events]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls" if name else "stop"})
    frames: list[dict[str, Any]] = [{"choices": [choice]} for choice in choices]
    data = [
        b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", **frame}).encode() for frame in frames
    ]
    return b"".join(b"%x\r\n%b\r\n" % (len(item) + 2, item + b"\n\n") for item in [*data, b"data: [DONE]"])
