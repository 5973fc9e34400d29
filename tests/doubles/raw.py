"""A raw JSON-RPC driver: a real server process, and nothing between the test and the bytes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from devstral_ls.execution.ladder import find_bwrap

PATIENCE = 20.0
"""Seconds after which a test that waits for a message has failed."""


class ServerProcess:
    """One `devstral-ls serve` over stdio. Messages it sends are kept in `received`, in order.

    patience: as PATIENCE, for a test whose model is a real one.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.received: list[dict[str, Any]] = []
        self.patience = PATIENCE
        self.on_message: Callable[[dict[str, Any]], None] | None = None
        self._arrived = asyncio.Condition()
        self._ids = iter(range(1, 1_000_000))
        self._reader = asyncio.create_task(self._read())
        self.stderr = b""
        self._errors = asyncio.create_task(self._read_errors())

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := await stream.readline():
            if not header.lower().startswith(b"content-length:"):
                raise AssertionError(f"not a header: {header!r}")
            assert await stream.readline() == b"\r\n"
            body = await stream.readexactly(int(header.split(b":")[1]))
            message = json.loads(body)
            self.received.append(message)
            if self.on_message is not None:
                self.on_message(message)
            async with self._arrived:
                self._arrived.notify_all()
        asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        """Let those who wait see that no more will come."""

        async def wake() -> None:
            async with self._arrived:
                self._arrived.notify_all()

        self._waking = asyncio.create_task(wake())

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(4096):
            self.stderr += data

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> int:
        """Send a request and return its id at once."""
        number = next(self._ids)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    async def until(self, matches: Callable[[dict[str, Any]], bool], start: int = 0) -> dict[str, Any]:
        """The first message (from number `start` on) that matches; fails when none comes."""

        def found() -> dict[str, Any] | None:
            return next((message for message in self.received[start:] if matches(message)), None)

        try:
            async with asyncio.timeout(self.patience), self._arrived:
                while (message := found()) is None:
                    if self._reader.done():
                        raise TimeoutError
                    await self._arrived.wait()
                return message
        except TimeoutError:
            seen = "\n".join(json.dumps(message)[:300] for message in self.received[-12:])
            raise AssertionError(f"the message did not come; last were:\n{seen}\n{self.stderr.decode()}") from None

    async def answer(self, number: int) -> dict[str, Any]:
        """The whole response to the request with this id."""
        return await self.until(lambda message: message.get("id") == number and "method" not in message)

    async def call(self, method: str, params: Any = None) -> Any:
        """The result of a request; an error fails the test."""
        response = await self.answer(self.ask(method, params))
        assert "error" not in response, response
        return response["result"]

    async def initialize(self, root: Path | None = None, **params: Any) -> dict[str, Any]:
        """Shake hands as a bare client would; the initialize result."""
        options: dict[str, Any] = {"processId": os.getpid(), "rootUri": root.as_uri() if root else None}
        result: dict[str, Any] = await self.call("initialize", {**options, "capabilities": {}, **params})
        self.notify("initialized", {})
        return result

    async def leave(self) -> int:
        """Shut down as the protocol says; the exit code."""
        await self.call("shutdown")
        self.notify("exit")
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await asyncio.gather(self._reader, self._errors)
        return code

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def kill(self) -> None:
        if self.process.returncode is None:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        await self.process.wait()
        for task in (self._reader, self._errors):
            task.cancel()
        await asyncio.gather(self._reader, self._errors, return_exceptions=True)
        # The transport is closed by hand, or it warns when the loop is gone.
        self.process._transport.close()  # type: ignore[attr-defined]


def environment(home: Path, **extra: str) -> dict[str, str]:
    """A clean environment: no keys, no settings of the person who runs the tests, state under `home`."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "TMPDIR", "PYTHONPATH")}
    return {
        **kept,
        # As in an activated environment: a sandbox shows the folders of PATH, wherever this one lies.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LANG": "C.UTF-8",
        # A script has a reply for every request of the test, and none for others.
        "DEVSTRAL_LS_TRY_OUT": "0",
        # Behaviour around commands is tested where there is no sandbox too; what a sandbox keeps in has its own tests.
        "DEVSTRAL_LS_SANDBOX": "auto" if find_bwrap() else "off",
        **extra,
    }


@asynccontextmanager
async def serve(home: Path, env: Mapping[str, str] | None = None, *arguments: str) -> AsyncIterator[ServerProcess]:
    """A running server process; killed at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "devstral_ls",
        "serve",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home, **(env or {})),
        start_new_session=True,
        limit=1 << 26,
    )
    server = ServerProcess(process)
    try:
        yield server
    finally:
        await server.kill()
