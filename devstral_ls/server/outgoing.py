"""Our requests to the client, until they are answered, withdrawn or given up."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any


class ClientError(Exception):
    """The client answered one of our requests with an error, or will never answer it."""


class Outgoing:
    """The requests now waiting for an answer. send: sends one message."""

    def __init__(self, send: Callable[[Any], None]) -> None:
        self._send = send
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._closed = False

    async def ask(self, method: str, params: Any, timeout: float | None) -> Any:
        """The client's answer, as plain data.

        timeout: seconds; None waits for a person. Raises ClientError on an error answer, on time-out and at shutdown.
        A caller that is cancelled withdraws the request; a late answer is ignored.
        """
        if self._closed:
            raise ClientError("the server is shutting down")
        msg_id = str(uuid.uuid4())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[msg_id] = future
        self._send({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            self._withdraw(msg_id)
            raise ClientError(f"no answer to {method} in {timeout:g} s") from None
        except asyncio.CancelledError:
            self._withdraw(msg_id)
            raise
        finally:
            self._waiting.pop(msg_id, None)

    def answered(self, message: dict[str, Any]) -> None:
        """Resolve what waits for this response, however malformed; answers nobody waits for are ignored."""
        msg_id = message["id"]
        future = self._waiting.get(msg_id) if isinstance(msg_id, str) else None
        if future is None or future.done():
            return
        error = message.get("error")
        if error is not None:
            text = error.get("message") if isinstance(error, dict) else error
            future.set_exception(ClientError(str(text or "the client answered with an error")))
        else:
            future.set_result(message.get("result"))

    def close(self) -> None:
        """Give up on every answer; nothing is asked any more."""
        self._closed = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ClientError("the server is shutting down"))

    def _withdraw(self, msg_id: str) -> None:
        if not self._closed:
            self._send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": msg_id}})
