"""Staged text: what a run has written so far and the user has not yet been asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.edits.spans import Edit
from devstral_ls.workspace.paths import same_file_key
from devstral_ls.workspace.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Staged:
    """A file as staged. text None: deleted. base: what it was made from, None: the file did not exist.

    edits: what made the text of the base, in the order in which it was done; None when anything else did.
    """

    path: Path
    text: str | None
    base: Snapshot | None
    edits: tuple[Edit, ...] | None = None

    @property
    def changes_nothing(self) -> bool:
        return self.text == (self.base.text if self.base else None)


class Overlay:
    """The staged files of one run or session, by path."""

    def __init__(self) -> None:
        self._staged: dict[str, Staged] = {}

    def copy(self) -> Overlay:
        """What is staged here, in an overlay of its own."""
        other = Overlay()
        other._staged = dict(self._staged)
        return other

    def __iter__(self) -> Iterator[Staged]:
        return iter(self._staged.values())

    def get(self, path: Path) -> Staged | None:
        return self._staged.get(same_file_key(path))

    def stage(self, path: Path, text: str | None, base: Snapshot | None, edits: tuple[Edit, ...] | None = None) -> None:
        """Put `text` over the file. The base of the first staging stays: it is what the user still has.

        edits: how `text` was made of what the file was until now, staged or not.
        """
        first = self.get(path)
        if first is not None:
            base = first.base
            edits = None if edits is None or first.edits is None else first.edits + edits
        self._staged[same_file_key(path)] = Staged(path, text, base, edits)

    def drop(self, path: Path) -> None:
        """Forget what is staged for the file, if anything."""
        self._staged.pop(same_file_key(path), None)

    def changes(self) -> tuple[Staged, ...]:
        """What is staged and differs from its base, sorted by path."""
        changed = (staged for staged in self._staged.values() if not staged.changes_nothing)
        return tuple(sorted(changed, key=lambda staged: staged.path))
