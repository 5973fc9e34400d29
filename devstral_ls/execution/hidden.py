"""Where secrets lie in a workspace folder. Looking again costs one `stat` for each directory that has not changed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from devstral_ls.workspace.secrets_paths import Hides, hides

PACKAGES = frozenset((".git", ".hg", "node_modules", "site-packages", ".venv", "venv", "__pycache__", ".tox", ".nox"))
"""Folders of other people's code: a `.pem` there is a public certificate that programs need."""

SETTLED = 2_000_000_000
"""Nanoseconds after which a directory's time tells whether it changed: file systems' clocks are coarse."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One directory: when it was changed, and the names in it.

    folders: to go on with; closed: folders in which everything is secret; secrets: files.
    """

    changed: int
    folders: tuple[str, ...]
    closed: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(slots=True)
class Hidden:
    """What was found so far, for one workspace folder."""

    root: str
    _known: dict[str, Listed] = field(default_factory=dict)

    def find(self, hidden: Hides = hides) -> list[tuple[str, bool]]:
        """The relative paths of secrets, and whether each is a folder. What can't be listed has none.

        hidden: `hides`, or less: what the user's settings leave of it.
        """
        found: list[tuple[str, bool]] = []
        known: dict[str, Listed] = {}
        waiting = [""]
        now = time.time_ns()
        while waiting:
            relative = waiting.pop()
            listed = self._look(relative, now)
            if listed is None:
                continue
            if now - listed.changed > SETTLED:
                known[relative] = listed
            prefix = f"{relative}/" if relative else ""
            waiting += [prefix + name for name in listed.folders]
            if hidden is hides:
                found += [(prefix + name, True) for name in listed.closed]
            else:
                waiting += [prefix + name for name in listed.closed]  # something in them may be allowed
            found += [(prefix + name, False) for name in listed.secrets if hidden(prefix + name)]
        self._known = known
        return found

    def _look(self, relative: str, now: int) -> Listed | None:
        path = f"{self.root}/{relative}"
        prefix = f"{relative}/" if relative else ""
        try:
            changed = os.lstat(path).st_mtime_ns
            known = self._known.get(relative)
            if known is not None and known.changed == changed:
                return known
            folders: list[str] = []
            closed: list[str] = []
            secrets: list[str] = []
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if name not in PACKAGES:
                            (closed if hides(f"{prefix}{name}/any") else folders).append(name)
                    elif hides(prefix + name):
                        secrets.append(name)
            return Listed(changed, tuple(folders), tuple(closed), tuple(secrets))
        except OSError:
            return None
