"""Which command would check a workspace folder, by the files that projects have; as the view shows them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from devstral_ls.errors import ForModel
from devstral_ls.workspace.view import View

PLACEHOLDER = "no test specified"
"""In the script that `npm init` writes."""

PYTHONS = (".venv/bin", ".venv\\Scripts") if os.name == "nt" else (".venv/bin",)

_PYTEST_TABLE = re.compile(r"^\s*\[tool\.pytest(?:\.ini_options)?\]", re.M)
_PYTEST_SECTION = {"setup.cfg": re.compile(r"^\[tool:pytest\]", re.M), "tox.ini": re.compile(r"^\[pytest\]", re.M)}
_TARGET = re.compile(r"^(test|check)[ \t]*:(?!:?=)", re.M)
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")


def detect(view: View, folder: Path) -> str | None:
    """The exact text of the command, to be run in `folder`; None when nothing there says how it is checked."""
    if _has_pytest(view, folder):
        return _pytest(view, folder)
    if _has_npm_test(_text(view, folder / "package.json")):
        return "npm test"
    if _text(view, folder / "Cargo.toml"):
        return "cargo test"
    if _text(view, folder / "go.mod"):
        return "go test ./..."
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if text := _text(view, folder / name):
            # As make does: the first of these is the one that counts.
            targets = [found[1] for found in _TARGET.finditer(text)]
            return f"make {'test' if 'test' in targets else 'check'}" if targets else None
    return None


def _has_pytest(view: View, folder: Path) -> bool:
    if view.exists(folder / "pytest.ini") or _PYTEST_TABLE.search(_text(view, folder / "pyproject.toml")):
        return True
    if any(pattern.search(_text(view, folder / name)) for name, pattern in _PYTEST_SECTION.items()):
        return True
    return any(_has_test_files(view, place) for place in (folder, folder / "tests", folder / "test"))


def _has_test_files(view: View, folder: Path, *, deep: bool = True) -> bool:
    """Whether files that pytest would collect are in the folder, or in one below a folder for tests."""
    if not view.is_dir(folder):
        return False
    try:
        entries = view.entries(folder)
    except ForModel:
        return False
    if any(not entry.is_dir and _TEST_FILE.fullmatch(entry.name) for entry in entries):
        return True
    if not deep or folder.name not in ("tests", "test"):
        return False
    return any(_has_test_files(view, folder / entry.name, deep=False) for entry in entries if entry.is_dir)


def _pytest(view: View, folder: Path) -> str:
    """By the workspace's own interpreter, where pytest is installed for it."""
    for place in PYTHONS:
        suffix = ".exe" if place.endswith("Scripts") else ""
        own, runner = folder / place / f"python{suffix}", folder / place / f"pytest{suffix}"
        if view.exists(own) and view.exists(runner):
            return f"{Path(place, own.name)} -m pytest -q"
    return "pytest -q"


def _has_npm_test(text: str) -> bool:
    try:
        package = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return False
    scripts = package.get("scripts") if isinstance(package, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    return isinstance(script, str) and bool(script.strip()) and PLACEHOLDER not in script


def _text(view: View, path: Path) -> str:
    """The file's text; empty when there is none that can be read."""
    try:
        return view.read(path).text if view.exists(path) and not view.is_dir(path) else ""
    except ForModel:
        return ""
