"""A small throw-away tree that holds what is staged and open, at the paths it has in the workspace.

Ripgrep run there decides and finds what it would in the workspace, because every directory of the mirror, up to the
file system's root, has the ignore files that the view has there.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.workspace.files import mode_of
from devstral_ls.workspace.layers import IGNORE_FILES, Layer, Layers


@dataclass(frozen=True, slots=True)
class Mirror:
    """top: the temporary directory, to be removed. base: the mirrored directory in it."""

    top: Path
    base: Path

    def fill(self, original: Path, files: Mapping[str, Layer | None], layers: Layers) -> None:
        """Write `files` by relative path (None: an empty one), then the ignore files of all directories around them."""
        folders = {"."} | {parent for name in files for parent in _parents(name)}
        # Below a path that is itself a file: an editor can have both open, a disk can't hold them.
        folders -= {folder for folder in folders for above in (folder, *_parents(folder)) if above in files}
        for folder in sorted(folders):
            (self.base / folder).mkdir(exist_ok=True)
        for name, layer in files.items():
            if (name.rpartition("/")[0] or ".") in folders and name not in folders:
                (self.base / name).write_bytes(layer.data() if layer else b"")
        for folder in folders:
            _copy_rules(original / folder, self.base / folder, layers)
        for above, copy in zip(original.parents, self.base.parents, strict=False):
            _copy_rules(above, copy, layers)

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)


def create(original: Path) -> Mirror:
    """An empty mirror of the directory `original`."""
    top = Path(tempfile.mkdtemp(prefix="devstral-ls-", dir=_place(original)))
    base = top.joinpath(*original.parts[1:])
    base.mkdir(parents=True, exist_ok=True)
    return Mirror(top, base)


def _parents(name: str) -> list[str]:
    """The directories above a relative name, below the mirrored one."""
    return [name[:at] for at, character in enumerate(name) if character == "/"]


def in_repository(directory: Path) -> bool:
    return any(mode_of(folder / ".git") for folder in (directory, *directory.parents))


def _copy_rules(folder: Path, copy: Path, layers: Layers) -> None:
    for name in IGNORE_FILES:
        rules = layers.read(folder / name)
        if rules is not None:
            (copy / name).write_bytes(rules)
    git = folder / ".git"
    mode = mode_of(git)
    if stat.S_ISDIR(mode):
        # A repository ends the search for .gitignore files in the directories above it.
        (copy / ".git" / "info").mkdir(parents=True, exist_ok=True)
        excluded = layers.read(git / "info" / "exclude")
        if excluded is not None:
            (copy / ".git" / "info" / "exclude").write_bytes(excluded)
    elif stat.S_ISREG(mode):
        (copy / ".git").write_bytes(git.read_bytes())


def _place(original: Path) -> str | None:
    """A directory for temporary files with no ignore files above it that are not above `original` as well.

    Ripgrep reads ignore files up to the file system's root, so a stray /tmp/.ignore would hide the mirror.
    """
    for candidate in ("/dev/shm", tempfile.gettempdir(), "/var/tmp"):  # in memory where there is such a place
        place = Path(os.path.realpath(candidate))
        strange = [folder for folder in (place, *place.parents) if folder not in (original, *original.parents)]
        if os.access(place, os.W_OK) and not any(mode_of(folder / name) for folder in strange for name in IGNORE_FILES):
            return str(place)
    return None
