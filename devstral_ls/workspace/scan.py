"""Listing and searching the view with ripgrep.

Two processes, side by side: one on the disk, whose results at staged or open paths are dropped, and one on a `Mirror`
that holds only those. Where an ignore file itself is staged or edited, the disk's answer can be wrong below it; then
the names that its changed lines concern are mirrored, empty, to learn which of them the view's ignore files leave in.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from devstral_ls.workspace.files import mode_of
from devstral_ls.workspace.found import Found, Query, Ranking
from devstral_ls.workspace.globs import matcher, name_glob
from devstral_ls.workspace.ignore_rules import changed_rules
from devstral_ls.workspace.layers import Layer, Layers
from devstral_ls.workspace.mirror import Mirror, create, in_repository
from devstral_ls.workspace.paths import same_file_key
from devstral_ls.workspace.search import grep, list_names
from devstral_ls.workspace.secrets_paths import SUSPECTS
from devstral_ls.workspace.tasks import both, in_thread, together

Accepts = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Scan:
    """The directory `base`, inside the workspace folder `root`, as it is under `layers`."""

    root: Path
    base: Path
    layers: Layers

    async def files(self, glob: str | None, names: Sequence[str] = ()) -> list[Path]:
        """The files ripgrep would list that match `glob`, sorted by path components.

        names: globs for the names of all that are of interest, which makes it faster.
        """
        wanted = matcher(glob) if glob else _anything
        if changed := self._changed_rules():
            names = [name for name in await self._visible(changed) if wanted(name)]
        else:
            rules = [*self._rules(), *(_types(names) if names else _type(glob))]
            disk, mirrored = await together(self._on_disk(rules, wanted), self._mirrored(rules, wanted))
            names = [*disk, *mirrored]
        return [self.base / name for name in sorted(names, key=lambda name: name.split("/"))]

    async def not_ignored(self, names: Collection[str]) -> set[str]:
        """Those of the names, there or not, that the view's ignore files leave in."""
        async with self._mirror(dict.fromkeys(names)) as mirror:
            return set(await list_names(mirror.base, self._rules(), names.__contains__))

    async def search(self, query: Query, hides: Accepts) -> Found:
        """The lines ripgrep would find below `base`, in files that match the query's glob and that `hides` leaves in.

        What it leaves out is counted by name: a count of those with matches would tell what is in them.
        """

        async def hidden() -> int:
            suspects = await self.files(query.glob, SUSPECTS)
            return sum(1 for path in suspects if hides(path.relative_to(self.base).as_posix()))

        matches = matcher(query.glob) if query.glob else _anything
        found, secrets = await both(self._search_in(query, lambda name: not hides(name) and matches(name)), hidden())
        return replace(found, secrets=secrets)

    async def _search_in(self, query: Query, wanted: Accepts) -> Found:
        rules = [*self._rules(), *_type(query.glob)]
        changed = self._changed_rules()
        if not changed:
            return await self._search(query, rules, rules, wanted)
        visible = await self._visible(changed)
        hidden = set(await self._on_disk(["--no-ignore"], lambda name: name not in visible))
        rules = ["--no-ignore", *_type(query.glob)]
        async with self._mirror({}) as empty:
            left_out = empty.top / "left-out"
            await in_thread(left_out.write_bytes, _ignoring(hidden, visible))
            on_disk = [*rules, "--ignore-file", str(left_out)]
            return await self._search(query, on_disk, rules, lambda name: name in visible and wanted(name))

    async def search_file(self, query: Query, name: str) -> Found:
        """The lines found in the one file `name` of `base`, for which neither ignore files nor the glob count."""
        ranking = Ranking(query.limit, query.context)
        layer = self.layers.get(self.base / name)
        if layer is None:
            ended = await grep(query, [], self.base, f"./{name}", ranking, _anything)
        else:
            async with self._mirror({name: layer}) as mirror:
                ended = await grep(query, [], mirror.base, f"./{name}", ranking, _anything)
        return ranking.found(self.base, stopped=not ended)

    async def _search(
        self, query: Query, disk_rules: Sequence[str], mirror_rules: Sequence[str], wanted: Accepts
    ) -> Found:
        ranking = Ranking(query.limit, query.context)
        present = self._present()

        async def on_disk() -> bool:
            accepts = self._uncovered(wanted)
            return not stat.S_ISDIR(mode_of(self.base)) or await grep(
                query, disk_rules, self.base, ".", ranking, accepts
            )

        async def mirrored() -> bool:
            async with self._mirror(present) as mirror:
                return await grep(
                    query, mirror_rules, mirror.base, ".", ranking, lambda name: name in present and wanted(name)
                )

        ended = await together(on_disk(), *([mirrored()] if present else []))
        return ranking.found(self.base, stopped=not all(ended))

    async def _on_disk(self, rules: Sequence[str], wanted: Accepts) -> list[str]:
        """Files on the disk that nothing lies over."""
        return await list_names(self.base, rules, self._uncovered(wanted)) if stat.S_ISDIR(mode_of(self.base)) else []

    async def _mirrored(self, rules: Sequence[str], wanted: Accepts) -> list[str]:
        """Staged and open files that ripgrep would list."""
        present = self._present()
        if not present:
            return []
        async with self._mirror(dict.fromkeys(present)) as mirror:
            return await list_names(mirror.base, rules, lambda name: name in present and wanted(name))

    async def _visible(self, changed: Mapping[Path, bytes]) -> set[str]:
        """All files that the view's own ignore files leave in, some of which are not those on disk."""
        everything = set(await self._on_disk(["--no-ignore"], _anything))
        untouched = set(everything)
        for path, rules in changed.items() if everything else ():
            untouched &= await self._not_left_out(path.parent, rules)
        names = {*(everything - untouched), *self._present()}
        async with self._mirror(dict.fromkeys(names)) as mirror:
            mirrored = await list_names(mirror.base, self._rules(), names.__contains__)
        return {*mirrored, *await self._on_disk(self._rules(), untouched.__contains__)}

    async def _not_left_out(self, folder: Path, rules: bytes) -> set[str]:
        """The files of `base` that an ignore file with these rules in `folder` would not leave out, nor is above."""
        async with self._mirror({}) as mirror:
            file = mirror.top / "rules"
            await in_thread(file.write_bytes, rules)
            arguments = ["--no-ignore", "--ignore-file", str(file)]
            if self.base.is_relative_to(folder):
                prefix = self.base.relative_to(folder).as_posix() + "/"
                names = await list_names(folder, arguments, _anything, target=f"./{prefix}")
                return {name.removeprefix(prefix) for name in names}
            prefix = folder.relative_to(self.base).as_posix() + "/"
            outside = await list_names(self.base, ["--no-ignore"], lambda name: not name.startswith(prefix))
            inside = await list_names(folder, arguments, _anything) if stat.S_ISDIR(mode_of(folder)) else []
            return {*outside, *(prefix + name for name in inside)}

    @asynccontextmanager
    async def _mirror(self, files: Mapping[str, Layer | None]) -> AsyncIterator[Mirror]:
        mirror = create(self.base)
        try:
            await in_thread(mirror.fill, self.base, files, self.layers)
            yield mirror
        finally:
            await in_thread(mirror.remove)

    def _present(self) -> dict[str, Layer]:
        return {name: layer for name, layer in self.layers.below(self.base).items() if layer.text is not None}

    def _uncovered(self, wanted: Accepts) -> Accepts:
        covered = {same_file_key(name) for name in self.layers.below(self.base)}
        return lambda name: same_file_key(name) not in covered and wanted(name)

    def _rules(self) -> list[str]:
        """Inside a repository ripgrep reads the ignore files that git does; elsewhere they are to count as well."""
        return [] if in_repository(self.root) else ["--no-require-git"]

    def _changed_rules(self) -> dict[Path, bytes]:
        """The ignore files for `base` that are not those on the disk, each with the lines that differ."""
        return {
            path: changed_rules(disk, view)
            for path, (disk, view) in self.layers.changed_ignore_files().items()
            if path.is_relative_to(self.base) or self.base.is_relative_to(path.parent)
        }


def _type(glob: str | None) -> list[str]:
    """Lets ripgrep skip files that the glob leaves out by name. A file type, since a `--glob` beats ignore files."""
    name = name_glob(glob) if glob else None
    return _types([name]) if name else []


def _types(names: Sequence[str]) -> list[str]:
    return [*(part for name in names for part in ("--type-add", f"wanted:{name}")), "--type", "wanted"]


def _ignoring(hidden: Collection[str], visible: Collection[str]) -> bytes:
    """An ignore file that leaves out `hidden`, a whole directory at a time where nothing in it is visible.

    A name with a newline can't be written there; what it lets through is dropped from the results.
    """
    kept = {PurePosixPath(), *(parent for name in visible for parent in PurePosixPath(name).parents)}
    rules = set()
    for name in hidden:
        outermost = next((parent for parent in reversed(PurePosixPath(name).parents) if parent not in kept), None)
        rules.add(f"/{_escaped(str(outermost))}/" if outermost else f"/{_escaped(name)}")
    return b"".join(os.fsencode(rule) + b"\n" for rule in sorted(rules) if "\n" not in rule)


def _escaped(name: str) -> str:
    return "".join(f"\\{character}" if character in "\\*?[]{}!# " else character for character in name)


def _anything(name: str) -> bool:
    return True
