"""LSP's base protocol as a decoder without I/O: bytes in, message bodies out (LSP 3.17, "Base Protocol")."""

from __future__ import annotations

import json
from typing import Any

SEPARATOR = b"\r\n\r\n"
HEADER_LIMIT = 64 * 1024
"""A header this long is no header: the stream is not LSP."""


class FramingError(Exception):
    """The stream is not LSP; what was read so far is dropped up to the next thing that looks like a header."""


class FrameDecoder:
    """Cuts a byte stream into message bodies, however the bytes arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> list[bytes | FramingError]:
        """The bodies completed by `data`, in order; a broken header yields a FramingError in its place."""
        self._buffer += data
        found: list[bytes | FramingError] = []
        while (body := self._next()) is not None:
            found.append(body)
        return found

    def _next(self) -> bytes | FramingError | None:
        if self._length is None:
            end = self._buffer.find(SEPARATOR)
            if end < 0:
                if len(self._buffer) > HEADER_LIMIT:
                    self._buffer.clear()
                    return FramingError("64 KiB without the end of a header")
                return None
            header = bytes(self._buffer[:end])
            del self._buffer[: end + len(SEPARATOR)]
            self._length = _content_length(header)
            if self._length is None:
                return FramingError("a header without a usable Content-Length")
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return body


def _content_length(header: bytes) -> int | None:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None


def encode(message: Any) -> bytes:
    """A message as bytes with its header. Lone surrogates (half a UTF-16 pair an editor sent) survive as escapes."""
    try:
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        body = json.dumps(message, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body
