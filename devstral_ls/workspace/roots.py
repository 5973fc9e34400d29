"""The workspace folders: which paths are inside them, and what the model calls those."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from devstral_ls.errors import PathRefused, WorkspaceGone
from devstral_ls.workspace.files import mode_of
from devstral_ls.workspace.names import enters_git, is_absolute, refusal
from devstral_ls.workspace.paths import canonical, printable, same_file_key, uri_to_path

_WINDOWS = os.name == "nt"


class Roots:
    """The folders of one workspace. A path is inside when it is after every symlink has been followed."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.paths: tuple[Path, ...] = tuple(dict.fromkeys(canonical(folder) for folder in folders))
        self._spellings = {same_file_key(os.path.abspath(folder)): canonical(folder) for folder in folders}  # noqa: PTH100
        self._spellings |= {same_file_key(path): path for path in self.paths}
        self._names = _unique_names(self.paths)
        self._keys = sorted(((_prefix(path), path) for path in self.paths), key=lambda pair: -len(pair[0]))

    def resolve(self, given: str) -> Path:
        """The absolute, symlink-free path that a tool call's `given` names.

        Raises PathRefused, and WorkspaceGone when the folder it lies in is gone.
        """
        problem = refusal(given, windows=_WINDOWS)
        if problem:
            raise PathRefused(f"{problem} {self._advice()}")
        path = self._absolute(given)
        if enters_git(self._written(path)):
            raise PathRefused(_git(given))
        try:
            real = canonical(path)
        except (OSError, ValueError) as error:
            raise PathRefused(f"{given} can't be resolved: {error}. {self._advice()}") from error
        root = self.root_of(real)
        if root is None:
            through = "" if os.path.normpath(path) == str(real) else f" (it leads to {printable(str(real))})"
            raise PathRefused(f"{given} is outside the workspace{through}. {self._advice()}")
        if enters_git(_relative(real, root)):
            raise PathRefused(_git(given))
        check(root)
        return real

    def show(self, path: Path) -> str:
        """The name tools print: relative, posix separators, behind the folder's name when there are several."""
        root = self.root_of(path)
        if root is None:
            return printable(str(path))
        relative = _relative(path, root).replace(os.sep, "/")
        if len(self.paths) > 1:
            relative = f"{self._names[root]}/{relative}" if relative else self._names[root]
        return printable(relative or ".")

    def root_of(self, path: Path) -> Path | None:
        """The innermost folder that holds this symlink-free path, or None."""
        key = _prefix(path)
        return next((root for prefix, root in self._keys if key.startswith(prefix)), None)

    def holds(self, path: Path) -> bool:
        """Whether tools may see this symlink-free path: inside a folder and not inside `.git`."""
        root = self.root_of(path)
        return root is not None and not enters_git(_relative(path, root))

    def below(self, path: Path) -> str:
        """This symlink-free path relative to its folder, with `/`."""
        root = self.root_of(path)
        return _relative(path, root).replace(os.sep, "/") if root is not None else path.as_posix()

    def as_written(self, given: str) -> str:
        """What a tool call's `given`, which `resolve` takes, names below its folder before any symlink is followed."""
        return self._written(self._absolute(given)).replace(os.sep, "/").lstrip("/")

    def _absolute(self, given: str) -> Path:
        if given[:5].lower() == "file:":
            path = uri_to_path(given)
            if path is None:
                raise PathRefused(f"{given} names no local file. {self._advice()}")
            return path
        if is_absolute(given, windows=_WINDOWS):
            return Path(given)
        if not self.paths:
            raise PathRefused(self._advice())
        if len(self.paths) > 1:
            parts = Path(given).parts
            named = {name: root for root, name in self._names.items()}
            if parts and parts[0] in named:
                return named[parts[0]].joinpath(*parts[1:])
        return self.paths[0] / given

    def _written(self, path: Path) -> str:
        """The path below a folder as it was written: `.git` may itself be a symlink to another name."""
        written = os.path.normpath(path)
        for end in range(len(written), 0, -1):
            if (end == len(written) or written[end] == os.sep) and same_file_key(written[:end]) in self._spellings:
                return written[end:]
        return ""

    def _advice(self) -> str:
        if not self.paths:
            return "No folder is open in the editor, so there are no files to name."
        return f"Paths must be inside the workspace: {', '.join(printable(str(path)) for path in self.paths)}"


def check(root: Path) -> None:
    """Raise WorkspaceGone unless the folder is there."""
    if not stat.S_ISDIR(mode_of(root)):
        raise WorkspaceGone(
            f"The workspace folder {printable(str(root))} is gone: open an existing folder and try again."
        )


def _relative(path: Path, root: Path) -> str:
    return str(path)[len(str(root)) :].lstrip(os.sep)


def _prefix(path: Path) -> str:
    key = same_file_key(path)
    return key if key.endswith(os.sep) else key + os.sep


def _unique_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Each folder's own name; a second folder of that name gets `-2`, and so on."""
    names: dict[Path, str] = {}
    for path in paths:
        name, count = path.name or path.anchor.strip("\\/:") or "root", 1
        while (name if count == 1 else f"{name}-{count}") in names.values():
            count += 1
        names[path] = name if count == 1 else f"{name}-{count}"
    return names


def _git(given: str) -> str:
    return f"{given} is inside .git, which tools may not read or change. Use another path, or run a git command."
