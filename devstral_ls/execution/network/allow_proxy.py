"""A small HTTP proxy that lets commands reach the hosts the user listed, and says no to the rest in one line.

Names are resolved here, once, and the connection is made to the very address that was looked at: a name that changes
its mind meanwhile gains nothing. Nothing is followed: whoever is redirected asks again. Plain HTTP is one request per
connection, so that a second one can't ride on the first one's permission.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from devstral_ls.allowed_hosts import SETTING, Address, AllowedHosts, as_address, unwrapped

HEAD_SECONDS = 30.0
CONNECT_SECONDS = 20.0
HEAD_LIMIT = 64 * 1024
PIECE = 64 * 1024

HOP_BY_HOP = frozenset(
    ("connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
     "upgrade", "host")
)  # fmt: skip
"""Headers that are between two neighbours; `host` is written anew, from what was permitted."""


_LINE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")


class Refusal(Exception):
    """The request gets no further. status: of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """method, host and port; for a plain request the head to send on, and the bytes of its body."""

    method: str
    host: str
    port: int
    head: bytes = b""
    body: int = 0


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: AllowedHosts, refused: Callable[[str], None]
) -> None:
    """Answer one client. refused: called with `host:port` of what was asked for and is not allowed."""
    try:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = read_head(await reader.readuntil(b"\r\n\r\n"))
            upstream = await _connected(request, allowed, refused)
        except Refusal as refusal:
            writer.write(_answer(refusal))
            await writer.drain()
            return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            writer.write(_answer(Refusal(400, "This is not a request that a proxy understands")))
            return
        from_host, to_host = upstream
        try:
            if request.method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both_ways(_pumped(reader, to_host), _pumped(from_host, writer))
            else:
                to_host.write(request.head)
                await _both_ways(_pumped(reader, to_host, request.body), _pumped(from_host, writer))
        finally:
            await _closed(to_host)
    except (OSError, ConnectionError):
        pass  # one of the two is gone, and with it the conversation
    finally:
        await _closed(writer)


def read_head(head: bytes) -> Request:
    """What a client wants. Raises Refusal when it can't have it from any proxy."""
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    if not all(map(_LINE.fullmatch, [f"x:{first}", *lines])):
        # What is read in two ways could be permitted in one and understood in the other.
        raise Refusal(400, "This is not a request that a proxy understands")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Refusal(400, "This is not a request that a proxy understands")
    method, target, version = parts
    url = urlsplit(f"//{target}" if method == "CONNECT" else target)
    try:
        host, port = url.hostname or "", url.port or (80 if url.scheme == "http" else 0)
    except ValueError:
        host, port = "", 0
    if not host or not port or url.username is not None or not host.isascii():
        raise Refusal(400, "A proxy is asked for http://host/path, or to CONNECT host:port")
    if method == "CONNECT":
        return Request(method, host, port)
    if url.scheme != "http":
        raise Refusal(400, "A proxy is asked for http://host/path, or to CONNECT host:port")
    headers = [(name.strip().lower(), line) for line in lines for name in [line.partition(":")[0]]]
    if any(name == "transfer-encoding" for name, _ in headers):
        raise Refusal(411, "Send a Content-Length: this proxy passes no body on without one")
    lengths = {line.partition(":")[2].strip() for name, line in headers if name == "content-length"}
    if len(lengths) > 1 or not all(length.isdecimal() and length.isascii() for length in lengths):
        raise Refusal(400, "This is not a length")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [line for name, line in headers if name not in HOP_BY_HOP]
    authority = url.netloc
    text = "\r\n".join([f"{method} {path} {version}", f"Host: {authority}", *kept, "Connection: close", "", ""])
    return Request(method, host, port, text.encode("latin-1"), int(lengths.pop()) if lengths else 0)


async def _connected(
    request: Request, allowed: AllowedHosts, refused: Callable[[str], None]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address of the host that may be reached and answers."""
    host, port = request.host, request.port
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not allowed.permits(host, port):
        refused(shown)
        raise Refusal(403, f"{shown} is not allowed: the user's setting {SETTING} does not list it")
    found = await _addresses(host, port)
    reachable = [address for address in found if allowed.reaches(host, address, port)]
    if found and not reachable:
        refused(shown)
        raise Refusal(403, f"{shown} is in a private network, and {SETTING} does not list its address")
    for address in reachable:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(str(address), port, limit=HEAD_LIMIT)
    raise Refusal(502, f"{shown} can't be reached" if found else f"{host} is not known")


async def _addresses(host: str, port: int) -> list[Address]:
    literal = as_address(host)
    if literal is not None:
        return [literal]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses = [as_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return list(dict.fromkeys(unwrapped(address) for address in addresses if address is not None))


async def _both_ways(*pumps: asyncio.Future[None]) -> None:
    """Until both have said all; when one fails, the other has nobody to talk to."""
    try:
        await asyncio.gather(*pumps)
    finally:
        for pump in pumps:
            pump.cancel()


def _pumped(source: asyncio.StreamReader, target: asyncio.StreamWriter, most: int | None = None) -> asyncio.Task[None]:
    return asyncio.create_task(_pump(source, target, most))


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, most: int | None) -> None:
    """Pass on what comes, at most so many bytes. The end is passed on where it is the source's own."""
    left = most
    while left is None or left > 0:
        data = await source.read(PIECE if left is None else min(PIECE, left))
        if not data:
            break
        target.write(data)
        await target.drain()
        left = None if left is None else left - len(data)
    # Some servers drop a request when its sender seems to be gone, so after a whole body nothing is closed.
    if most is None and target.can_write_eof():
        target.write_eof()


def _answer(refusal: Refusal) -> bytes:
    """The reason is in the first line as well: of a refused tunnel, programs show nothing else."""
    body = f"{refusal}.\n".encode()
    head = (
        f"HTTP/1.1 {refusal.status} {refusal}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii", "replace") + body


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
