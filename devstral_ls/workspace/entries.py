"""What is in one directory: the disk's entries, with what is staged or open over them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.workspace.layers import Layers
from devstral_ls.workspace.names import folds_to_git
from devstral_ls.workspace.paths import same_file_key


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a directory. size: bytes, 0 for a directory and for a symlink that leads nowhere."""

    name: str
    is_dir: bool
    size: int


def merged(path: Path, layers: Layers) -> tuple[list[Entry], bool]:
    """The entries sorted by name, `.git` left out, and whether the directory is on disk. Raises OSError."""
    found: dict[str, Entry] = {}
    on_disk = True
    try:
        with os.scandir(path) as scan:
            for item in scan:
                if not folds_to_git(item.name):
                    found[same_file_key(item.name)] = _entry(item)
    except (FileNotFoundError, NotADirectoryError):
        on_disk = False
    for name, layer in layers.below(path).items():
        first, slash, _ = name.partition("/")
        if slash:
            if layer.text is not None and not _is_dir(found.get(same_file_key(first))):
                found[same_file_key(first)] = Entry(first, True, 0)
        elif layer.text is not None:
            found[same_file_key(first)] = Entry(first, False, len(layer.data()))
        elif not _is_dir(found.get(same_file_key(first))):
            found.pop(same_file_key(first), None)
    return sorted(found.values(), key=lambda entry: entry.name), on_disk


def _entry(item: os.DirEntry[str]) -> Entry:
    try:
        return Entry(item.name, True, 0) if item.is_dir() else Entry(item.name, False, item.stat().st_size)
    except OSError:  # a symlink that leads nowhere
        return Entry(item.name, False, 0)


def _is_dir(entry: Entry | None) -> bool:
    return entry is not None and entry.is_dir
