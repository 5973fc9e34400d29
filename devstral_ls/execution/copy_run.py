"""Run a command in bubblewrap on a copy that is seen in the workspace's place: where no overlay can be mounted."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from devstral_ls.execution import overlay_run
from devstral_ls.execution.changes import Change
from devstral_ls.execution.copy_tree import Copying, remove_tree
from devstral_ls.execution.overlay_run import DEFAULT, PLAIN, Limits, Manner, Outcome, Staged, Tree
from devstral_ls.execution.session_files import SessionFiles
from devstral_ls.execution.staged_copy import PREFIX, copies_folder, put
from devstral_ls.execution.threads import in_thread
from devstral_ls.execution.upper import LARGEST, read
from devstral_ls.workspace.layers import Layers
from devstral_ls.workspace.names import folds_to_git
from devstral_ls.workspace.paths import canonical

APART = frozenset((".git", "node_modules", ".venv", "venv"))
"""Directories too large to copy for each command; a command may read them only."""

Status = tuple[int, int, int, int]
Manifest = dict[str, Status]
"""Relative path -> (mode, size, modification time, inode) of everything that is no directory."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The copies of all workspace folders, below `holder`, and what was in each."""

    holder: Path
    trees: tuple[Tree, ...]
    before: tuple[Manifest, ...]


async def run(
    program: list[str],
    directory: Path,
    staged: Staged,
    environment: Mapping[str, str],
    timeout: float,
    files: SessionFiles,
    bwrap: str,
    told: Callable[[bytes], None] | None = None,
    limits: Limits = DEFAULT,
    manner: Manner = PLAIN,
) -> Outcome:
    """As `overlay_run.run`."""
    holder = canonical(Path(tempfile.mkdtemp(prefix=PREFIX, dir=copies_folder(staged.roots[0]))))
    try:
        copied = await in_thread(copy, holder, staged, files)
        seen = replace(staged, trees=copied.trees)
        outcome = await overlay_run.run(
            program, directory, seen, environment, timeout, files, bwrap, told, limits, manner
        )
        killed = outcome.ended.exit_code is None or outcome.stopped is not None
        changes = () if killed else tuple(await in_thread(compare, copied, staged, files))
        return replace(outcome, changes=changes)
    finally:
        await in_thread(remove_tree, holder)


def copy(holder: Path, staged: Staged, files: SessionFiles) -> Copied:
    trees, before = [], []
    for number, root in enumerate(staged.roots):
        target = holder / str(number)
        hidden = frozenset(name for name, _ in files.hidden(root, staged.hides))
        status = holder.stat()
        own = frozenset({(status.st_dev, status.st_ino)})
        copying = Copying(root, target, own, in_place=True, apart=APART, hidden=hidden)
        copying.run()
        for name, layer in staged.layers.below(root).items():
            if staged.hides(name):
                continue
            content = None if layer.text is None else layer.data()
            put(target, Path(name), content)
            if content is not None and (target / name).is_file():
                modified = files.modified(layer.path, content)
                os.utime(target / name, ns=(modified, modified))
        trees.append(Tree(target, tuple(sorted(copying.found_apart))))
        before.append(_manifest(target))
    return Copied(holder, tuple(trees), tuple(before))


def _manifest(top: Path) -> Manifest:
    found: Manifest = {}
    waiting = [str(top)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    if not folds_to_git(entry.name):
                        waiting.append(entry.path)
                else:
                    key = entry.path[len(str(top)) + 1 :]
                    found[key] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def compare(copied: Copied, staged: Staged, files: SessionFiles) -> list[Change]:
    """What is different in the copies now. The command is gone, so nothing moves any more."""
    changes = []
    for root, tree, before in zip(staged.roots, copied.trees, copied.before, strict=True):
        _open_up(tree.path)
        after = _manifest(tree.path)
        hidden = {name for name, _ in files.hidden(root, staged.hides)}
        for name in sorted({*before, *after}):
            if before.get(name) == after.get(name):
                continue
            if any(name == path or name.startswith(f"{path}/") for path in hidden):
                changes.append(Change(root / name, "hidden", None))
            elif change := _change(staged.layers, root / name, tree.path / name, before.get(name), after.get(name)):
                changes.append(change)
        changes += [Change(root / path, "hidden", None) for path in hidden if not os.path.lexists(tree.path / path)]
    return changes


def _change(layers: Layers, path: Path, copied: Path, before: Status | None, after: Status | None) -> Change | None:
    """What happened to a path that is not as it was; None when it was only written anew with the same content."""
    if after is None:
        return Change(path, "deleted" if before is not None and stat.S_ISREG(before[0]) else "link", None)
    mode, size = after[0], after[1]
    if stat.S_ISLNK(mode):
        return Change(path, "link", None)
    if not stat.S_ISREG(mode):
        return Change(path, "special", None)
    if size > LARGEST:
        return Change(path, "large", None)
    copied.chmod(0o600)
    content = read(os.fsencode(copied))
    if before is not None and stat.S_ISREG(before[0]) and before[1] == size:
        layer = layers.get(path)
        was = layer.data() if layer is not None else read(os.fsencode(path))
        if was == content:
            return Change(path, "mode", None) if mode != before[0] else None
    return Change(path, "file", content)


def _open_up(top: Path) -> None:
    """Let directories be read that the command closed."""
    for folder, names, _ in os.walk(top):
        for name in names:
            inner = Path(folder, name)
            if not inner.is_symlink():
                inner.chmod(inner.lstat().st_mode | 0o700)
