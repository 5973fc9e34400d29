"""The sample project of the demo: its files, and its tests run where they lie."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from devstral_ls.execution.ladder import find_bwrap


@dataclass(frozen=True, slots=True)
class TestRun:
    """`python -m unittest` in one folder. summary: its last line."""

    passed: bool
    summary: str


def copy_sample(to: Path) -> None:
    """The project's files in the new folder `to`.

    In the package their names end in `.txt`, so that no tool takes the project for a part of it.
    """
    _copy(files("devstral_ls.demo") / "sample", to)


def _copy(source: Traversable, to: Path) -> None:
    to.mkdir()
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, to / entry.name)
        elif entry.name.endswith(".txt"):
            (to / entry.name.removesuffix(".txt")).write_bytes(entry.read_bytes())


async def run_tests(folder: Path) -> TestRun:
    """The project's own tests, by the Python that runs this. Writes nothing into the folder."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", "unittest"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    lines = output.decode(errors="replace").strip().splitlines() or ["no output"]
    return TestRun(process.returncode == 0, lines[-1])


def digests(folder: Path) -> Mapping[str, str]:
    """Path -> hash of every file below the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def script_text() -> str:
    """The script of the model server, for the Python that runs this."""
    text = (files("devstral_ls.demo") / "script.json").read_text("utf-8")
    return text.replace("{python}", Path(sys.executable).name)


def demo_environ(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """`environ` without what would lead the demo to a real model or into the user's own folders."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("DEVSTRAL_LS_") and name != "MISTRAL_API_KEY"
    }
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        kept[name] = str(scratch)
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    # The demo's own command is harmless: it is shown where there is no sandbox too.
    sandbox = "auto" if sys.platform == "linux" and find_bwrap() else "off"
    return {**kept, "PATH": path, "DEVSTRAL_LS_TRY_OUT": "0", "DEVSTRAL_LS_SANDBOX": sandbox}
