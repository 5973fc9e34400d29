"""The editor that a terminal client is: it holds the open documents and writes WorkspaceEdits to disk.

Writing is all or nothing: every new file content lies on disk under a temporary name before the first one replaces
its file, and what was replaced is put back when a later step fails.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devstral_ls.cli.workspace_edit import Content, EditConflict, plan
from devstral_ls.errors import ForModel
from devstral_ls.workspace.files import FileText, encode, read_file
from devstral_ls.workspace.paths import path_to_uri, uri_to_path


@dataclass(frozen=True, slots=True)
class OpenDocument:
    uri: str
    path: Path
    version: int
    text: str


class Editor:
    """Documents opened from `root` and edits applied below it. `notify(method, params)` tells the server."""

    def __init__(self, root: Path, notify: Callable[[str, Any], None]) -> None:
        self._root = root.resolve()
        self._notify = notify
        self._documents: dict[str, OpenDocument] = {}
        self.applied: list[Path] = []
        """Files changed so far, each once."""
        self.refused: str | None = None
        """Why the last edit was not applied, in one line."""

    def open(self, path: Path) -> OpenDocument:
        """Opens a file of the disk. EditConflict when it can't be read as text."""
        document = OpenDocument(path_to_uri(path), path, 1, self._read(path).text)
        self._documents[document.uri] = document
        item = {"uri": document.uri, "languageId": language_of(path), "version": 1, "text": document.text}
        self._notify("textDocument/didOpen", {"textDocument": item})
        return document

    def apply(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The result of `workspace/applyEdit`: all of it is on disk, or nothing and `failureReason` says why."""
        try:
            changes = plan(params["edit"], self)
            self._write(changes)
        except EditConflict as conflict:
            self.refused = str(conflict)
            return {"applied": False, "failureReason": self.refused}
        self.refused = None
        for path, content in changes.items():
            if path not in self.applied:
                self.applied.append(path)
            self._tell(path, content)
        return {"applied": True}

    # ------------------------------------------------------------------------------- the files, as `plan` sees them

    def path(self, uri: str) -> Path:
        path = uri_to_path(uri)
        if path is None:
            raise EditConflict(f"{uri} is not a file.")
        # A link is followed here, so that the file it leads to is replaced and not the link.
        path = path.resolve()
        inside = path.relative_to(self._root) if path.is_relative_to(self._root) else None
        if inside is None or any(part.casefold() == ".git" for part in inside.parts):
            raise EditConflict(f"{path} is outside of the workspace {self._root}.")
        return path

    def kind(self, path: Path) -> str | None:
        if path.is_dir():
            return "directory"
        return "file" if path.exists() else None

    def text(self, path: Path) -> str:
        text = self._read(path).text
        if (document := self._at(path)) is not None and document.text != text:
            raise EditConflict(f"{path} was changed by another program since it was opened.")
        return text

    def version(self, uri: str) -> int | None:
        document = self._documents.get(uri) or self._at(self.path(uri))
        return None if document is None else document.version

    def _at(self, path: Path) -> OpenDocument | None:
        return next((each for each in self._documents.values() if each.path.resolve() == path), None)

    def _read(self, path: Path) -> FileText:
        try:
            return read_file(path)
        except ForModel as error:
            raise EditConflict(str(error)) from None

    # --------------------------------------------------------------------------------------------------- the writing

    def _write(self, changes: Mapping[Path, Content | None]) -> None:
        """EditConflict when the disk says no; then it holds what it held before."""
        made: list[Path] = []
        kept: dict[Path, Path] = {}
        new: dict[Path, Path] = {}
        done: list[Path] = []
        try:
            for path, content in changes.items():
                if path.exists():
                    if not os.access(path, os.W_OK):
                        raise PermissionError(f"{path} is read-only")
                    kept[path] = Path(shutil.copy2(path, _beside(path)))
                if content is not None:
                    _make_parents(path, made)
                    new[path] = self._put_beside(path, content)
            for path in changes:
                done.append(path)
                if path in new:
                    new.pop(path).replace(path)
                else:
                    path.unlink(missing_ok=True)
        except (OSError, EditConflict) as error:
            for path in done:
                if path in kept:
                    kept.pop(path).replace(path)
                else:
                    path.unlink(missing_ok=True)
            for temporary in new.values():
                temporary.unlink(missing_ok=True)
            for directory in reversed(made):
                with contextlib.suppress(OSError):  # somebody else has put something there by now
                    directory.rmdir()
            raise EditConflict(f"The edit can't be written: {error}") from None
        finally:
            for temporary in kept.values():
                temporary.unlink(missing_ok=True)

    def _put_beside(self, path: Path, content: Content) -> Path:
        """A new temporary file in the folder of `path`, with the content and, where there is an origin, its mode."""
        form = FileText("", "utf-8", False)
        if content.origin is not None and content.text is not None:
            form = self._read(content.origin)
        if content.text is not None:
            data = encode(content.text, form.encoding, form.bom)
        else:
            assert content.origin is not None, "only a file that was moved keeps its bytes"
            data = content.origin.read_bytes()
        temporary = _beside(path)
        with temporary.open("xb") as file:
            file.write(data)
        if content.origin is not None:
            temporary.chmod(stat.S_IMODE(content.origin.stat().st_mode))
        return temporary

    def _tell(self, path: Path, content: Content | None) -> None:
        """What an editor sends after an edit: the change of an open document and that it was saved, or its closing."""
        document = self._at(path)
        if document is None:
            return
        identifier = {"uri": document.uri}
        if content is None:
            del self._documents[document.uri]
            self._notify("textDocument/didClose", {"textDocument": identifier})
            return
        text = self._read(path).text
        self._documents[document.uri] = replace(document, version=document.version + 1, text=text)
        versioned = {**identifier, "version": document.version + 1}
        self._notify("textDocument/didChange", {"textDocument": versioned, "contentChanges": [{"text": text}]})
        self._notify("textDocument/didSave", {"textDocument": identifier})


def language_of(path: Path) -> str:
    """LSP's language identifier, from the file's ending; "plaintext" for one that isn't known here."""
    return _LANGUAGES.get(path.suffix.lower(), "plaintext")


_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".jsx": "javascriptreact", ".ts": "typescript",
    ".tsx": "typescriptreact", ".go": "go", ".rs": "rust", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp",
    ".hpp": "cpp", ".java": "java", ".kt": "kotlin", ".rb": "ruby", ".php": "php", ".cs": "csharp", ".swift": "swift",
    ".lua": "lua", ".sh": "shellscript", ".sql": "sql", ".html": "html", ".css": "css", ".json": "json",
    ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".md": "markdown",
}  # fmt: skip


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")


def _make_parents(path: Path, made: list[Path]) -> None:
    """Makes the directories that `path` lacks; they are added to `made`, outermost first."""
    for directory in reversed([parent for parent in path.parents if not parent.exists()]):
        directory.mkdir()
        made.append(directory)
