"""The sandbox as different people: a `guest` process for each, and workspaces that they may use."""

# ruff: noqa: ASYNC240

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

import devstral_ls
from devstral_ls.workspace.search import find_rg

Who = Literal["root", "user"]
STRANGER = 61234
"""A user id that nobody has; home and workspace are all it needs."""
NEWEST = os.environ.get("DEVSTRAL_LS_TEST_BWRAP")
"""The folder of a bubblewrap that mounts overlays, where the system's is too old for that."""
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Result:
    """What came of a command; `staged` by absolute path, of everything that is staged then."""

    exit_code: int | None
    output: str
    timed_out: bool
    cut: int
    staged: dict[str, str | None]
    notes: list[str]


@dataclass(frozen=True)
class Executed:
    """What came of Python code; `staged` as in `Result`."""

    id: str
    duration: float
    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool
    staged: dict[str, str | None]
    notes: list[str]


@dataclass
class Sandbox:
    """One person's sandbox. root: a workspace folder of theirs; home: their home directory, with a secret in it."""

    process: asyncio.subprocess.Process
    place: Path
    owner: int
    rung: str
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.place / "work" / "project"

    @property
    def home(self) -> Path:
        return self.place / "home"

    def put(self, name: str, content: str | bytes = "") -> Path:
        """Write a file of the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.give(self.root)
        return path

    def give(self, path: Path) -> None:
        """Make all of this theirs."""
        if os.getuid() == 0:
            for folder, _, files in os.walk(path):
                for name in (folder, *(f"{folder}/{file}" for file in files)):
                    os.chown(name, self.owner, self.owner, follow_symlinks=False)

    async def run(
        self,
        command: str,
        staged: Mapping[str, str | None] | None = None,
        *,
        timeout: float = 60,
        limits: Mapping[str, int] | None = None,
        roots: list[Path] | None = None,
        directory: Path | None = None,
        session: str = "session",
        allowed: Sequence[str] = (),
    ) -> Result:
        asked = self._asked(staged, timeout, limits, roots, directory, session, allowed)
        found = await self.ask({**asked, "command": command})
        assert "error" not in found, found
        return Result(**found)

    async def python(
        self,
        code: str,
        staged: Mapping[str, str | None] | None = None,
        *,
        timeout: float = 60,
        limits: Mapping[str, int] | None = None,
        roots: list[Path] | None = None,
        allowed: Sequence[str] = (),
    ) -> Executed:
        asked = self._asked(staged, timeout, limits, roots, None, "session", allowed)
        found = await self.ask({**asked, "code": code})
        assert "error" not in found, found
        return Executed(**found)

    def _asked(
        self,
        staged: Mapping[str, str | None] | None,
        timeout: float,
        limits: Mapping[str, int] | None,
        roots: list[Path] | None,
        directory: Path | None,
        session: str,
        allowed: Sequence[str],
    ) -> dict[str, Any]:
        return {
            "roots": [str(root) for root in roots or [self.root]],
            "staged": {str(self.root / name): text for name, text in (staged or {}).items()},
            "environ": self.environ,
            "limits": dict(limits or {}),
            "directory": str(directory or self.root),
            "timeout": timeout,
            "session": session,
            "allowed": list(allowed),
        }

    async def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        line = await self.process.stdout.readline()
        assert line, "the guest is gone"
        found: dict[str, Any] = json.loads(line)
        return found


def people() -> list[Who]:
    """Those as whom the sandbox can be tried here."""
    if os.getuid() != 0:
        return ["user"]
    can = shutil.which("setpriv") and Path(SYSTEM_PYTHON).exists()
    return ["root", "user"] if can else ["root"]


@asynccontextmanager
async def sandbox(who: Who, rung: str = "1") -> AsyncIterator[Sandbox]:
    """A sandbox of this person, on this rung, who has a fresh home and an empty workspace."""
    place = Path(os.path.realpath(tempfile.mkdtemp(prefix="devstral-ls-test-", dir="/tmp")))
    place.chmod(0o755)
    owner = 0 if who == "root" else (STRANGER if os.getuid() == 0 else os.getuid())
    stranger = os.getuid() == 0 and who == "user"
    for name in ("home", "sessions", "work/project"):
        (place / name).mkdir(parents=True)
    (place / "home" / ".secret").write_text("sesame\n")
    code = _package(place / "code") if stranger else None
    environ = {
        "PATH": f"{code}/bin:/usr/local/bin:/usr/bin:/bin" if stranger else os.environ["PATH"],
        "HOME": str(place / "home"),
        "TMPDIR": "/tmp",
        "MISTRAL_API_KEY": "sesame",
        "PYTHONPATH": str(code or Path(devstral_ls.__file__).parents[1]),
    }
    if rung == "1b" and NEWEST:
        environ["BWRAP_FOLDER"] = NEWEST
    argv = [SYSTEM_PYTHON if stranger else sys.executable, "-m", "tests.execution.guest", str(place / "sessions"), rung]
    if stranger:
        argv = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups", *argv]
        for folder in ("home", "sessions", "work"):
            for path in (place / folder, *(place / folder).rglob("*")):
                os.chown(path, owner, owner)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, env=environ, cwd=place, limit=2**24)
    made = Sandbox(process, place, owner, rung)
    try:
        yield made
    finally:
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()
        shutil.rmtree(place, ignore_errors=True)


def _package(target: Path) -> Path:
    """What the guest needs, where anybody may read it."""
    source = Path(devstral_ls.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, target / "devstral_ls", ignore=ignore)
    shutil.copytree(Path(platformdirs.__file__).parent, target / "platformdirs", ignore=ignore)
    for name in ("tests", "tests/execution"):
        (target / name).mkdir(parents=True)
        (target / name / "__init__.py").touch()
    shutil.copy(Path(__file__).with_name("guest.py"), target / "tests" / "execution")
    (target / "bin").mkdir()
    shutil.copy(find_rg(os.environ), target / "bin" / "rg")
    for folder, _, files in os.walk(target):
        Path(folder).chmod(0o755)
        for file in files:
            Path(folder, file).chmod(0o755)
    return target


def running(marker: str) -> list[int]:
    """The processes of the whole machine that have this in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
