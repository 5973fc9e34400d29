"""Paths when a tree is used in another place: in text, in a search path, in a Python environment's own files."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

LARGEST = 1024 * 1024
"""Bytes above which a file of a Python environment is a program, not a script that could name a path."""


def replace_path(text: str, old: str, new: str) -> str:
    """`text` with the path `old`, and paths below it, moved to `new`; `/a/project2` is not below `/a/project`."""
    # Before the path: not a name's last letter, unless that is an option (`-I/a/project/include`).
    return re.sub(rf"(?:(?<![\w.-])|(?<=\s-\w)){re.escape(old)}(?![\w-]|\.\w)", lambda _: new, text)


def replace_paths(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    """`replace_path` for each (old, new), longest `old` first, so that one path inside another is seen first."""
    for old, new in sorted(set(pairs), key=lambda pair: -len(pair[0])):
        text = replace_path(text, old, new)
    return text


def relocate_environment(environment: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Let a copied Python environment use itself and the copied sources.

    Its scripts start the interpreter by an absolute path, and an editable install names the sources by one; left alone,
    `.venv/bin/pytest` in the copy would test the original.
    """
    pairs = list(pairs)
    packages = [*environment.glob("lib/python*/site-packages"), environment / "Lib" / "site-packages"]
    candidates = [environment / "pyvenv.cfg", *environment.glob("bin/*"), *environment.glob("Scripts/*")]
    for folder in packages:
        candidates += [*folder.glob("*.pth"), *folder.glob("*.egg-link"), *folder.glob("__editable__*.py")]
    for path in candidates:
        relocate_file(path, pairs)


def relocate_file(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """`replace_paths` in a file; links, large files and files that are no text stay as they are."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return
        before = path.read_bytes().decode("utf-8")
        after = replace_paths(before, pairs)
        if after != before:
            mode = path.stat().st_mode
            path.chmod(mode | 0o200)
            path.write_bytes(after.encode("utf-8"))
            path.chmod(mode)


def relocate_search_path(search_path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A PATH whose directories inside the tree are those of the copy."""
    pairs = list(pairs)
    return os.pathsep.join(replace_paths(entry, pairs) for entry in search_path.split(os.pathsep))
