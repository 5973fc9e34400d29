"""Run a command on the overlay rung: say what the staged tree is, start the supervisor, take in what changed."""

from __future__ import annotations

import asyncio
import marshal
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from devstral_ls.errors import CommandRefused
from devstral_ls.execution import process
from devstral_ls.execution.changes import Change, is_kind
from devstral_ls.execution.interpreter import base_python
from devstral_ls.execution.network.door import Door
from devstral_ls.execution.seccomp import filter_for
from devstral_ls.execution.session_files import SessionFiles, cache_environment
from devstral_ls.execution.surroundings import surroundings
from devstral_ls.workspace.layers import Layers
from devstral_ls.workspace.secrets_paths import Hides, hides

SUPERVISOR = Path(__file__).with_name("overlay_root.py")
TRIES = 3
"""How often a command is started anew because a socket that was to be covered went away just then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. Sizes in bytes; `processes`, `space` and `files` are for all it starts together."""

    processes: int = 1024
    data: int = 8 * 2**30
    """Memory of one process."""
    file_size: int = 4 * 2**30
    space: int = 2 * 2**30
    """What it may write, of which only the changes of text are kept."""
    files: int = 500_000
    cache_space: int = 4 * 2**30
    """What it may add to the caches of its session."""

    def resources(self) -> dict[str, int]:
        """As `setrlimit` takes them."""
        return {
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_FSIZE": self.file_size,
            "RLIMIT_DATA": self.data,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 65536,
        }


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Outcome:
    """ended: how the command ended. changes: what it wrote, nothing when it was killed. complete: whether that is all.

    stopped: why it was killed, other than for its time or output.
    """

    ended: process.Ended
    changes: tuple[Change, ...]
    complete: bool
    stopped: str | None


@dataclass(frozen=True, slots=True)
class Staged:
    """What a command is run on. roots: outermost workspace folders; layers: what lies over the disk.

    hides: which files are shown empty, by their path relative to the root they are in. layers_in: an empty directory
    that an overlay may write to, where bubblewrap is to mount the overlay itself.
    """

    roots: tuple[Path, ...]
    layers: Layers
    hides: Hides = hides
    trees: tuple[Tree, ...] = ()
    """Copies to be seen in the place of `roots`; none: an overlay is made."""
    layers_in: Path | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The copy of a workspace folder. apart: directories of the original that are shown in it, read-only."""

    path: Path
    apart: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manner:
    """What is special about a program. written: files it finds besides, by absolute path, in folders that are covered.

    apart: its two streams are kept apart. door: through which it reaches hosts outside; None: it has no network.
    """

    written: Mapping[str, bytes] = field(default_factory=dict)
    apart: bool = False
    door: Door | None = None


PLAIN = Manner()


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
    """The outcome of `program`, run in `directory` of the staged tree, which is at the workspace's own paths.

    environment: what the command may know, and nothing else. Raises CommandRefused when the sandbox can't be made,
    OSError when the supervisor can't be started.
    """
    environment = cache_environment(environment, files) | {"TMPDIR": "/tmp"}
    result = os.memfd_create("result")
    try:

        def plan(number: int) -> bytes:
            seen = staged
            if staged.layers_in is not None:
                # What an earlier try wrote is in the way of the next.
                seen = replace(staged, layers_in=staged.layers_in / str(number))
                (staged.layers_in / str(number)).mkdir()
            data = marshal.dumps(_plan(program, directory, seen, environment, files, bwrap, limits, manner))
            return len(data).to_bytes(8, "little") + data

        for number in range(TRIES):
            ended = await process.run(
                [sys.executable, "-I", "-S", str(SUPERVISOR), str(result)],
                Path("/"),
                environment,
                timeout,
                containment="lifeline",
                told=told,
                sent=partial(asyncio.to_thread, plan, number),
                passed=(result, manner.door.sent_through) if manner.door else (result,),
                apart=manner.apart,
            )
            came = _came(result)
            if not came or not came["vanished"]:
                break
        return await asyncio.to_thread(_outcome, came, ended, staged.roots)
    finally:
        os.close(result)


def _plan(
    program: list[str],
    directory: Path,
    staged: Staged,
    environment: Mapping[str, str],
    files: SessionFiles,
    bwrap: str,
    limits: Limits,
    manner: Manner,
) -> dict[str, Any]:
    around = surroundings(environment, staged.roots, python=sys.base_prefix)
    if manner.door is not None:
        program = manner.door.through(base_python(), program)
    return {
        "argv": [os.fsencode(part) for part in program],
        "bwrap": os.fsencode(bwrap),
        "directory": os.fsencode(directory),
        "view": "copies" if staged.trees else "layers" if staged.layers_in is not None else "merged",
        "scratch": os.fsencode(staged.layers_in or files.mount),
        "cache": os.fsencode(files.cache),
        "cache_space": limits.cache_space,
        "space": (limits.space, limits.files),
        "covers": [os.fsencode(path) for path in around.covered],
        "directories": [os.fsencode(path) for path in around.directories],
        "readable": [os.fsencode(path) for path in around.readable],
        "blocked": [os.fsencode(path) for path in around.blocked],
        "written": [(os.fsencode(path), content) for path, content in manner.written.items()],
        "door": manner.door.sent_through if manner.door is not None else None,
        "filter": filter_for(os.uname().machine),
        "processes": limits.processes,
        "limits": limits.resources(),
        "trees": [os.fsencode(tree.path) for tree in staged.trees],
        "roots": [_copied(root, tree) for root, tree in zip(staged.roots, staged.trees, strict=True)]
        if staged.trees
        else [_root(root, staged, files) for root in staged.roots],
    }


def _copied(root: Path, tree: Tree) -> dict[str, Any]:
    return {"path": os.fsencode(root), "apart": [os.fsencode(path) for path in tree.apart]}


def _root(root: Path, staged: Staged, files: SessionFiles) -> dict[str, Any]:
    entries: list[tuple[bytes, bytes | None, int]] = []
    for name, layer in staged.layers.below(root).items():
        if staged.hides(name):
            continue
        if layer.text is not None:
            data = layer.data()
            entries.append((os.fsencode(name), data, files.modified(layer.path, data)))
        elif os.path.lexists(layer.path):
            entries.append((os.fsencode(name), None, 1))
    hidden = [(os.fsencode(name), is_folder) for name, is_folder in files.hidden(root, staged.hides)]
    return {
        "path": os.fsencode(root),
        "apart": [],
        "hidden": hidden,
        "staged": _without_conflicts(entries),
    }


def _without_conflicts(entries: list[tuple[bytes, bytes | None, int]]) -> list[tuple[bytes, bytes | None, int]]:
    """Without what lies below a path that is itself a file: an editor can have both open, a disk can't hold them."""
    present = {name for name, content, _ in entries if content is not None}
    return [
        entry
        for entry in entries
        if not any(entry[0][:at] in present for at in range(len(entry[0])) if entry[0][at : at + 1] == b"/")
    ]


def _came(result: int) -> dict[str, Any] | None:
    """What the supervisor wrote, which is taken out; None where it ended before."""
    size = os.lseek(result, 0, os.SEEK_END)
    data = os.pread(result, size, 0)
    os.ftruncate(result, 0)
    os.lseek(result, 0, os.SEEK_SET)
    return marshal.loads(data) if data else None


def _outcome(told: dict[str, Any] | None, ended: process.Ended, roots: tuple[Path, ...]) -> Outcome:
    if told is None:
        if ended.exit_code is None:
            return Outcome(ended, (), complete=True, stopped=None)
        raise CommandRefused(f"The sandbox could not be started: {last_line(ended)}.")
    if ended.exit_code is not None and not told["started"]:
        raise CommandRefused(f"The sandbox could not be started: {told['error'] or last_line(ended)}.")
    killed = ended.exit_code is None or told["stopped"] is not None
    changes = () if killed else tuple(_changes(told["changes"], roots))
    return Outcome(ended, changes, told["complete"], told["stopped"])


def _changes(entries: list[tuple[int, bytes, str, bytes | None]], roots: tuple[Path, ...]) -> list[Change]:
    return [
        Change(roots[number] / os.fsdecode(path), kind, content)
        for number, path, kind, content in entries
        if is_kind(kind)
    ]


def last_line(ended: process.Ended) -> str:
    head, tail, _ = (ended.errors if ended.errors.total else ended.output).shown()
    lines = (tail or head).strip().splitlines()
    return lines[-1] if lines else "its supervisor ended"
