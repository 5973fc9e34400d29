"""What a WorkspaceEdit makes of a set of files, worked out completely before anything is written. No I/O of its own.

    plan(edit, files) -> {path: Content or None (deleted)}

Strict where editors are lenient: a stale version, an overlap or a position that is not there refuses the whole edit,
because a wrong guess would land in the user's file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from devstral_ls.errors import ForUser


class EditConflict(ForUser):
    """The edit was not made for these files as they are now, or it is not a valid edit. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file is to hold. origin: the file whose encoding, mode and (text None) very bytes it takes over."""

    text: str | None
    origin: Path | None


class Files(Protocol):
    """The files an edit may touch, as they are before it."""

    def path(self, uri: str) -> Path:
        """The file's path. EditConflict when the edit may not touch it."""
        ...

    def kind(self, path: Path) -> str | None:
        """ "file", "directory", or None when nothing is there."""
        ...

    def text(self, path: Path) -> str:
        """The file's text, as the positions of an edit count it. EditConflict when it can't be edited."""
        ...

    def version(self, uri: str) -> int | None:
        """The version of the open document, None when it is not open."""
        ...


def plan(edit: Mapping[str, Any], files: Files) -> dict[Path, Content | None]:
    """Every path the edit changes, in the order it first names them, with what is to be there; None: nothing.

    Raises EditConflict.
    """
    tree = _Tree(files)
    changes = edit.get("documentChanges")
    if changes is None:
        changes = [
            {"textDocument": {"uri": uri, "version": None}, "edits": edits}
            for uri, edits in (edit.get("changes") or {}).items()
        ]
    for change in changes:
        match change.get("kind"):
            case "create":
                tree.create(files.path(change["uri"]), change.get("options") or {})
            case "delete":
                tree.delete(files.path(change["uri"]), change.get("options") or {})
            case "rename":
                tree.rename(files.path(change["oldUri"]), files.path(change["newUri"]), change.get("options") or {})
            case None:
                tree.edit(change["textDocument"], change["edits"])
            case kind:
                raise EditConflict(f"The edit has an operation this client does not know: {kind}.")
    return tree.changed


class _Tree:
    """The files with the operations so far done to them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.changed: dict[Path, Content | None] = {}

    def _there(self, path: Path) -> bool:
        if path in self.changed:
            return self.changed[path] is not None
        kind = self._files.kind(path)
        if kind == "directory":
            raise EditConflict(f"{path} is a directory; this client edits files only.")
        return kind is not None

    def create(self, path: Path, options: Mapping[str, Any]) -> None:
        if self._there(path) and not options.get("overwrite"):
            if options.get("ignoreIfExists"):
                return
            raise EditConflict(f"{path} is to be created but exists already.")
        self.changed[path] = Content("", None)

    def delete(self, path: Path, options: Mapping[str, Any]) -> None:
        if self._there(path):
            self.changed[path] = None
        elif not options.get("ignoreIfNotExists"):
            raise EditConflict(f"{path} is to be deleted but is not there.")

    def rename(self, old: Path, new: Path, options: Mapping[str, Any]) -> None:
        if not self._there(old):
            raise EditConflict(f"{old} is to be renamed but is not there.")
        if old != new and self._there(new) and not options.get("overwrite"):
            if options.get("ignoreIfExists"):
                return
            raise EditConflict(f"{old} is to be renamed to {new}, which exists already.")
        content = self.changed.get(old) or Content(None, old)
        self.changed[old] = None
        self.changed[new] = content

    def edit(self, document: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> None:
        path, version = self._files.path(document["uri"]), document.get("version")
        if version is not None and version != (now := self._files.version(document["uri"])):
            state = "is not open" if now is None else f"is at version {now}"
            raise EditConflict(f"The edit is for version {version} of {path}, which {state}.")
        if not self._there(path):
            raise EditConflict(f"{path} is to be edited but is not there.")
        content = self.changed.get(path) or Content(None, path)
        text = content.text
        if text is None:
            assert content.origin is not None
            text = self._files.text(content.origin)
        try:
            self.changed[path] = Content(apply_text_edits(text, edits), content.origin)
        except EditConflict as conflict:
            raise EditConflict(f"{path}: {conflict}") from None


def apply_text_edits(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """`text` with LSP text edits applied; positions count UTF-16 units, all of them in `text` as given.

    Inserts at one place keep their order. EditConflict for an overlap or a position outside the text.
    """
    lines = _line_starts(text)
    spans = sorted(
        (
            (_offset(text, lines, edit["range"]["start"]), _offset(text, lines, edit["range"]["end"]), edit["newText"])
            for edit in edits
        ),
        key=lambda span: (span[0], span[1]),
    )
    parts: list[str] = []
    reached = 0
    for start, end, new in spans:
        if end < start:
            raise EditConflict("an edit's range ends before it starts.")
        if start < reached:
            raise EditConflict("two of the edits overlap.")
        parts += (text[reached:start], new)
        reached = end
    return "".join([*parts, text[reached:]])


def _line_starts(text: str) -> list[int]:
    return [0, *(ending.end() for ending in re.finditer(r"\r\n|\r|\n", text))]


def _offset(text: str, lines: Sequence[int], position: Mapping[str, int]) -> int:
    """The index into `text` of a UTF-16 position; never inside a character, never past the line's end."""
    line, units = position["line"], position["character"]
    if not 0 <= line < len(lines):
        raise EditConflict(f"there is no line {line + 1}; the file has {len(lines)}.")
    start = lines[line]
    end = lines[line + 1] if line + 1 < len(lines) else len(text)
    content = text[start:end].rstrip("\r\n")
    offset = len(content.encode("utf-16-le")[: 2 * max(units, 0)].decode("utf-16-le", errors="ignore"))
    if utf16_length(content[:offset]) != units:
        raise EditConflict(f"line {line + 1} has no position {units}.")
    return start + offset


def utf16_length(text: str) -> int:
    return len(text) + sum(ord(char) > 0xFFFF for char in text)
