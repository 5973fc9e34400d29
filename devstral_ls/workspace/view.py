"""The one view of the workspace that every tool has: staged text over open documents over the disk."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.edits.spans import Edit
from devstral_ls.errors import NotFound, NotText, PathRefused, SecretRefused
from devstral_ls.workspace.documents import Document, OpenDocuments
from devstral_ls.workspace.entries import Entry, merged
from devstral_ls.workspace.files import mode_of, read_bytes, read_file, read_form
from devstral_ls.workspace.found import Found, Line, Query
from devstral_ls.workspace.layers import Layer, Layers
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.paths import path_to_uri, resolved, same_file_key
from devstral_ls.workspace.roots import Roots, check
from devstral_ls.workspace.scan import Scan
from devstral_ls.workspace.secrets_paths import Hides, hides_but
from devstral_ls.workspace.snapshot import Snapshot, digest_of

__all__ = ["Found", "Line", "Listing", "Query", "Snapshot", "View"]


@dataclass(frozen=True, slots=True)
class Listing:
    """paths: sorted by their components. secrets: how many more there are whose files hold secrets."""

    paths: list[Path]
    secrets: int = 0


class View:
    """What is there, now: nothing is kept between two calls, so no answer is older than its question.

    Every method but `resolve` and `show` takes paths that `resolve` gave.
    """

    def __init__(
        self, roots: Sequence[Path], documents: OpenDocuments, overlay: Overlay, secrets: bool | Sequence[str] = False
    ) -> None:
        """secrets: which files with secrets may be seen, see `secrets_paths.hides_but`."""
        self._hides = hides_but(secrets)
        self._roots = Roots(roots)
        self._documents = documents
        self.overlay = overlay

    def apart(self) -> View:
        """The same view, on which staging leaves this one as it is. Open documents stay those of the editor."""
        other = copy(self)
        other.overlay = self.overlay.copy()
        return other

    @property
    def roots(self) -> tuple[Path, ...]:
        """The workspace folders, symlinks resolved."""
        return self._roots.paths

    def resolve(self, given: str) -> Path:
        """The file or directory that a tool call names: absolute, or relative to the first folder, or a `file:` URI.

        With several folders a relative path begins with a folder's name, as `show` writes it.
        Raises PathRefused for what lies outside the folders or in `.git`, SecretRefused for a file with secrets,
        WorkspaceGone when the folder is gone.
        """
        path = self._roots.resolve(given)
        # A link with an innocent name may lead to such a file, and a link with such a name to any other.
        hidden = self._hides(self._roots.as_written(given)) or self.hidden(path)
        if hidden and not self.is_dir(path):
            raise SecretRefused(
                f"{given} is kept from tools, because such files hold secrets (keys, passwords). Go on without reading "
                "or changing it, for instance with a template such as .env.example, or ask the user for what you need "
                "to know. Only the user can allow it, with the setting workspace.allowSecrets."
            )
        return path

    @property
    def hides(self) -> Hides:
        """Which paths, relative to their workspace folder, hold secrets that nothing may see."""
        return self._hides

    def hidden(self, path: Path) -> bool:
        """Whether a file at this path holds secrets that tools may not see."""
        return self._hides(self._roots.below(path))

    def show(self, path: Path) -> str:
        """The short name that tools print and `resolve` takes."""
        return self._roots.show(path)

    # ------------------------------------------------------------------------------------------------ one file

    def read(self, path: Path) -> Snapshot:
        """The file's text. Raises NotFound, NotText."""
        staged = self.overlay.get(path)
        if staged is None:
            snapshot = self.original(path)
            if snapshot is None and self.is_dir(path):
                raise NotText(f"{self.show(path)} is a directory. List it instead.")
            if snapshot is None:
                raise NotFound(
                    f"{self.show(path)} does not exist. List the directory or search for the file to find its name."
                )
            return snapshot
        if staged.text is None:
            raise NotFound(f"{self.show(path)} does not exist any more: it was deleted earlier in this session.")
        base = staged.base
        return Snapshot(
            path=path,
            uri=base.uri if base else path_to_uri(path),
            text=staged.text,
            source="staged",
            version=None,
            digest=digest_of(staged.text),
            encoding=base.encoding if base else "utf-8",
            bom=base.bom if base else False,
        )

    def original(self, path: Path) -> Snapshot | None:
        """The file as the user has it, whatever is staged: the open document, else the disk. None: it does not exist.

        Raises NotText.
        """
        root = self._root(path)
        document = self._document(path)
        if document is not None:
            encoding, bom = read_form(path, beneath=root)
            digest = digest_of(document.text)
            return Snapshot(path, document.uri, document.text, "open", document.version, digest, encoding, bom)
        if path == root:
            raise NotText(f"{self.show(path)} is a directory. List it instead.")
        try:
            file = read_file(path, beneath=root, name=self.show(path))
        except NotFound:
            check(root)
            return None
        return Snapshot(path, path_to_uri(path), file.text, "disk", None, digest_of(file.text), file.encoding, file.bom)

    def data(self, path: Path, most: int) -> bytes:
        """The bytes of the file on disk, whatever is staged or open. Raises NotFound, NotText for more than `most`."""
        return read_bytes(path, most, beneath=self._root(path), name=self.show(path))

    def exists(self, path: Path) -> bool:
        layer = self._layers().get(path)
        if layer is not None and layer.text is not None:
            return True
        return (layer is None and mode_of(path) != 0) or self.is_dir(path)

    def is_dir(self, path: Path) -> bool:
        """Whether the path is a directory, on disk or because a staged or open file lies below it."""
        layers = self._layers()
        layer = layers.get(path)
        if layer is not None and layer.text is not None:
            return False
        return stat.S_ISDIR(mode_of(path)) or layers.has_file_below(path)

    def stage(self, path: Path, text: str, edits: tuple[Edit, ...] | None = None) -> None:
        """Put `text` over the file, or make the file. edits: how `text` was made of the file as it is in the view.

        Raises PathRefused where no file can be, NotText over no text.
        """
        if self.is_dir(path):
            raise PathRefused(f"{self.show(path)} is a directory. Choose the path of a file.")
        root = self._root(path)
        for parent in path.parents:
            if parent == root:
                break
            if self.exists(parent) and not self.is_dir(parent):
                raise PathRefused(f"{self.show(parent)} is a file, so nothing can be below it. Choose another path.")
        self.overlay.stage(path, text, self.original(path), edits)

    def remove(self, path: Path) -> None:
        """Stage the file's deletion. Raises NotFound, NotText."""
        self.read(path)
        self.overlay.stage(path, None, self.original(path))

    # ---------------------------------------------------------------------------------------------- many files

    def entries(self, path: Path) -> list[Entry]:
        """What is in one directory, sorted by name, `.git` left out. Raises NotFound when it is no directory."""
        try:
            found, on_disk = merged(path, self._layers())
        except OSError as error:
            raise NotFound(f"{self.show(path)} can't be listed: {error.strerror or error}.") from error
        if not on_disk and not found:
            check(self._root(path))
            if self.exists(path):
                raise NotFound(f"{self.show(path)} is a file, not a directory. Read it instead.")
            raise NotFound(f"{self.show(path)} does not exist. List the directory above it to see what does.")
        return found

    async def files(self, base: Path, pattern: str | None = None) -> list[Path]:
        """The paths of `listing`."""
        return (await self.listing(base, pattern)).paths

    async def listing(self, base: Path, pattern: str | None = None) -> Listing:
        """The files below `base` that ripgrep would list, dot files included, but for those with secrets.

        pattern: a glob relative to `base` (see `globs.matcher`). A file as `base` is its own list.
        Raises NotFound, SearchFailed.
        """
        if not self._is_searchable_dir(base):
            return Listing([base])
        found = await self._scan(base).files(pattern)
        paths = [path for path in found if not self.hidden(path)]
        return Listing(paths, len(found) - len(paths))

    async def search(self, query: Query) -> Found:
        """The lines that ripgrep would find, but for those in files with secrets. Raises NotFound, SearchFailed."""
        if self._is_searchable_dir(query.base):
            below = self._roots.below(query.base)
            prefix = f"{below}/" if below else ""
            return await self._scan(query.base).search(query, lambda name: self._hides(prefix + name))
        return await self._scan(query.base.parent).search_file(query, query.base.name)

    async def not_ignored(self, paths: Sequence[Path]) -> set[Path]:
        """Those of these files, there or not, that a listing would not leave out."""
        found: set[Path] = set()
        for root in self.roots:
            names = {path.relative_to(root).as_posix() for path in paths if self._roots.root_of(path) == root}
            if names:
                found |= {root / name for name in await Scan(root, root, self._layers()).not_ignored(names)}
        return found

    def _scan(self, base: Path) -> Scan:
        return Scan(self._root(base), base, self._layers())

    def _is_searchable_dir(self, path: Path) -> bool:
        check(self._root(path))
        if self.is_dir(path):
            return True
        if self._layers().get(path) is None and mode_of(path) and not stat.S_ISREG(mode_of(path)):
            raise NotText(f"{self.show(path)} is no regular file (a pipe, socket or device) and can't be searched.")
        if not self.exists(path):
            raise NotFound(f"{self.show(path)} does not exist. List the directory above it to see what does.")
        return False

    # ---------------------------------------------------------------------------------------- what lies over the disk

    def is_inside(self, path: Path) -> bool:
        """Whether tools may see this symlink-free path: in a workspace folder and not in `.git`."""
        return self._roots.holds(path)

    def layers(self) -> Layers:
        """Every staged and open file that tools may see, as it is at this moment."""
        return self._layers()

    def _root(self, path: Path) -> Path:
        root = self._roots.root_of(path)
        if root is None or not self._roots.holds(path):
            raise PathRefused(f"{self.show(path)} is outside the workspace, or inside .git.")
        return root

    def _document(self, path: Path) -> Document | None:
        found = self._documents.at(path)
        if found is None:
            key = same_file_key(path)
            found = next((document for document, real in self._open() if same_file_key(real) == key), None)
        return found

    def _layers(self) -> Layers:
        """What lies over the disk where tools may look."""
        layers: dict[str, Layer] = {}
        for document, real in self._open():
            path = document.path if real == str(document.path) else Path(real)
            if self._roots.holds(path):
                layers[same_file_key(path)] = Layer(path, document.text)
        for staged in self.overlay:
            base = staged.base
            encoding, bom = (base.encoding, base.bom) if base else ("utf-8", False)
            layers[same_file_key(staged.path)] = Layer(staged.path, staged.text, encoding, bom)
        return Layers(layers)

    def _open(self) -> Iterator[tuple[Document, str]]:
        """The open documents, each with its symlink-free path."""
        known: dict[str, str] = {}
        for document in self._documents.all():
            yield document, resolved(str(document.path), known)
