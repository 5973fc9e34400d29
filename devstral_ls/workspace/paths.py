"""File URIs, paths, and when two spellings name the same file. Pure, but for `canonical`, which asks the disk.

An editor names one file in many ways: `file:///c%3A/src`, `file:///C:/src`, through a symlink, in another case. A
document is found by its path when both sides go through `canonical(uri_to_path(uri))` and compare `same_file_key`.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path, PurePath
from urllib.parse import quote_from_bytes, unquote_to_bytes

_URI = re.compile(r"file:(?://(?P<host>[^/?#]*))?(?P<path>/[^?#]*)?(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"/+([A-Za-z])[:|](?=/|$)")
_UNRESERVED = "/-._~"


def uri_to_path(uri: str, *, windows: bool = os.name == "nt") -> Path | None:
    """The absolute path that a `file:` URI names, or None when it names no local file.

    A query and a fragment are no part of the path. A host makes a UNC path on Windows and no path elsewhere.
    """
    match = _URI.fullmatch(uri)
    if match is None or not match["path"]:
        return None
    text = _decode(unquote_to_bytes(match["path"]), windows)
    host = _decode(unquote_to_bytes(match["host"] or ""), windows)
    if "\0" in text or "\0" in host:
        return None
    if host.lower() == "localhost":
        host = ""
    if not windows:
        return None if host else Path("/" + text.lstrip("/"))
    if host:
        return Path(f"//{host}{text}".replace("/", "\\"))
    drive = _DRIVE.match(text)
    if drive:
        return Path(f"{drive[1].upper()}:{text[drive.end() :] or '/'}".replace("/", "\\"))
    return Path(text.replace("/", "\\")) if text.startswith("//") else None


def path_to_uri(path: PurePath | str, *, windows: bool = os.name == "nt") -> str:
    """The `file:` URI of an absolute path, everything but unreserved characters percent-encoded."""
    text = os.fspath(path)
    if not windows:
        return "file://" + quote_from_bytes(_encode(text, windows), _UNRESERVED)
    text = text.replace("\\", "/")
    for prefix, replacement in (("//?/UNC/", "//"), ("//?/", "")):
        if text.startswith(prefix):
            text = replacement + text[len(prefix) :]
            break
    if text.startswith("//"):
        return "file:" + quote_from_bytes(_encode(text, windows), _UNRESERVED)
    drive, colon, rest = text.partition(":")
    if not colon:
        return "file://" + quote_from_bytes(_encode(text, windows), _UNRESERVED)
    return f"file:///{drive}:{quote_from_bytes(_encode(rest, windows), _UNRESERVED)}"


def same_file_key(path: PurePath | str, *, platform: str = sys.platform) -> str:
    """A text that is equal for every spelling the platform's file system takes for the same path.

    Windows ignores case and takes either separator; macOS ignores case and Unicode normalisation.
    """
    text = os.fspath(path)
    if platform == "win32":
        return text.replace("/", "\\").lower()
    if platform == "darwin":
        return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return text


def canonical(path: PurePath | str) -> Path:
    """The absolute path with every symlink resolved, whether or not the file exists."""
    return Path(os.path.realpath(path))


def resolved(path: str, known: dict[str, str]) -> str:
    """`canonical` for many absolute paths at a time. known: what directories resolve to; it should not live on."""
    if path in known:
        return known[path]
    above, name = os.path.split(path)
    if not name or name in (".", ".."):
        result = os.path.realpath(path)
    else:
        result = os.path.join(resolved(above, known), name)  # noqa: PTH118
        if os.path.islink(result):  # noqa: PTH114
            result = os.path.realpath(result)
    known[path] = result
    return result


def printable(text: str) -> str:
    """A path as text that any encoder takes: bytes that were no UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decode(data: bytes, windows: bool) -> str:
    return data.decode("utf-8", "replace" if windows else "surrogateescape")


def _encode(text: str, windows: bool) -> bytes:
    return text.encode("utf-8", "surrogatepass" if windows else "surrogateescape")
