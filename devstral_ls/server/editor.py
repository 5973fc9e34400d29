"""What the editor told us: who it is, its folders, its open documents, its settings, and where it last was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstral_ls.config import Config
from devstral_ls.errors import NotFound, NotText, RequestRefused, WorkspaceGone
from devstral_ls.server.client import Client
from devstral_ls.server.documents import DocumentStore
from devstral_ls.server.placing import NO_TEXT, Current
from devstral_ls.workspace.files import read_file
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.paths import canonical, uri_to_path
from devstral_ls.workspace.view import View

OUTSIDE = "is outside the workspace folders"
LINK = "is behind a symbolic link now"


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a document: what a command is about when it names none. range: an LSP range, as sent."""

    uri: str
    range: dict[str, Any] | None = None


@dataclass(slots=True)
class Editor:
    """The one editor on this connection."""

    client: Client = field(default_factory=Client)
    config: Config = field(default_factory=Config)
    documents: DocumentStore = field(default_factory=DocumentStore)
    folders: list[Path] = field(default_factory=list)
    last_target: Target | None = None
    """Where the last request was made that named a place."""
    last_touched: str | None = None
    """The URI of the document last opened or changed."""

    def place(self) -> Target | None:
        """What a request that names no place is about: the last request's, else the document last touched."""
        if self.last_target is None and self.last_touched is not None:
            return Target(self.last_touched)
        return self.last_target

    def current(self, path: Path) -> Current:
        """The file as it is now, in the editor or on disk."""
        if self.folders and not any(path.is_relative_to(folder) for folder in self.folders):
            return Current(None, None, unfit=OUTSIDE)
        document = self.documents.at(path)
        if document is not None:
            return Current(document.text, document.version, document.uri)
        if canonical(path) != path:
            # A folder above it, or the file itself, has become a symlink since the path was checked.
            return Current(None, None, unfit=LINK)
        try:
            return Current(read_file(path).text, None)
        except NotFound:
            return Current(None, None)
        except NotText:
            return Current(None, None, unfit=NO_TEXT)

    def roots(self, target: Target | None) -> list[Path]:
        """The workspace folders, the target's first; without folders, the target's own directory.

        Raises RequestRefused when there is neither, WorkspaceGone when the first folder is not there any more.
        """
        path = uri_to_path(target.uri) if target is not None else None
        path = canonical(path) if path is not None else None
        if not self.folders:
            if path is None:
                raise RequestRefused("Open a folder or save the file first: Devstral works on files in a workspace.")
            return [path.parent]
        ordered = sorted(self.folders, key=lambda folder: path is None or not path.is_relative_to(folder))
        if path is not None and not path.is_relative_to(ordered[0]):
            ordered = self.folders
        if not ordered[0].is_dir():
            raise WorkspaceGone(f"The workspace folder {ordered[0]} is not there any more: open another folder.")
        return list(ordered)

    def view(self, roots: list[Path]) -> View:
        """A view of the workspace with nothing staged yet."""
        return View(roots, self.documents, Overlay(), self.config.workspace.allow_secrets)


def workspace_folders(params: dict[str, Any]) -> list[Path]:
    """The workspace folders of `initialize`, or the root of an older client; without symlinks, each once."""
    listed = params.get("workspaceFolders")
    uris = [item.get("uri") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if not uris and isinstance(params.get("rootUri"), str):
        uris = [params["rootUri"]]
    paths = [path for uri in uris if isinstance(uri, str) and (path := uri_to_path(uri)) is not None]
    if not paths and isinstance(params.get("rootPath"), str):
        paths = [Path(params["rootPath"])]
    return list(dict.fromkeys(canonical(path) for path in paths))
