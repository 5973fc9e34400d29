"""The proxy, asked over real sockets by a client that may say anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from devstral_ls.allowed_hosts import allowed_hosts
from devstral_ls.execution.network import allow_proxy

Ask = Callable[[bytes], Awaitable[bytes]]


class Site:
    """A server that answers every connection once, with what it was sent. seen: that, connection by connection."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        self.seen.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.write_eof()
        # What else arrives on this connection before its other end closes it.
        self.seen[-1] += await reader.read()
        writer.close()
        await writer.wait_closed()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """The port where somebody answers, whose every talk is over in the end."""
    talks: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.append(task)
        await talk(reader, writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=allow_proxy.HEAD_LIMIT)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*talks)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    made = Site()
    async with listening(made.answer) as made.port:
        yield made


@asynccontextmanager
async def proxy(*entries: str) -> AsyncIterator[tuple[Ask, list[str]]]:
    """What sends bytes to the proxy and gives all that comes back, and what was refused."""
    allowed, refused = allowed_hosts(entries), list[str]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await allow_proxy.serve(reader, writer, allowed, refused.append)

    async def ask(data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        found = await reader.read()
        writer.close()
        await writer.wait_closed()
        return found

    async with listening(serve) as port:
        yield ask, refused


async def test_a_listed_host_is_asked_with_what_the_client_sent_and_one_request_only() -> None:
    async with site() as found, proxy(f"127.0.0.1:{found.port}") as (ask, refused):
        url = f"http://127.0.0.1:{found.port}/a?b=c"
        head = f"POST {url} HTTP/1.1\r\nHost: evil.example\r\nX-A: 1\r\nContent-Length: 2\r\nProxy-Authorization: x\r\n"
        second = b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        answer = await ask(head.encode() + b"Connection: keep-alive\r\n\r\nhi" + second)
        assert answer.endswith(b"\r\n\r\nhello")
        assert found.seen == [
            f"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{found.port}\r\nX-A: 1\r\nContent-Length: 2\r\n"
            "Connection: close\r\n\r\nhi".encode()
        ]
        assert refused == []


async def test_a_tunnel_to_a_listed_host_passes_everything_on() -> None:
    async with site() as found, proxy(f"localhost:{found.port}") as (ask, _):
        answer = await ask(f"CONNECT localhost:{found.port} HTTP/1.1\r\n\r\nanything\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
        assert found.seen == [b"anything\r\n\r\n"]


@pytest.mark.parametrize("request_line", ["CONNECT pkg.test:443 HTTP/1.1", "GET http://pkg.test:443/ HTTP/1.1"])
async def test_what_is_not_listed_is_refused_in_a_line_that_names_the_setting(request_line: str) -> None:
    async with proxy("example.com") as (ask, refused):
        answer = (await ask(f"{request_line}\r\n\r\n".encode())).decode()
        reason = "pkg.test:443 is not allowed: the user's setting execution.network.allow does not list it"
        assert answer.startswith(f"HTTP/1.1 403 {reason}\r\n")
        assert answer.endswith(f"\r\n\r\n{reason}.\n")
        assert refused == ["pkg.test:443"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_no_spelling_of_this_machine_gets_through_a_glob(host: str) -> None:
    async with site() as found, proxy("*:*") as (ask, refused):
        answer = await ask(f"CONNECT {host}:{found.port} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert found.seen == []
        assert len(refused) == 1


async def test_a_listed_name_that_points_at_this_machine_leads_nowhere() -> None:
    # The machine's own name is in its hosts file, or nowhere.
    name = socket.gethostname().lower()
    async with site() as found, proxy(f"{name}:{found.port}") as (ask, _):
        answer = await ask(f"CONNECT {name}:{found.port} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
        assert answer.split(b" ")[1] in (b"403", b"502")
        assert found.seen == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: example.com\r\n", 400),
        ("GET https://example.com/ HTTP/1.1\r\n", 400),
        ("CONNECT example.com HTTP/1.1\r\n", 400),
        ("CONNECT user@example.com:443 HTTP/1.1\r\n", 400),
        ("CONNECT example.com:99999 HTTP/1.1\r\n", 400),
        ("nonsense\r\n", 400),
        ("GET http://example.com/ HTTP/1.1\r\nX: a\nHost: b\r\n", 400),
        ("GET http://example.com/ HTTP/1.1\r\n folded: b\r\n", 400),
        ("GET http://example.com/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400),
        ("GET http://example.com/ HTTP/1.1\r\nContent-Length: +1\r\n", 400),
        ("POST http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 411),
    ],
)
async def test_what_is_no_request_to_a_proxy_is_answered_and_goes_nowhere(head: str, status: int) -> None:
    async with proxy("example.com") as (ask, _):
        assert (await ask(f"{head}\r\n".encode())).startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_host_that_is_not_there_is_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with proxy(f"127.0.0.1:{port}", "nobody.invalid") as (ask, refused):
            assert b"can't be reached" in await ask(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
            assert b"502 nobody.invalid is not known" in await ask(b"CONNECT nobody.invalid:443 HTTP/1.1\r\n\r\n")
            assert refused == []
