"""Proxies: real ones, over real sockets, that remember where they were asked to connect to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HERE = "gpu.invalid"
"""A name that only the proxies know: it is this machine."""


class Listener:
    """Serves every connection in a thread of its own."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            self.serve(client)


class Proxy(Listener):
    """An HTTP proxy that passes plain requests and tunnels on. seen: the first lines of what it was asked.

    credentials: the name and password it wants, in base64. to: the port of this machine where all of it ends up.
    """

    def __init__(self, credentials: str | None = None, to: int | None = None) -> None:
        self._credentials = credentials
        self._to = to
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        line = head.split(b"\r\n", 1)[0].decode()
        self.seen.append(line)
        if self._credentials and f"proxy-authorization: basic {self._credentials}" not in head.decode().lower():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return
        method, target, _ = line.split(" ")
        host, port = (target if method == "CONNECT" else target.split("/")[2]).split(":")
        with connected(HERE, self._to) if self._to else connected(host, int(port)) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = "/" + target.split("/", 3)[3]
                server.sendall(head.replace(target.encode(), path.encode(), 1))
            pass_on(client, server)


class SocksProxy(Listener):
    """A SOCKS 5 proxy (RFC 1928, RFC 1929). seen: `host:port`, as it was asked for.

    credentials: the name and password it wants. refuses: it connects to nobody.
    """

    def __init__(self, credentials: tuple[str, str] | None = None, *, refuses: bool = False) -> None:
        self._credentials = credentials
        self._refuses = refuses
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        with client.makefile("rb") as sent:
            version, count = sent.read(2)
            assert version == 5
            wanted = 0 if self._credentials is None else 2
            if wanted not in sent.read(count):
                client.sendall(b"\x05\xff")
                return
            client.sendall(bytes([5, wanted]))
            if self._credentials is not None:
                assert sent.read(1) == b"\x01"
                given = tuple(sent.read(sent.read(1)[0]).decode() for _ in range(2))
                client.sendall(bytes([1, given != self._credentials]))
                if given != self._credentials:
                    return
            version, command, _, kind = sent.read(4)
            assert (version, command) == (5, 1)
            host = {
                1: lambda: socket.inet_ntoa(sent.read(4)),
                3: lambda: sent.read(sent.read(1)[0]).decode(),
                4: lambda: socket.inet_ntop(socket.AF_INET6, sent.read(16)),
            }[kind]()
            (port,) = struct.unpack("!H", sent.read(2))
        self.seen.append(f"{host}:{port}")
        bound = b"\x00\x01" + bytes(6)
        if self._refuses:
            client.sendall(b"\x05\x02" + bound)
            return
        with connected(host, port) as server:
            client.sendall(b"\x05\x00" + bound)
            pass_on(client, server)


class PlainServer(Listener):
    """Is no proxy: it answers everything as a web server answers nonsense."""

    def serve(self, client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def connected(host: str, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1" if host == HERE else host, port))


def pass_on(client: socket.socket, server: socket.socket) -> None:
    """Everything, both ways, until both have said all."""
    back = threading.Thread(target=pump, args=(server, client), daemon=True)
    back.start()
    pump(client, server)
    back.join(10)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two is gone, and the other will be


@contextmanager
def proxy(credentials: str | None = None, to: int | None = None) -> Iterator[Proxy]:
    running = Proxy(credentials, to)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def socks(credentials: tuple[str, str] | None = None, *, refuses: bool = False) -> Iterator[SocksProxy]:
    running = SocksProxy(credentials, refuses=refuses)
    try:
        yield running
    finally:
        running.close()
