"""A throw-away copy of a workspace folder as the editor and the agent see it: unsaved and staged text included."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from devstral_ls.errors import WorkspaceGone
from devstral_ls.execution.copy_tree import Abandoned, Copying, remove_tree
from devstral_ls.execution.hidden import Hidden
from devstral_ls.execution.relocate import relocate_environment, relocate_file, replace_paths
from devstral_ls.workspace.secrets_paths import Hides
from devstral_ls.workspace.view import View

log = logging.getLogger(__name__)

PREFIX = "devstral-ls-copy-"
STALE_SECONDS = 3600.0
"""After this time a copy is what a server that was killed left behind; no command may run as long."""


@dataclass(frozen=True, slots=True)
class StagedCopy:
    """root: the workspace folder; path: its copy, under the same name; temporary: an empty folder beside it."""

    root: Path
    path: Path
    temporary: Path

    def inside(self, path: Path) -> Path:
        """Where `path`, a path in the workspace folder, is in the copy."""
        return self.path / path.relative_to(self.root)

    def moves(self) -> list[tuple[str, str]]:
        """(path in the workspace, path in the copy) for each way the platform writes a path."""
        return [(str(self.root), str(self.path)), (self.root.as_posix(), self.path.as_posix())]

    def restored(self, text: str) -> str:
        """`text` with paths in the copy named as they are in the workspace."""
        return replace_paths(text, [(copied, real) for real, copied in self.moves()])


@asynccontextmanager
async def staged_copy(
    view: View, root: Path, base: Path | None = None, *, secrets: bool = True
) -> AsyncIterator[StagedCopy]:
    """A copy of `root`, one of the view's, with what `view` holds on top of it; gone when the context ends.

    secrets: whether files with secrets are as they are, or empty. base: the directory to make it in; by default one on
    the workspace's own device, so that files can be cloned.
    Raises OSError when the copy can't be made (no space), WorkspaceGone when `root` isn't there.
    """
    changes = _changes(view, root)
    hides = None if secrets else view.hides
    holder = _holder(root, base)
    copy = StagedCopy(root, holder / (root.name or "workspace"), holder / "tmp")
    unwanted = threading.Event()
    try:
        await _in_thread(lambda: _make(copy, changes, hides, lambda: not unwanted.is_set()), unwanted)
        yield copy
    finally:
        await _in_thread(lambda: _remove(holder), threading.Event())


def _holder(root: Path, base: Path | None) -> Path:
    """A new private directory for a copy and its temporary files."""
    if not root.is_dir():
        raise WorkspaceGone(f"The workspace folder {root} is gone; open it again.")
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=base or copies_folder(root))).resolve()


def copies_folder(root: Path) -> Path:
    """The temporary directory, or the user's cache if only that is on the same device as `root`."""
    temporary = Path(tempfile.gettempdir())
    cache = Path(platformdirs.user_cache_dir("devstral-ls", appauthor=False))
    device = root.stat().st_dev
    if temporary.stat().st_dev != device:
        with contextlib.suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
            if cache.stat().st_dev == device:
                return cache
    return temporary


def _clear_stale(base: Path) -> None:
    """Remove what killed servers left in `base`."""
    for old in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < time.time() - STALE_SECONDS:
                remove_tree(old)


def _changes(view: View, root: Path) -> dict[Path, bytes | None]:
    """What differs from the disk, by path relative to `root`: bytes, or None for a deleted file."""
    return {
        layer.path.relative_to(root): None if layer.text is None else layer.data()
        for layer in view.layers()
        if layer.path.is_relative_to(root)
    }


def _make(copy: StagedCopy, changes: dict[Path, bytes | None], hides: Hides | None, wanted: Callable[[], bool]) -> None:
    _clear_stale(copy.path.parent.parent)
    copy.temporary.mkdir()
    holder = copy.path.parent.stat()
    hidden = frozenset(name for name, _ in Hidden(str(copy.root)).find(hides)) if hides is not None else frozenset()
    copying = Copying(copy.root, copy.path, frozenset({(holder.st_dev, holder.st_ino)}), wanted, hidden=hidden)
    copying.run()
    for environment in copying.environments:
        relocate_environment(environment, copy.moves())
    relocate_file(copy.path / ".git" / "config", copy.moves())
    for relative, content in changes.items():
        if hides is None or not hides(relative.as_posix()):
            put(copy.path, relative, content)


def put(root: Path, relative: Path, content: bytes | None) -> None:
    """Write or delete one file of the copy, and never a file that a link in the copy leads out to."""
    path = root / relative
    if not path.parent.resolve().is_relative_to(root.resolve()):
        log.warning("%s is reached through a link out of the workspace and stays as it is on disk", relative)
        return
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        path.unlink()
    if content is None:
        with _writable(path.parent):
            path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        if path.read_bytes() == content:
            return
        mode = path.stat().st_mode
        path.chmod(mode | 0o200)
        path.write_bytes(content)
        path.chmod(mode)
    else:
        with _writable(path.parent):
            path.write_bytes(content)


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    mode = folder.stat().st_mode
    folder.chmod(mode | 0o300)
    try:
        yield
    finally:
        folder.chmod(mode)


def _remove(holder: Path) -> None:
    try:
        remove_tree(holder)
    except OSError as error:
        log.warning("The copy %s could not be removed: %s", holder, error)


async def _in_thread(work: Callable[[], None], unwanted: threading.Event) -> None:
    """Run `work` in a thread and outlast it: a cancelled caller must not remove what is still being written."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        unwanted.set()
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        with contextlib.suppress(Abandoned):
            if not task.cancelled() and (error := task.exception()):
                log.debug("The copy was abandoned: %s", error)
        raise
