"""What the editor has open, as the workspace sees it: a port that the LSP edge (or a test) fills in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """An open document's exact text at one version. Values: an edit in the editor makes a new one."""

    uri: str
    path: Path
    """Absolute; the path tools and the disk know it by."""
    language_id: str
    version: int
    text: str
    """Exactly what the editor sent: its own line endings, never a BOM that the editor did not send."""


class OpenDocuments(Protocol):
    """The documents now open in the editor."""

    def at(self, path: Path) -> Document | None:
        """The open document for this absolute path, or None."""
        ...

    def all(self) -> Iterable[Document]:
        """Every open document that has a path, in no particular order."""
        ...
