"""One file on disk as exact text: read as bytes, decoded, nothing translated."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.errors import NotFound, NotText

MAX_SIZE = 5 * 1024 * 1024
"""The largest file that is read, in bytes."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, None),  # before UTF-16 LE, whose mark is its beginning
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class FileText:
    """encoding: utf-8, utf-16-le or utf-16-be. bom: the file begins with a byte order mark, which `text` leaves out."""

    text: str
    encoding: str
    bom: bool


def read_file(path: Path, *, beneath: Path | None = None, name: str | None = None) -> FileText:
    """The file's text. `path` is absolute and resolved: a symlink in its last component is refused.

    beneath: a directory above `path`; then no component below it may be a symlink either, so that a path which was
    checked once can't lead elsewhere by the time it is opened. name: what messages call the file.
    Raises NotFound, and NotText for what is no text of at most `MAX_SIZE` bytes.
    """
    shown = name or str(path)
    try:
        data = _read(path, beneath, MAX_SIZE + 1, shown)
    except OSError as error:
        raise _explained(error, shown) from error
    if len(data) > MAX_SIZE:
        raise NotText(f"{shown} is larger than {MAX_SIZE // 2**20} MiB and can't be read whole. Search it instead.")
    return decode(data, shown)


def read_bytes(path: Path, most: int, *, beneath: Path | None = None, name: str | None = None) -> bytes:
    """The file as it is, at most `most` bytes of it. Raises and takes what `read_file` does."""
    shown = name or str(path)
    try:
        data = _read(path, beneath, most + 1, shown, largest=most)
    except OSError as error:
        raise _explained(error, shown) from error
    if len(data) > most:
        raise NotText(f"{shown} is larger than {most >> 20} MiB, more than can be read.")
    return data


def read_form(path: Path, *, beneath: Path | None = None) -> tuple[str, bool]:
    """The encoding and byte order mark that a file begins with; utf-8 without a mark when it can't be read."""
    try:
        head = _read(path, beneath, 4, str(path))
    except (OSError, NotText):
        return "utf-8", False
    encoding, mark = _form(head)
    return encoding or "utf-8", bool(encoding and mark)


def mode_of(path: Path) -> int:
    """What kind of file is there (`stat.S_IS...`), symlinks followed; 0 when there is none that can be looked at."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def decode(data: bytes, name: str) -> FileText:
    """The text of a file's bytes; raises NotText when they are none."""
    encoding, mark = _form(data)
    if encoding is None:
        raise NotText(f"{name} is UTF-32 text, which can't be read here. Leave it as it is.")
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if b"\0" in data and encoding == "utf-8":
            raise NotText(f"{name} is a binary file. Leave it as it is.") from error
        raise NotText(f"{name} is not {encoding.upper()} text (byte {error.start}). Leave it as it is.") from error
    if "\0" in text:
        raise NotText(f"{name} is a binary file. Leave it as it is.")
    return FileText(text, encoding, bool(mark))


def encode(text: str, encoding: str, bom: bool) -> bytes:
    """The bytes of a file with this text. A mark that the text already begins with is not doubled."""
    if bom and not text.startswith("\ufeff"):
        text = "\ufeff" + text
    return text.encode(encoding, "surrogatepass")


def _form(head: bytes) -> tuple[str | None, bytes]:
    return next(((encoding, mark) for mark, encoding in _BOMS if head.startswith(mark)), ("utf-8", b""))


def _read(path: Path, beneath: Path | None, most: int, shown: str, largest: int = MAX_SIZE) -> bytes:
    """The first `most` bytes. The file is looked at before it is opened: opening a device can already do something."""
    _require_regular(os.lstat(path).st_mode, shown)
    descriptor = _open(path, beneath)
    try:
        status = os.fstat(descriptor)
        _require_regular(status.st_mode, shown)
        if most > largest and status.st_size > largest:
            size = status.st_size / 2**20
            raise NotText(f"{shown} is {size:.1f} MiB, more than can be read ({largest >> 20}). Search it instead.")
        parts: list[bytes] = []
        while most > 0 and (part := os.read(descriptor, most)):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _open(path: Path, beneath: Path | None) -> int:
    # O_NONBLOCK: should the file have become a FIFO since it was looked at, opening it must not wait for a writer.
    last = os.O_RDONLY
    for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        last |= getattr(os, flag, 0)
    if beneath is None or os.open not in os.supports_dir_fd:
        return os.open(path, last)
    parts = path.relative_to(beneath).parts
    through = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
    folder = os.open(beneath, through)
    try:
        for part in parts[:-1]:
            inner = os.open(part, through | getattr(os, "O_NOFOLLOW", 0), dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], last, dir_fd=folder)
    finally:
        os.close(folder)


def _require_regular(mode: int, shown: str) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise NotText(f"{shown} is a directory. List it instead.")
    if stat.S_ISLNK(mode):
        raise NotText(f"{shown} is a symbolic link that leads nowhere or in a circle.")
    raise NotText(f"{shown} is no regular file (a pipe, socket or device) and can't be read.")


def _explained(error: OSError, shown: str) -> NotFound | NotText:
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno == errno.ENAMETOOLONG:
        return NotFound(f"{shown} does not exist. List the directory or search for the file to find its name.")
    if isinstance(error, PermissionError):
        return NotText(f"{shown} can't be read: permission denied. Leave it as it is.")
    if error.errno == errno.ELOOP:
        return NotText(f"{shown} was replaced by a symbolic link while it was read.")
    return NotText(f"{shown} can't be read: {error.strerror or error}.")
