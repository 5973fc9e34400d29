"""What an editor has open: a real, small `OpenDocuments`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from devstral_ls.workspace.documents import Document
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.paths import path_to_uri
from devstral_ls.workspace.view import View


class Editor:
    """Finds documents by the exact path they were opened with, as the plainest implementation would."""

    def __init__(self) -> None:
        self._documents: dict[Path, Document] = {}

    def open(self, path: Path, text: str, *, version: int = 1, uri: str | None = None) -> Document:
        """Open a document, or replace its text."""
        document = Document(uri or path_to_uri(path), path, "plaintext", version, text)
        self._documents[path] = document
        return document

    def close(self, path: Path) -> None:
        del self._documents[path]

    def at(self, path: Path) -> Document | None:
        return self._documents.get(path)

    def all(self) -> Iterable[Document]:
        return self._documents.values()


def view_of(*roots: Path, editor: Editor | None = None) -> View:
    return View(roots, editor or Editor(), Overlay())


def plant(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files by relative path; returns the resolved root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root.resolve()


def shown(view: View, paths: Sequence[Path]) -> list[str]:
    return [view.show(path) for path in paths]
