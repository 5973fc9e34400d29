"""What the model has seen of each file, so that no edit is made of text it does not know."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.errors import EditRefused
from devstral_ls.workspace.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Seen:
    """digest: of the text last shown; lines: 1-based inclusive ranges of it that were shown; whole: all of them."""

    digest: str
    whole: bool
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Reads:
    """Lives as long as the session: what was read stays in the conversation, until that is compacted."""

    _seen: dict[Path, Seen] = field(default_factory=dict)
    _failures: dict[Path, int] = field(default_factory=dict)

    def saw(self, snapshot: Snapshot, start: int, end: int, total: int) -> None:
        """Lines `start` to `end` of `total` were shown; several pieces add up while the text stays the same.

        A piece with overlong lines, which are shown in part, counts for nothing (`end` before `start`).
        """
        before = self._seen.get(snapshot.path)
        same = before is not None and before.digest == snapshot.digest
        if before is not None and same and before.whole:
            return
        ranges = sorted([*(before.lines if before is not None and same else ()), (start, end)])
        covered = 0
        for first, last in ranges:
            if first > covered + 1:
                break
            covered = max(covered, last)
        self._seen[snapshot.path] = Seen(snapshot.digest, covered >= total, tuple(ranges))

    def wrote(self, snapshot: Snapshot, *, whole: bool = False) -> None:
        """The model made this text. whole: it wrote all of it; otherwise it knows as much as before."""
        before = self._seen.get(snapshot.path)
        self._seen[snapshot.path] = Seen(snapshot.digest, whole or (before is not None and before.whole))
        self._failures.pop(snapshot.path, None)

    def paths(self) -> tuple[Path, ...]:
        """Every file read or written, earliest first."""
        return tuple(self._seen)

    def keep_only(self, paths: Set[Path]) -> None:
        """Forget every file but these: the text of the others is no longer in the conversation."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in paths}

    def failed(self, path: Path) -> int:
        """Count a refused edit of `path`; how many there were since the last one that applied."""
        self._failures[path] = self._failures.get(path, 0) + 1
        return self._failures[path]

    def require_current(self, snapshot: Snapshot, shown: str) -> None:
        """Raise EditRefused unless the model has read `snapshot`'s text, at least a part of it."""
        seen = self._seen.get(snapshot.path)
        if seen is None:
            raise EditRefused(f"{shown} was not read yet. Call read_file on it first, then make the change.")
        if seen.digest != snapshot.digest:
            where = {"open": " in the editor", "disk": " on disk", "staged": ""}[snapshot.source]
            raise EditRefused(
                f"{shown} was changed{where} since you read it. Call read_file again and use its present text."
            )

    def require_whole(self, snapshot: Snapshot, shown: str) -> None:
        """`require_current`, and all lines have been shown: what was never seen must not be overwritten."""
        self.require_current(snapshot, shown)
        if not self._seen[snapshot.path].whole:
            raise EditRefused(
                f"Only a part of {shown} was read; writing it would lose the rest. "
                "Use edit_file, or call read_file for the other lines first."
            )
