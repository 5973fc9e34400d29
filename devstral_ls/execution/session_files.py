"""What outlives a command of a session: caches of tools, and when each staged text was first there."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from devstral_ls.execution.copy_tree import remove_tree
from devstral_ls.execution.hidden import Hidden
from devstral_ls.workspace.secrets_paths import Hides

PREFIX = "devstral-ls-session-"

CACHES = {
    "PYTHONPYCACHEPREFIX": "python",
    "CARGO_TARGET_DIR": "cargo-target",
    "GOCACHE": "go",
    "npm_config_cache": "npm",
    "YARN_CACHE_FOLDER": "yarn",
    "PIP_CACHE_DIR": "pip",
    "XDG_CACHE_HOME": "xdg",
    "MYPY_CACHE_DIR": "mypy",
    "RUFF_CACHE_DIR": "ruff",
    "CCACHE_DIR": "ccache",
    "GRADLE_USER_HOME": "gradle",
}
"""Variable -> folder of the cache directory."""


@dataclass(slots=True)
class SessionFiles:
    """folder: private to this user, with `cache` (writable for commands) and `mount` (always empty) in it."""

    folder: Path
    _times: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    _hidden: dict[str, Hidden] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def mount(self) -> Path:
        return self.folder / "mount"

    def variables(self) -> dict[str, str]:
        return {name: str(self.cache / folder) for name, folder in CACHES.items()}

    def modified(self, path: Path, content: bytes) -> int:
        """When this text came to be, in nanoseconds: the same time for the same text, so that builds stay incremental.

        A later text is later by a whole second at least, because caches of byte code compare no finer.
        """
        known = self._times.get(str(path))
        if known is not None and known[0] == content:
            return known[1]
        least = known[1] if known is not None else 0
        with contextlib.suppress(OSError):
            least = max(least, path.lstat().st_mtime_ns)
        found = max(time.time_ns(), least + 1_000_000_000)
        self._times[str(path)] = (content, found)
        return found

    def hidden(self, root: Path, hides: Hides) -> list[tuple[str, bool]]:
        """Where secrets lie in `root` now, see `Hidden.find`."""
        return self._hidden.setdefault(str(root), Hidden(str(root))).find(hides)


class AllSessionFiles:
    """The sessions' files of one server, made when first asked for."""

    def __init__(self, base: Path | None = None) -> None:
        """base: the directory to make them in; by default the user's cache."""
        self._base = base
        self._sessions: dict[str, SessionFiles] = {}

    def of(self, session: str) -> SessionFiles:
        """The session's files. Raises OSError when there is no place for them."""
        found = self._sessions.get(session)
        if found is None:
            base = self._base or Path(platformdirs.user_cache_dir("devstral-ls", appauthor=False))
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            _clear_abandoned(base)
            folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base)))
            found = self._sessions[session] = SessionFiles(folder)
            for inner in (found.cache, found.mount):
                inner.mkdir(mode=0o700)
        return found

    def close(self) -> None:
        for session in self._sessions.values():
            with contextlib.suppress(OSError):
                remove_tree(session.folder)
        self._sessions.clear()


def _clear_abandoned(base: Path) -> None:
    """Remove what servers that were killed left."""
    for folder in _abandoned(base):
        with contextlib.suppress(OSError):
            remove_tree(folder)


def _abandoned(base: Path) -> Iterator[Path]:
    for folder in base.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and int(pid) != os.getpid():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                yield folder
            except PermissionError:
                continue


def cache_environment(environment: Mapping[str, str], files: SessionFiles) -> dict[str, str]:
    """`environment` with tools' caches where they last for the session."""
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | files.variables()
