"""What lies over the disk at one moment: for each path its text, or that it is deleted. A value, made per request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.workspace.files import encode, read_form
from devstral_ls.workspace.paths import same_file_key

IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")
"""The files that say what a search leaves out, by the names ripgrep reads."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A staged or open file. text None: deleted. encoding None: whatever the file on disk has."""

    path: Path
    text: str | None
    encoding: str | None = None
    bom: bool = False

    def data(self) -> bytes:
        """The bytes the file would have; of a deleted one, none. Looks at the disk when the encoding is its."""
        encoding, bom = (self.encoding, self.bom) if self.encoding else read_form(self.path)
        return encode(self.text or "", encoding, bom)


class Layers:
    """Layers by path."""

    def __init__(self, by_key: dict[str, Layer]) -> None:
        self._by_key = by_key

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._by_key.values())

    def get(self, path: Path) -> Layer | None:
        return self._by_key.get(same_file_key(path))

    def below(self, directory: Path) -> dict[str, Layer]:
        """The layers below a directory, by relative path with `/`."""
        key = same_file_key(directory)
        prefix = key if key.endswith(os.sep) else key + os.sep
        start = len(str(directory).rstrip(os.sep)) + 1
        return {
            str(layer.path)[start:].replace(os.sep, "/"): layer
            for key, layer in self._by_key.items()
            if key.startswith(prefix)
        }

    def has_file_below(self, directory: Path) -> bool:
        return any(layer.text is not None for layer in self.below(directory).values())

    def read(self, path: Path) -> bytes | None:
        """The bytes of a small file as the view has it, such as an ignore file; None when there is none."""
        layer = self.get(path)
        if layer is None:
            return _on_disk(path)
        return None if layer.text is None else layer.data()

    def changed_ignore_files(self) -> dict[Path, tuple[bytes, bytes]]:
        """The ignore files that are not as they are on disk: what is there, and what the view has."""
        found = {}
        for layer in self:
            if layer.path.name in IGNORE_FILES:
                disk, view = _on_disk(layer.path) or b"", self.read(layer.path) or b""
                if disk != view:
                    found[layer.path] = (disk, view)
        return found


def _on_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:  # not readable for us, so neither for ripgrep
        return None
