"""What tests in editors share: a terminal each, and one VS Code: starting it takes longer than most of its tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.terminal import Terminal
from tests.editors.vscode_cases import Played, VSCode, started


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("the editor needs a terminal: install tmux")
    it = Terminal(tmp_path / "tmux")
    yield it
    it.end()


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VSCode, Played]]:
    """What the first start of the extension shows, which would be in the way of every other case."""
    with started(tmp_path_factory.mktemp("vscode")) as it:
        assert it.editor.version[:2] == (1, 139)
        yield it, it.play("welcomed", {"text": "Done."})


@pytest.fixture(scope="session")
def vscode(first_start: tuple[VSCode, Played]) -> VSCode:
    return first_start[0]
