"""An image as bytes: what it is, how large it is, and its data URI. Pure; nothing is decoded."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal

from devstral_ls.errors import DevstralError

Kind = Literal["png", "jpeg", "gif", "webp"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})

SIDE = 1540
"""The longest side that Mistral's models see, in pixels; servers scale larger images down to it."""

PATCH = 28
"""Pixels of either side that make a token."""

FILE_BYTES = 20 * 1024 * 1024
"""The largest image file that is read; what is sent of it is smaller."""

EMBEDDED = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/]{32,}={0,2}")
"""A data URI of an image inside a text."""


class NoPicture(DevstralError):
    """The bytes or the URI are no image that models can be shown; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """width and height are in pixels."""

    kind: Kind
    width: int
    height: int
    data: bytes

    @property
    def uri(self) -> str:
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


def from_uri(uri: str) -> Picture:
    """The image of a `data:` URI. Raises NoPicture."""
    head, comma, body = uri.partition(",")
    if not head.lower().startswith("data:") or not comma:
        raise NoPicture("is no data: URI")
    if not head.lower().endswith(";base64"):
        raise NoPicture("is a data: URI without base64 data")
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture("has broken base64 data") from None
    return picture(data)


def picture(data: bytes) -> Picture:
    """The image that `data` is, as its first bytes say. Raises NoPicture."""
    try:
        found = _png(data) or _gif(data) or _jpeg(data) or _webp(data)
    except IndexError:
        found = None
    if found is None or found[1] <= 0 or found[2] <= 0:
        raise NoPicture("is no PNG, JPEG, GIF or WebP image")
    return Picture(found[0], found[1], found[2], data)


def tokens_of(width: int, height: int) -> int:
    """How many tokens an image of this size has for Mistral's models: one per patch, and one to end each row."""
    ratio = max(width / SIDE, height / SIDE, 1)
    across, down = (max(round(side / ratio), 1) for side in (width, height)) if ratio > 1 else (width, height)
    return ((across - 1) // PATCH + 2) * ((down - 1) // PATCH + 1)


def uri_tokens(uri: str) -> int:
    """The tokens of an image in a conversation; those of the largest when its size can't be read."""
    # The size stands near the beginning; JPEG may have a preview before it.
    head, _, body = uri.partition(",")
    try:
        size = picture(base64.b64decode(body[: 4 * 65_536 if head.endswith("jpeg;base64") else 64]))
    except (NoPicture, binascii.Error):
        return tokens_of(SIDE, SIDE)
    return tokens_of(size.width, size.height)


Found = tuple[Kind, int, int] | None


def _png(data: bytes) -> Found:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return "png", int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _gif(data: bytes) -> Found:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    return "gif", int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> Found:
    """The size stands in the start-of-frame segment, after any number of others."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return "jpeg", int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> Found:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8X":
            return "webp", int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return "webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
            return "webp", width & 0x3FFF, height & 0x3FFF
    return None
