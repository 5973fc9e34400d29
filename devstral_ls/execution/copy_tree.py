"""Copy a directory tree so that nothing done to the copy reaches the original.

Files are cloned where the file system can share their blocks, and copied where it can't. Symbolic links stay links: one
that ends inside the tree ends inside the copy, one that leads out leads to the same place as before. Sockets, pipes and
devices are left out, and so is whatever vanishes or can't be read meanwhile.
"""

# Paths are text here, because every line runs for each of tens of thousands of files.
# ruff: noqa: PTH101, PTH102, PTH103, PTH114, PTH115, PTH117, PTH118, PTH120, PTH123, PTH211

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FICLONE = 0x40049409
PIECE = 1024 * 1024
"""Bytes copied at once."""

NO_CLONE = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM}


class Abandoned(Exception):
    """The copy is no longer wanted."""


@dataclass(slots=True)
class Copying:
    """One copy of `source` at `target` while it is made.

    left_out: (device, inode) of directories not to enter, such as the one the copy itself is in.
    """

    source: Path
    target: Path
    left_out: frozenset[tuple[int, int]] = frozenset()
    wanted: Callable[[], bool] = lambda: True
    in_place: bool = False
    """Whether the copy is going to be seen where the source is: then links and `.git` pointers stay as they are."""
    apart: frozenset[str] = frozenset()
    """Names of directories that are left empty, to be shown in the copy by other means; see `found_apart`."""
    hidden: frozenset[str] = frozenset()
    """Relative paths of what is left empty for good."""
    found_apart: list[str] = field(default_factory=list)
    clones: bool = True
    """Whether cloning is still worth a try."""
    environments: list[Path] = field(default_factory=list)
    """Python environments met on the way, as directories of the copy."""
    _source_real: str = ""

    def run(self) -> None:
        """Make the copy. Raises OSError when the source can't be listed or the target is full, Abandoned."""
        self._source_real = os.path.realpath(self.source)
        self._directory(str(self.source), str(self.target), top=True)

    def _directory(self, source: str, target: str, *, top: bool = False) -> None:
        try:
            entries = list(os.scandir(source))
        except OSError:
            if top:
                raise
            return
        os.makedirs(target, mode=0o700, exist_ok=True)
        for entry in entries:
            if not self.wanted():
                raise Abandoned
            self._entry(entry, f"{target}{os.sep}{entry.name}")
        # Last, because a directory may be read-only and because filling it changed its time.
        with contextlib.suppress(OSError):
            shutil.copystat(source, target, follow_symlinks=False)

    def _entry(self, entry: os.DirEntry[str], target: str) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return
        if self.hidden and target[len(str(self.target)) + 1 :] in self.hidden:
            os.mkdir(target) if stat.S_ISDIR(status.st_mode) else os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
        elif stat.S_ISLNK(status.st_mode):
            with contextlib.suppress(FileNotFoundError):
                os.symlink(os.readlink(entry.path) if self.in_place else self._link_target(entry.path), target)
        elif stat.S_ISDIR(status.st_mode) and entry.name in self.apart:
            os.mkdir(target)
            self.found_apart.append(target[len(str(self.target)) + 1 :])
        elif stat.S_ISDIR(status.st_mode):
            if (status.st_dev, status.st_ino) not in self.left_out:
                self._directory(entry.path, target)
        elif stat.S_ISREG(status.st_mode):
            if entry.name == ".git" and not self.in_place:
                self._git_pointer(entry.path, target)
                return
            self._file(entry.path, target, status)
            if entry.name == "pyvenv.cfg":
                self.environments.append(Path(target).parent)

    def _file(self, source: str, target: str, status: os.stat_result) -> None:
        try:
            self._content(source, target)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            return
        with contextlib.suppress(OSError):
            os.chmod(target, stat.S_IMODE(status.st_mode) & 0o777)
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _content(self, source: str, target: str) -> None:
        with open(source, "rb", buffering=0) as read:
            if self.clones:
                try:
                    return clone(source, read.fileno(), target)
                except OSError as error:
                    if error.errno not in NO_CLONE:
                        raise
                    self.clones = False
            with open(target, "wb", buffering=0) as written:
                while data := read.read(PIECE):
                    rest = memoryview(data)
                    while rest:
                        rest = rest[written.write(rest) :]
        return None

    def _link_target(self, link: str) -> str:
        return copied_link(link, os.readlink(link), self._source_real, str(self.target))

    def _git_pointer(self, source: str, target: str) -> None:
        """A `.git` file names the real repository: left out unless that is in the tree, or git would change it."""
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return
        given = text.removeprefix("gitdir:").strip()
        real = os.path.realpath(os.path.join(os.path.dirname(source), given))
        inside = _relative(real, self._source_real)
        if inside is not None:
            if os.path.isabs(given):
                text = f"gitdir: {self.target / inside}\n"
            Path(target).write_text(text, encoding="utf-8")


def copied_link(link: str, given: str, source_real: str, target: str) -> str:
    """What the copy of the symbolic link at `link`, which says `given`, has to say.

    source_real: the tree's own path, without links; target: where the tree's copy is.
    """
    folder = os.path.realpath(os.path.dirname(link))
    if not os.path.isabs(given):
        inside = _relative(os.path.normpath(os.path.join(folder, given)), source_real)
        if inside is not None:
            return given
    real = os.path.realpath(os.path.join(folder, given))
    inside = _relative(real, source_real)
    if inside is not None:
        return os.path.join(target, inside) if inside else target
    return given if os.path.isabs(given) else real


def clone(source: str, descriptor: int, target: str) -> None:
    """Make `target` share the blocks of `source`, open as `descriptor`, until one of them is written to.

    Raises OSError where that can't be.
    """
    if sys.platform == "linux":
        import fcntl

        with open(target, "wb", buffering=0) as written:
            fcntl.ioctl(written.fileno(), FICLONE, descriptor)
    elif sys.platform == "darwin":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.clonefile(os.fsencode(source), os.fsencode(target), 0):
            raise OSError(ctypes.get_errno() or errno.ENOSYS, "clonefile failed")
    else:
        raise OSError(errno.ENOSYS, "no cloning here")


def remove_tree(path: Path) -> None:
    """Delete `path` and everything below it, directories made read-only too; links are deleted, never followed."""
    for folder, folders, _ in os.walk(path):
        for name in folders:
            inner = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(inner):
                    os.chmod(inner, 0o700)
    shutil.rmtree(path)


def _relative(path: str, root: str) -> str | None:
    """`path` relative to `root` ("" for the root itself), or None when it is not inside."""
    path, root = os.path.normcase(path), os.path.normcase(root)
    if path == root:
        return ""
    prefix = root.rstrip(os.sep) + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None
