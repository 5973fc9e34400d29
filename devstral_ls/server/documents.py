"""What the editor has open: exact text and version, kept as lines so that a keystroke costs no re-split.

Lines end at \\n, \\r\\n and \\r and nowhere else (LSP 3.17, "Text Documents"): a form feed or U+2028 is part of its
line. Each change swaps in a new list, so whoever holds a document's text or lines holds a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from lsprotocol import types

from devstral_ls.edits.lines import split_lines
from devstral_ls.server.instructions import Instruction, find_all
from devstral_ls.server.positions import Encoding, to_index
from devstral_ls.workspace.documents import Document
from devstral_ls.workspace.paths import canonical, same_file_key, uri_to_path

KEPT = 16
"""How many changes of a document are kept from one on that left a version out, to put that in its place if it comes."""

LEXED_AT_ONCE = 3_000
"""Characters of a text in which code actions wait for comments to be found; about 10 ms."""


@dataclass(frozen=True)
class OpenDocument:
    """One open document at one version. path: None for untitled documents and virtual ones."""

    uri: str
    path: Path | None
    language_id: str
    version: int
    lines: list[str]
    """Never changed in place."""

    @cached_property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Every instruction comment; found once for each version, maybe in a thread."""
        # No cached_property: in Python 3.11 it makes all documents wait for one.
        known: tuple[Instruction, ...] | None = vars(self).get("_instructions")
        if known is None:
            known = vars(self)["_instructions"] = find_all(self.lines, self.language_id, self.name)
        return known

    @property
    def likely_instructions(self) -> tuple[Instruction, ...]:
        """The same at once: of a long text nobody looked at yet, by the table of syntaxes alone."""
        if "_instructions" in vars(self) or sum(map(len, self.lines)) <= LEXED_AT_ONCE:
            return self.instructions
        return find_all(self.lines, self.language_id, self.name, lex=False)

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.uri).path).name

    @cached_property
    def document(self) -> Document | None:
        """The same as the workspace knows it."""
        if self.path is None:
            return None
        return Document(self.uri, self.path, self.language_id, self.version, self.text)


@dataclass(frozen=True, slots=True)
class Change:
    """What made `version` of a document. before, lines: the version it was made of, and its text."""

    before: int
    lines: list[str]
    version: int
    changes: Sequence[types.TextDocumentContentChangeEvent]


class DocumentStore:
    """The documents now open. `encoding` is set once, when the client is known."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding: Encoding = encoding
        self.on_change: Callable[[OpenDocument], None] = _ignore
        self._by_uri: dict[str, OpenDocument] = {}
        self._uri_of: dict[str, str] = {}
        self._recent: dict[str, list[Change]] = {}

    def at(self, path: Path) -> Document | None:
        uri = self._uri_of.get(same_file_key(path))
        return self._by_uri[uri].document if uri is not None else None

    def all(self) -> Iterable[Document]:
        return [document for opened in self._by_uri.values() if (document := opened.document) is not None]

    def get(self, uri: str) -> OpenDocument | None:
        """The open document with this URI, however it is spelled."""
        if (found := self._by_uri.get(uri)) is not None:
            return found
        path = uri_to_path(uri)
        known = self._uri_of.get(same_file_key(canonical(path))) if path is not None else None
        return self._by_uri.get(known) if known is not None else None

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(list(self._by_uri.values()))

    def open(self, item: types.TextDocumentItem) -> None:
        path = uri_to_path(item.uri)
        path = canonical(path) if path is not None else None
        opened = OpenDocument(item.uri, path, item.language_id, item.version, split_lines(item.text))
        if path is not None:
            self._uri_of[same_file_key(path)] = item.uri
        self._recent[item.uri] = []
        self._swap(opened)

    def change(self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]) -> None:
        """Apply content changes in order; each range refers to the text after the one before it.

        Each of them is told on: Eglot sends an edit of ours and its undo as one notification. Helix 25.01 sends each
        notification from a task of its own, so they overtake each other: where one of an older version comes, and that
        version was left out, it is made where it belongs.
        """
        opened = self._by_uri.get(uri)
        if opened is None:
            raise KeyError(f"didChange for {uri}, which is not open")
        recent = self._recent[uri]
        if (at := _missing(recent, version)) is not None:
            self._put(opened, at, version, changes)
            return
        if recent or version > opened.version + 1:
            recent.append(Change(opened.version, opened.lines, version, changes))
            del recent[:-KEPT]
        lines = opened.lines
        for change in changes:
            lines = self._changed(lines, change)
            self._swap(replace(opened, version=version, lines=lines))

    def _put(
        self, opened: OpenDocument, at: int, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]
    ) -> None:
        """Make a late change where it belongs, and those that overtook it once more on top."""
        recent = self._recent[opened.uri]
        before, lines = recent[at].before, recent[at].lines
        overtaking = [(version, changes), *((change.version, change.changes) for change in recent[at:])]
        del recent[at:]
        for number, each in overtaking:
            recent.append(Change(before, lines, number, each))
            for change in each:
                lines = self._changed(lines, change)
            before = number
        while recent and recent[0].version <= recent[0].before + 1:
            del recent[0]
        self._swap(replace(opened, version=before, lines=lines))

    def _changed(self, lines: list[str], change: types.TextDocumentContentChangeEvent) -> list[str]:
        if isinstance(change, types.TextDocumentContentChangePartial):
            return splice(lines, change.range, change.text, self.encoding)
        return split_lines(change.text)

    def close(self, uri: str) -> None:
        opened = self._by_uri.pop(uri, None)
        self._recent.pop(uri, None)
        if opened is not None and opened.path is not None:
            key = same_file_key(opened.path)
            if self._uri_of.get(key) == uri:
                del self._uri_of[key]

    def _swap(self, opened: OpenDocument) -> None:
        self._by_uri[opened.uri] = opened
        self.on_change(opened)


def _missing(recent: Sequence[Change], version: int) -> int | None:
    """Where in these changes one of this version was left out, None where it was not."""
    return next((at for at, change in enumerate(recent) if change.before < version < change.version), None)


def splice(lines: list[str], where: types.Range, text: str, encoding: Encoding) -> list[str]:
    """`lines` with `where` replaced by `text`, as a new list; positions past the end are clamped."""
    first, start = _locate(lines, where.start, encoding)
    last, end = _locate(lines, where.end, encoding)
    if (last, end) < (first, start):
        first, start, last, end = last, end, first, start
    before = lines[first][:start] if first < len(lines) else ""
    after = lines[last][end:] if last < len(lines) else ""
    until = min(last + 1, len(lines))
    # A lone \r beside the change may join a \n of it (or of the next line) to one \r\n.
    if not before and first > 0 and lines[first - 1].endswith("\r"):
        first -= 1
        before = lines[first]
    middle = before + text + after
    if (middle.endswith("\r") and until < len(lines)) or (middle and not middle.endswith("\n") and until < len(lines)):
        middle += lines[until]
        until += 1
    return [*lines[:first], *split_lines(middle), *lines[until:]]


def _locate(lines: list[str], position: types.Position, encoding: Encoding) -> tuple[int, int]:
    """(line number, index in that line); the end of the text is (len(lines), 0) after a final line ending."""
    if position.line < len(lines):
        return position.line, to_index(lines[position.line], position.character, encoding)
    if lines and not lines[-1].endswith(("\n", "\r")):
        return len(lines) - 1, len(lines[-1])
    return len(lines), 0


def _ignore(_: OpenDocument) -> None:
    """Until the server listens, nobody does."""
