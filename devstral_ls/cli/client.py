"""A language client over stdio, as small as one can be: what `ask`, the demo and scripts speak to the server with.

    async with LanguageClient.started(server_command(), answer=..., notice=...) as client:
        await client.request("initialize", {...})

Standard library only, so that the server process is on its way before anything heavy is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

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
    """One connection to one server process. Use `started`, which also ends the process."""

    def __init__(
        self, process: asyncio.subprocess.Process, answer: Answer, notice: Notice, patience: float = PATIENCE
    ) -> None:
        self._process = process
        self._patience = patience
        self._answer = answer
        self._notice = notice
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._stderr = b""
        self._fault: Exception | None = None
        self._ending = False
        self._reading = asyncio.create_task(self._read())
        self._logging = asyncio.create_task(self._keep_stderr())

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        command: list[str],
        answer: Answer,
        notice: Notice,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> AsyncIterator[LanguageClient]:
        """A client of a new server process; on leaving, the server is shut down, and no process stays behind."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if environ is None else dict(environ),
            # Ctrl-C in the terminal is for the client, which then cancels the run and waits for its end.
            start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
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
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(frame(message))

    async def _read(self) -> None:
        """Dispatches every message until the server's output ends; then every open request fails."""
        assert self._process.stdout is not None
        try:
            while (message := await read_message(self._process.stdout)) is not None:
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

    async def _keep_stderr(self) -> None:
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(65536):
            self._stderr = (self._stderr + piece)[-4096:]

    def _gone(self) -> Exception:
        if self._fault is not None:
            return self._fault
        code = self._process.returncode
        last = (self._stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        return ServerStopped(f"The language server stopped{'' if code is None else f' (exit code {code})'}: {last}")

    async def _end(self) -> None:
        """`shutdown`, `exit`, then harder means; returns when the process is gone and its pipes are read to the end."""
        assert self._process.stdin is not None
        self._ending = True
        for task in self._tasks:
            task.cancel()
        try:
            if not self._reading.done():
                with contextlib.suppress(TimeoutError, ForUser):
                    await asyncio.wait_for(self.request("shutdown"), self._patience)
                self.notify("exit")
            self._process.stdin.close()
            await asyncio.wait_for(self._process.wait(), self._patience)
        except (TimeoutError, asyncio.CancelledError) as reason:
            kill_group(self._process)
            await self._process.wait()
            if isinstance(reason, asyncio.CancelledError):
                raise
        for task in (self._reading, self._logging):
            # A process the server left behind may hold the pipes open; it must not hold us.
            done, _ = await asyncio.wait([task], timeout=self._patience)
            if not done:
                task.cancel()


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


def kill_group(process: asyncio.subprocess.Process) -> None:
    """Ends the server and what it started, without asking."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def server_command() -> list[str]:
    """Argument list of a `devstral-ls serve` process of this very installation.

    `-P` keeps the current directory off the import path: it is the user's workspace, where a `json.py` may lie.
    """
    return [sys.executable, "-P", "-m", "devstral_ls", "serve"]


def server_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ`, with the package's folder on PYTHONPATH when it runs from a source tree that is not installed."""
    home = Path(__file__).resolve().parents[2]
    if home.name in {"site-packages", "dist-packages"}:
        return dict(environ)
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, [environ.get("PYTHONPATH"), str(home)]))}
