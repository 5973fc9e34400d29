"""What a command in the sandbox finds around the workspace: which folders are covered, what is shown of them again."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devstral_ls.execution.toolchains import toolchains

COVERED = ("/home", "/root", "/tmp", "/run", "/var/tmp", "/mnt/wslg")
"""Folders with other people's files, keys, and sockets through which a command could leave."""

SHOWN = ("/run/current-system", "/run/opengl-driver", "/run/wrappers")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """covered: folders that are empty and writable, outermost only. directories: made in them. readable: shown again.

    blocked: files and folders that the server may read and a command may not.
    """

    covered: tuple[str, ...]
    directories: tuple[str, ...]
    readable: tuple[str, ...]
    blocked: tuple[str, ...]


def surroundings(environ: Mapping[str, str], roots: Sequence[Path], *, python: str | None = None) -> Surroundings:
    """The surroundings of these workspace folders. python: an interpreter's prefix to show too."""
    home = os.path.realpath(environ.get("HOME") or Path.home())
    covered = _outermost([path for path in map(os.path.realpath, (*COVERED, home)) if Path(path).is_dir()])
    wanted = [*toolchains(environ, home), *SHOWN, *([python] if python else [])]
    inside = [str(root) for root in roots]
    readable = []
    for path in wanted:
        real = os.path.realpath(path)
        if Path(real).is_dir() and _is_in(real, covered) and real not in covered and not _is_in(real, inside):
            readable += [path] if path == real else [path, real]
    directories = [home] if home not in covered and _is_in(home, covered) else []
    return Surroundings(covered, tuple(directories), _outermost(readable), _unreadable_to_others())


def too_broad(root: Path, environ: Mapping[str, str]) -> bool:
    """Whether a workspace folder is, or holds, a folder that has to be covered, such as the home directory."""
    home = os.path.realpath(environ.get("HOME") or Path.home())
    places = [*COVERED, home, "/dev", "/proc", "/sys", "/etc", "/usr"]
    return any(place == str(root) or _is_in(place, [str(root)]) for place in places) or _is_in(
        str(root), ["/dev", "/proc", "/sys"]
    )


@cache
def _unreadable_to_others() -> tuple[str, ...]:
    """For a server that is root: what in /etc not everybody may read. Dropped capabilities don't keep an owner out."""
    if os.getuid() != 0:
        return ()
    found = []
    waiting = ["/etc"]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                continue
            if stat.S_ISDIR(mode):
                if mode & 0o005 != 0o005:
                    found.append(entry.path)
                else:
                    waiting.append(entry.path)
            elif not mode & 0o004:
                found.append(entry.path)
    return tuple(sorted(found))


def _is_in(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _outermost(paths: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in sorted(set(paths)):
        if not _is_in(path, found):
            found.append(path)
    return tuple(found)
