"""JSON-RPC as pygls does it, made safe: every request is answered once, nothing a client sends can hang or kill us.

What is overridden here was measured against pygls 2.1; each override says what it prevents, and
tests/server/test_protocol.py holds one test for each.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from devstral_ls.errors import DevstralError, InvalidRequest
from devstral_ls.server.framing import FramingError, encode
from devstral_ls.server.outgoing import Outgoing

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer

log = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
REQUEST_FAILED = -32803

RAW = frozenset({types.INITIALIZE, types.WORKSPACE_EXECUTE_COMMAND, types.WORKSPACE_DID_CHANGE_CONFIGURATION})
"""Methods whose parameters stay plain data: lsprotocol's types refuse what newer clients put into them."""


class Protocol(LanguageServerProtocol):
    """The connection to one client."""

    _server: DevstralServer

    def __init__(self, server: DevstralServer, converter: Any) -> None:
        super().__init__(server, converter)
        self._tasks: dict[int | str, asyncio.Task[Any]] = {}
        self._outgoing = Outgoing(self.send)
        self._write: Callable[[bytes], None] = _nowhere
        self.exit_code: asyncio.Future[int] | None = None
        self.initialized = asyncio.Event()
        self.greeted = False
        self._closing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------------- incoming

    def connect(self, write: Callable[[bytes], None], exit_code: asyncio.Future[int]) -> None:
        """Send through `write` (must not block) and resolve `exit_code` when the client says exit."""
        self._write = write
        self.exit_code = exit_code

    def receive(self, body: bytes | FramingError) -> None:
        """Take one message. JSON is read without pygls' object hook, which rewrites nested data."""
        if isinstance(body, FramingError):
            self._answer(None, error=(PARSE_ERROR, f"Not an LSP message: {body}."))
            return
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._answer(None, error=(PARSE_ERROR, f"The message is not JSON: {error}."))
            return
        if not isinstance(message, dict):
            self._answer(None, error=(INVALID_REQUEST, "A message must be a JSON object."))
        elif isinstance(message.get("method"), str):
            self._incoming(message)
        elif "id" in message and ("result" in message or "error" in message):
            self._outgoing.answered(message)
        else:
            self._answer(message.get("id"), error=(INVALID_REQUEST, "A message needs a method, a result or an error."))

    def _incoming(self, message: dict[str, Any]) -> None:
        method: str = message["method"]
        msg_id = message.get("id")
        refusal = self._refusal(method)
        if refusal is not None:
            if msg_id is not None:
                self._answer(msg_id, error=refusal)
            return
        if method == types.CANCEL_REQUEST:
            self._cancel(message.get("params"))
            return
        # At once: an exit that came in the same read is handled before the shutdown's coroutine takes its first step.
        self._shutdown = self._shutdown or method == types.SHUTDOWN
        handler = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        if handler is None:
            if msg_id is not None:
                self._answer(msg_id, error=(METHOD_NOT_FOUND, f"devstral-ls does not know {method!r}."))
            elif not method.startswith("$/"):
                log.info("ignored the notification %s", method)
            return
        try:
            params = self._params(method, message)
        except Exception as error:  # cattrs raises groups and bare ValueErrors alike
            log.debug("could not read %s", method, exc_info=True)
            if msg_id is not None:
                self._answer(msg_id, error=(INVALID_PARAMS, f"The parameters of {method} are malformed{_why(error)}."))
            else:
                log.warning("ignored a malformed %s%s", method, _why(error))
            return
        if msg_id is None:
            self._notice(method, handler, params)
        else:
            self._request(msg_id, method, handler, params)

    def _refusal(self, method: str) -> tuple[int, str] | None:
        """Why this message comes at the wrong time, if it does (LSP 3.17, "Server lifecycle")."""
        if method == types.EXIT:
            return None
        if self._shutdown:
            return INVALID_REQUEST, "The server is shutting down."
        if not self.greeted and method != types.INITIALIZE:
            return SERVER_NOT_INITIALIZED, "The first request must be initialize."
        if self.greeted and method == types.INITIALIZE:
            return INVALID_REQUEST, "The server is initialized already."
        return None

    def _params(self, method: str, message: Mapping[str, Any]) -> Any:
        kind = None if method in RAW else self.get_message_type(method)
        if kind is None:
            return message.get("params")
        return self._converter.structure(dict(message), kind).params

    def _request(self, msg_id: int | str, method: str, handler: Callable[..., Any], params: Any) -> None:
        if not inspect.iscoroutinefunction(handler):
            try:
                self._answer(msg_id, handler(params))
            except Exception as error:
                self._answer(msg_id, error=_as_response_error(error, method))
            return

        async def serve() -> None:
            try:
                result = await handler(params)
            except asyncio.CancelledError:
                # Answered here, for pygls answers a cancelled request only when its outer future was cancelled.
                self._answer(msg_id, error=(REQUEST_CANCELLED, "The request was cancelled."))
            except Exception as error:
                self._answer(msg_id, error=_as_response_error(error, method))
            else:
                self._answer(msg_id, result)

        task = asyncio.get_running_loop().create_task(serve(), name=f"request {method}")
        self._tasks[msg_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(msg_id, None))

    def _notice(self, method: str, handler: Callable[..., Any], params: Any) -> None:
        """Notifications run synchronously, in order; their errors go to the log, never into the user's face."""
        try:
            handler(params)
        except Exception:
            log.exception("the notification %s failed", method)

    def _cancel(self, params: Any) -> None:
        msg_id = params.get("id") if isinstance(params, dict) else None
        task = self._tasks.get(msg_id) if isinstance(msg_id, int | str) else None
        if task is not None:
            task.cancel()

    # ------------------------------------------------------------------------------------------------- outgoing

    def send(self, message: Any) -> None:
        """Send any message; lsprotocol objects inside are converted."""
        self._write(encode(message))

    def notify(self, method: str, params: Any | None = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": self.plain(params)})

    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any:
        """The client's answer to a request of ours (see `Outgoing.ask`); waits until the client is `initialized`."""
        await self.initialized.wait()
        return await self._outgoing.ask(method, self.plain(params), timeout)

    def plain(self, value: Any) -> Any:
        """lsprotocol objects (also nested in plain data) as JSON data."""
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        return self._converter.unstructure(value) if hasattr(value, "__attrs_attrs__") else value

    def _answer(self, msg_id: int | str | None, result: Any = None, error: tuple[int, str] | None = None) -> None:
        if error is not None:
            code, text = error
            self.send({"jsonrpc": "2.0", "id": msg_id, "error": {"code": code, "message": text}})
        else:
            self.send({"jsonrpc": "2.0", "id": msg_id, "result": self.plain(result)})

    # ------------------------------------------------------------------------------------------------ lifecycle

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: Any) -> Any:
        """Answered from plain data, so that an unknown capability of a newer client can't hang the handshake."""
        if not isinstance(params, dict):
            raise InvalidRequest("initialize needs an object with capabilities.")
        self.greeted = True
        return self._server.initialize(params)

    @lsp_method(types.INITIALIZED)
    def lsp_initialized(self, *_: Any) -> None:
        self.initialized.set()
        self._server.after_initialized()

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """Ends runs first and in order; pygls cancels futures while it walks over them (its issue 606)."""
        await self.close()

    async def close(self) -> None:
        """End everything that goes on: runs, requests of the client's (answered as cancelled), requests of ours."""
        if self._closing is None:
            me = asyncio.current_task()
            self._closing = asyncio.get_running_loop().create_task(self._close(me), name="close")
        await asyncio.shield(self._closing)

    async def _close(self, asking: asyncio.Task[Any] | None) -> None:
        await self._server.close()
        self._outgoing.close()
        pending = [task for task in self._tasks.values() if task is not asking]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """Exit code 0 after shutdown, 1 otherwise (LSP 3.17, "Exit Notification")."""
        if self.exit_code is not None and not self.exit_code.done():
            self.exit_code.set_result(0 if self._shutdown else 1)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: Any) -> Any:  # type: ignore[override]
        """A coroutine, not pygls' generator, so that cancelling the request reaches the command."""
        return await self._server.execute(params)

    # Everything the editor has open lives in our own store, which counts lines as editors do.

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self._server.did_open(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self._server.did_change(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.did_close(params)

    @lsp_method(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        self._server.did_change_folders(params)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        self._server.cancel_progress(params.token)

    @lsp_method(types.SET_TRACE)
    def lsp_set_trace(self, params: types.SetTraceParams) -> None:  # type: ignore[override]
        self.trace = types.TraceValue(params.value)


def _as_response_error(error: Exception, method: str) -> tuple[int, str]:
    """What the client is told: one line, never a traceback (pygls puts one into `data`)."""
    if isinstance(error, InvalidRequest):
        return INVALID_PARAMS, str(error)
    if isinstance(error, DevstralError):
        return REQUEST_FAILED, str(error)
    if isinstance(error, JsonRpcException):
        return error.code or INTERNAL_ERROR, str(error.message).splitlines()[0]
    log.exception("the request %s failed", method, exc_info=error)
    return INTERNAL_ERROR, f"devstral-ls failed to serve {method}: {type(error).__name__}. Its log has the details."


def _why(error: Exception) -> str:
    """The innermost reason of a cattrs error group, in a few words."""
    while isinstance(error, ExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, KeyError):
        return f": {error.args[0]!r} is missing"
    text = str(error).splitlines()[0] if str(error) else ""
    return f": {text[:120]}" if text else ""


def _nowhere(_: bytes) -> None:
    """Before a transport is connected there is nobody to write to."""


Answer = Awaitable[Any]
