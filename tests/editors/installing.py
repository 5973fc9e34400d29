"""Real editors for the tests: one the caller named, else one of our own under .cache/editors, unpacked once."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "editors"

NAMED_BY = {"neovim": "NVIM", "neovim-0.10": "NVIM_0_10", "helix": "HELIX", "emacs": "EMACS", "vim": "VIM_NOX"}
"""What install.sh knows -> the environment variable that names another executable to test instead."""


@dataclass(frozen=True)
class Editor:
    """An editor that can be started. version: what it says about itself, as numbers."""

    program: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{Path(self.program).name} {'.'.join(map(str, self.version))}"


def find(name: str) -> Editor:
    """The editor `name` of install.sh, installed if need be. Skips the test where none can be had."""
    named = os.environ.get(NAMED_BY[name])
    if named:
        return _editor(named)
    reason = cannot_install()
    if reason is not None:
        pytest.skip(f"{name} can't be installed here: {reason}. Name one: {NAMED_BY[name]}=/path/to/it")
    return _editor(str(installed(name, _texts("install.sh", "unpack.sh"))))


def find_vscode() -> tuple[Editor, Path, str]:
    """VS Code, the folder of the Node packages that came with it, and a browser to show it in."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip(f"VS Code is tested on Linux (x86_64) only, this is {platform.system()} ({platform.machine()})")
    if shutil.which("npm") is None:
        pytest.skip("VS Code is installed with npm, which is missing")
    if browser is None:
        pytest.skip("VS Code needs a browser: install chromium, or name one: CHROMIUM=/path/to/it")
    program = installed("vscode", _texts("install.sh", "vscode/package.json", "vscode/package-lock.json"))
    return _editor(str(program)), program.parent / "node_modules", browser


def cannot_install() -> str | None:
    """Why install.sh can't run here, None when it can."""
    if platform.system() != "Linux":
        return f"that takes Debian, this is {platform.system()}"
    release = Path("/etc/os-release")
    if not release.exists() or not re.search(r"^ID=debian$", release.read_text(), re.MULTILINE):
        return "that takes Debian, this is another distribution"
    if os.geteuid() != 0:
        return "that takes root"
    missing = [tool for tool in ("apt-get", "dpkg-deb", "bash") if shutil.which(tool) is None]
    return f"{missing[0]} is missing" if missing else None


def installed(name: str, made_of: str) -> Path:
    """DEST/run of install.sh. Test processes that want the same editor at once wait for the first of them.

    made_of: whatever decides what is installed. Where that has changed, or the installation was broken off, it is done
    anew.
    """
    import fcntl  # which Windows has not

    CACHE.mkdir(parents=True, exist_ok=True)
    place = CACHE / name
    stamp = place / "installed-by"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != made_of:
            done = subprocess.run([HERE / "install.sh", name, place], capture_output=True, text=True)
            assert done.returncode == 0, f"install.sh {name} failed:\n{done.stdout}{done.stderr}"
            stamp.write_text(made_of)
    return place / "run"


def _texts(*names: str) -> str:
    return "".join((HERE / name).read_text() for name in names)


def _editor(program: str) -> Editor:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    assert found is not None, f"{program} --version says {said!r}"
    return Editor(program, tuple(int(part) for part in found.groups() if part))
