"""The scripted server: start, stop, and what it has seen."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Sequence
from socketserver import TCPServer
from types import TracebackType
from typing import Any

from devstral_ls.scripted.connection import Connection, Desk, Server
from devstral_ls.scripted.manners import Manner
from devstral_ls.scripted.pages import About
from devstral_ls.scripted.script import Answering, Playback, Script
from devstral_ls.scripted.traffic import Traffic


class ScriptedServer(Traffic):
    """A server that replays `script` in the manner of one kind of model server, and the traffic it has seen.

    api_key: the key it demands. None: the Mistral manner takes any key but demands one, the others ask for none.
    answering: makes up each turn from the request's messages, in place of the script's turns.
    other_models: names it also lists and answers to. version: what it says its version is, and behaves like; None: a
    recent one. loaded: whether the first model is in memory, where a server tells.
    """

    def __init__(
        self,
        script: Script,
        manner: Manner = "vllm",
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        answering: Answering | None = None,
        api_key: str | None = None,
        context_length: int = 131_072,
        other_models: Sequence[str] = (),
        version: str | None = None,
        loaded: bool = True,
    ) -> None:
        super().__init__()
        about = About(manner, (script.model, *other_models), context_length, script.tools, version, loaded)
        self._desk = Desk(about, answering or Playback(script), self, api_key)
        self._address = (host, port)
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def root_url(self) -> str:
        """`http://host:port`, without a path."""
        return f"http://{self._address[0]}:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.root_url}/v1"

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._listener is None:
            raise RuntimeError("the scripted server is not running")
        return self._listener.server_port

    def start(self) -> ScriptedServer:
        """Listen and answer. Raises OSError when the port is taken."""
        self._listener = _Listener(self._address, self._desk)
        # A short poll makes `stop` fast; the listening thread does nothing else.
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), name="scripted-server")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for every thread."""
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()
        self._listener = self._thread = None

    def __enter__(self) -> ScriptedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(Server):
    # Threads are joined by `server_close`, after `hang_up` has ended what they wait for.
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64
    # On Windows the option would let two servers share one port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Connection)

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for the host's name, which takes seconds on some machines.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        self.desk.traffic.connected()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Disconnect every client, so that threads that read or wait return."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the other side was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is everyday life; anything else is a bug and stays loud."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
