"""A language client over stdio, as small as one can be: what `ask`, the demo and scripts speak to the server with.

    async with LanguageClient.started(server_command(), answer=..., notice=...) as client:
        await client.request("initialize", {...})

Standard library only. The pipes are read and written by threads of their own, which works the same on every platform
and lets the process be started before there is an event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from devstral_ls.cli.server_process import kill, spawn
from devstral_ls.errors import ForUser

PATIENCE = 2.0
"""Seconds a server gets to answer `shutdown`, and again to leave after `exit`, before it is ended."""

METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603


class ServerStopped(ForUser):
    """The server process is gone while an answer was awaited."""


class RequestFailed(ForUser):
    """The other side answered with an error. Raised by `answer`, it is the error the server gets."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


Answer = Callable[[str, Any], Awaitable[Any]]
"""(method, params) of a request from the server -> its result; raises RequestFailed."""

Notice = Callable[[str, Any], None]
"""(method, params) of a notification from the server."""


class LanguageClient:
    """One connection to one server process. Use `started` or `over`, which also end the process."""

    def __init__(
        self, process: subprocess.Popen[bytes], answer: Answer, notice: Notice, patience: float = PATIENCE
    ) -> None:
        self._process = process
        self._patience = patience
        self._answer = answer
        self._notice = notice
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: Exception | None = None
        self._ending = False
        self._pipes = Pipes(process)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        command: Sequence[str],
        answer: Answer,
        notice: Notice,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> AsyncIterator[LanguageClient]:
        """A client of a new server process; on leaving, the server is shut down, and no process stays behind."""
        async with cls.over(spawn(command, environ), answer, notice, patience) as client:
            yield client

    @classmethod
    @contextlib.asynccontextmanager
    async def over(
        cls, process: subprocess.Popen[bytes], answer: Answer, notice: Notice, patience: float = PATIENCE
    ) -> AsyncIterator[LanguageClient]:
        """The same for a process that was started already (by `spawn`)."""
        client = cls(process, answer, notice, patience)
        try:
            yield client
        finally:
            await client._end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def notify(self, method: str, params: Any = None) -> None:
        self._send({"method": method, "params": params})

    async def request(self, method: str, params: Any = None) -> Any:
        """The server's result. RequestFailed when it answers with an error, ServerStopped when it is gone.

        Cancelling the caller sends `$/cancelRequest`.
        """
        ident, future = self._begin(method, params)
        try:
            return await future
        except asyncio.CancelledError:
            self.notify("$/cancelRequest", {"id": ident})
            raise
        finally:
            self._pending.pop(ident, None)

    def _begin(self, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        ident = self._next_id
        self._next_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[ident] = future
        if self._reading.done():
            future.set_exception(self._gone())
        else:
            self._send({"id": ident, "method": method, "params": params})
        return ident, future

    def _send(self, message: dict[str, Any]) -> None:
        self._pipes.write(frame(message))

    async def _read(self) -> None:
        """Dispatches every message until the server's output ends; then every open request fails."""
        try:
            while (message := await read_message(self._pipes.output)) is not None:
                self._receive(message)
        except Exception as error:
            # A message that can't be read, or a notice that can't be shown (the terminal went away): either way the
            # conversation is over, and whoever waits on a request is the one to learn it.
            self._fault = error
        finally:
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(self._fault or self._gone())

    def _receive(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._settle(message)
        elif self._ending:
            return  # nobody is left who could answer or look; the server is shutting down
        elif "id" in message:
            task = asyncio.create_task(self._reply(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._notice(message["method"], message.get("params"))

    def _settle(self, message: dict[str, Any]) -> None:
        future = self._pending.get(message.get("id", 0))
        if future is None or future.done():
            return
        if error := message.get("error"):
            future.set_exception(RequestFailed(error.get("code", INTERNAL_ERROR), error.get("message", "failed")))
        else:
            future.set_result(message.get("result"))

    async def _reply(self, message: dict[str, Any]) -> None:
        try:
            body: dict[str, Any] = {"result": await self._answer(message["method"], message.get("params"))}
        except RequestFailed as error:
            body = {"error": {"code": error.code, "message": str(error)}}
        except Exception as error:
            body = {"error": {"code": INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}}
            self._fail(error)
        self._send({"id": message["id"], **body})

    def _fail(self, error: Exception) -> None:
        """A request of the server broke the client: whoever waits on an answer must see why, not wait for ever."""
        for future in self._pending.values():
            if not future.done():
                future.set_exception(error)

    def _gone(self) -> Exception:
        if self._fault is not None:
            return self._fault
        code = self._process.poll()
        return ServerStopped(
            f"The language server stopped{'' if code is None else f' (exit code {code})'}: {self._pipes.last_words()}"
        )

    async def _end(self) -> None:
        """`shutdown`, `exit`, then harder means; returns when the process is gone and its pipes are closed."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
        gone = asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        try:
            if not self._reading.done():
                with contextlib.suppress(TimeoutError, ForUser):
                    await asyncio.wait_for(self.request("shutdown"), self._patience)
                self.notify("exit")
            self._pipes.close_input()
            await asyncio.wait([gone], timeout=self._patience)
        finally:
            kill(self._process)
            await asyncio.wait([gone])
            self._pipes.close(self._patience)
            self._reading.cancel()


class Pipes:
    """A process's three streams, each served by a thread. Made on the event loop that reads `output`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.output = asyncio.StreamReader()
        self._loop = asyncio.get_running_loop()
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors = b""
        self._streams = (process.stdin, process.stdout, process.stderr)
        self._threads = [
            threading.Thread(target=work, args=(stream.fileno(),), daemon=True)
            for work, stream in zip((self._write, self._read, self._keep_errors), self._streams, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def write(self, data: bytes) -> None:
        self._input.put(data)

    def close_input(self) -> None:
        """After what is still to be written."""
        self._input.put(None)

    def last_words(self) -> str:
        """The last line the process wrote to its error stream."""
        self._threads[2].join(0.2)  # it follows the end of the output at once
        return (self._errors.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]

    def close(self, patience: float) -> None:
        """Close everything; a process that was left behind may hold the other ends, but must not hold us."""
        self.close_input()
        for thread, stream in zip(self._threads, self._streams, strict=True):
            thread.join(patience)
            if not thread.is_alive():
                stream.close()

    def _write(self, descriptor: int) -> None:
        # When nobody reads any more there is nothing to do about it here: the end of the output says so, too.
        with contextlib.suppress(OSError):
            while data := self._input.get():
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
            self._streams[0].close()

    def _read(self, descriptor: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants the rest
            while data := os.read(descriptor, 1 << 16):
                self._loop.call_soon_threadsafe(self.output.feed_data, data)
            self._loop.call_soon_threadsafe(self.output.feed_eof)

    def _keep_errors(self, descriptor: int) -> None:
        while data := os.read(descriptor, 1 << 16):
            self._errors = (self._errors + data)[-4096:]


def frame(message: Mapping[str, Any]) -> bytes:
    """A JSON-RPC message with its header."""
    body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def read_message(stream: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message, or None at the end of the stream. ValueError when it is no JSON-RPC message."""
    try:
        header = await stream.readuntil(b"\r\n\r\n")
        body = await stream.readexactly(_length(header))
    except asyncio.IncompleteReadError:
        return None
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the server sent a JSON-RPC batch, which LSP does not have")
    return message


def _length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"the server sent something that is no message: {header[:60]!r}")
