"""What a command changed, read from the upper directory of an overlay once the command is gone.

Runs in the supervisor, which starts without site-packages: the standard library only, and as little of it as will do.
Nothing is followed: a name leads to what `lstat` says it is. Paths are bytes, because a command may use any.
"""

from __future__ import annotations

import os
import stat

LARGEST = 1024 * 1024
"""Bytes of a file whose content is brought back."""
MOST_CONTENT = 32 * 1024 * 1024
"""Bytes of all contents together."""
MOST_PATHS = 20_000
"""Changed paths that are looked at; a command that changed more made a build, not an edit."""

OPAQUE = "user.overlay.opaque"

Change = tuple[bytes, str, bytes | None]
"""(relative path, what happened to it, content). What: text-or-binary `file`, `deleted`, `large`, `link`, `special`,
`mode`, `hidden` (a hidden path was written), `raced` (the file changed on disk meanwhile)."""


class Scan:
    """One workspace folder's changes.

    upper: what was written; lowers: what was there, topmost first, the workspace itself last; hidden: relative paths
    whose content the command could not see; started: nanoseconds since the epoch when the command was started.
    """

    def __init__(self, upper: bytes, lowers: list[bytes], hidden: frozenset[bytes], started: int) -> None:
        self._upper = upper
        self._lowers = lowers
        self._hidden = hidden
        self._started = started
        self._content = 0
        self.changes: list[Change] = []
        self.complete = True
        """False when there is more than is looked at."""

    def run(self) -> None:
        waiting = [(b"", self._lowers)]
        while waiting and self.complete:
            relative, lowers = waiting.pop()
            waiting += self._directory(relative, lowers)

    def _directory(self, relative: bytes, lowers: list[bytes]) -> list[tuple[bytes, list[bytes]]]:
        """Look at one directory of the upper; the directories in it with the lower ones that show through."""
        found: list[tuple[bytes, list[bytes]]] = []
        seen = set()
        try:
            entries = sorted(os.scandir(os.path.join(self._upper, relative)), key=lambda entry: entry.name)
        except OSError:
            self.complete = False
            return found
        for entry in entries:
            seen.add(entry.name)
            path = os.path.join(relative, entry.name)
            if _is_git(entry.name):
                continue
            if path in self._hidden:
                self._add(path, "hidden")
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                self._add(path, "special")
                continue
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                self._deleted(path, lowers, entry.name)
            elif stat.S_ISDIR(status.st_mode):
                if _topmost(lowers, entry.name) not in ("directory", None):
                    self._deleted(path, lowers, entry.name)
                below = [] if _is_opaque(entry.path) else _below(lowers, entry.name)
                if not below:
                    self._gone(path, _below(lowers, entry.name), entry.path)
                found.append((path, below))
            elif stat.S_ISREG(status.st_mode):
                self._file(path, entry.path, status, lowers, entry.name)
            else:
                self._add(path, "link" if stat.S_ISLNK(status.st_mode) else "special")
        return found

    def _file(self, path: bytes, real: bytes, status: os.stat_result, lowers: list[bytes], name: bytes) -> None:
        before = _topmost(lowers, name)
        if before == "directory":
            self._gone(path, _below(lowers, name), None)
        if status.st_size > LARGEST or self._content + status.st_size > MOST_CONTENT:
            # Touched only: that is no change, however large the file.
            if before != "file" or not _same(real, _path(lowers, name)):
                self._add(path, "large")
            return
        content = read(real)
        if before == "file":
            was = _path(lowers, name)
            old = os.lstat(was)
            if old.st_size == status.st_size and read(was) == content:
                if stat.S_IMODE(old.st_mode) != stat.S_IMODE(status.st_mode):
                    self._add(path, "mode")
                return
            if was.startswith(self._lowers[-1]) and old.st_ctime_ns > self._started:
                self._add(path, "raced")
                return
        self._content += len(content)
        self._add(path, "file", content)

    def _deleted(self, path: bytes, lowers: list[bytes], name: bytes) -> None:
        before = _topmost(lowers, name)
        if before == "directory":
            self._gone(path, _below(lowers, name), None)
        elif before is not None:
            self._add(path, "deleted" if before == "file" else before)

    def _gone(self, path: bytes, lowers: list[bytes], upper: bytes | None) -> None:
        """Every file that was below `path` and is not in `upper` any more."""
        waiting = [(path, lowers, upper)]
        while waiting and self.complete:
            path, lowers, upper = waiting.pop()
            names = {name for lower in lowers for name in _names(lower)} if lowers else set()
            kept = set(_names(upper)) if upper is not None else set()
            for name in sorted(names - kept):
                inner = os.path.join(path, name)
                if _is_git(name):
                    continue
                if inner in self._hidden:
                    self._add(inner, "hidden")
                    continue
                before = _topmost(lowers, name)
                if before == "directory":
                    waiting.append((inner, _below(lowers, name), None))
                elif before is not None:
                    self._add(inner, "deleted" if before == "file" else before)
            for name in sorted(names & kept):
                # What is there in both is compared where the upper directory is gone through, with nothing below it.
                if upper is not None and _topmost(lowers, name) == "directory":
                    inner_upper = os.path.join(upper, name)
                    is_dir = stat.S_ISDIR(os.lstat(inner_upper).st_mode)
                    waiting.append((os.path.join(path, name), _below(lowers, name), inner_upper if is_dir else None))

    def _add(self, path: bytes, what: str, content: bytes | None = None) -> None:
        if len(self.changes) >= MOST_PATHS:
            self.complete = False
        else:
            self.changes.append((path, what, content))


def read(path: bytes) -> bytes:
    """At most `LARGEST` bytes of a regular file, whoever may read it; empty for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        parts = []
        left = LARGEST
        while left and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _same(one: bytes, other: bytes) -> bool:
    """Whether two large files are the same, as far as one need not read them: size and time."""
    a, b = os.lstat(one), os.lstat(other)
    return a.st_size == b.st_size and a.st_mtime_ns == b.st_mtime_ns


def _is_opaque(directory: bytes) -> bool:
    try:
        return os.getxattr(directory, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _names(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _topmost(lowers: list[bytes], name: bytes) -> str | None:
    """What the command found at `name`: `file`, `directory`, `link`, `special`; None for nothing."""
    for lower in lowers:
        try:
            status = os.lstat(os.path.join(lower, name))
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            return "file"
        if stat.S_ISDIR(status.st_mode):
            return "directory"
        if stat.S_ISLNK(status.st_mode):
            return "link"
        return None if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0 else "special"
    return None


def _path(lowers: list[bytes], name: bytes) -> bytes:
    """Where the topmost `name` is, which is there."""
    return next(path for lower in lowers if os.path.lexists(path := os.path.join(lower, name)))


def _below(lowers: list[bytes], name: bytes) -> list[bytes]:
    """The directories that are merged at `name`: down to the first that is opaque or no directory."""
    found = []
    for lower in lowers:
        path = os.path.join(lower, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            continue
        if not stat.S_ISDIR(mode):
            break
        found.append(path)
        if _is_opaque(path):
            break
    return found


def _is_git(name: bytes) -> bool:
    return name.lower() == b".git"
