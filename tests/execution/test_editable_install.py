"""A real project from the package index, installed so that its sources are used in place, under the real pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstral_ls.execution.commands import StagedCommands
from devstral_ls.execution.ladder import Ladder, find_bwrap
from devstral_ls.execution.rungs import Rung
from devstral_ls.execution.session_files import AllSessionFiles
from tests.tools.workspaces import workspace

pytestmark = [
    pytest.mark.skipif(
        "DEVSTRAL_LS_TEST_NETWORK" not in os.environ, reason="uses the package index: make test-network"
    ),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]

PINNED = "iniconfig==2.0.0 --hash=sha256:2d91e135bf72d31a410b17c16da610a82cb55f6b0477d1a902134b24a455b8b3\n"
RIGHT, WRONG = "if name not in self.sections:", "if name in self.sections:"
TEST = """from iniconfig import IniConfig

def test_a_section_is_found():
    assert IniConfig("x.ini", data="[a]\\nb = 1\\n")["a"]["b"] == "1"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with a fault put in, which its new test finds."""
    (tmp_path / "pinned.txt").write_text(PINNED)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "iniconfig", "--require-hashes"]
    subprocess.run([*pip, "-r", str(tmp_path / "pinned.txt"), "-d", str(tmp_path)], check=True)
    subprocess.run(["tar", "xzf", "iniconfig-2.0.0.tar.gz"], cwd=tmp_path, check=True)
    root = tmp_path / "iniconfig-2.0.0"
    subprocess.run([sys.executable, "-m", "venv", str(root / ".venv")], check=True)
    subprocess.run([str(root / ".venv/bin/pip"), "install", "-q", "-e", str(root), "pytest"], check=True)
    source = root / "src" / "iniconfig" / "__init__.py"
    assert RIGHT in source.read_text()
    source.write_text(source.read_text().replace(RIGHT, WRONG))
    (root / "test_sections.py").write_text(TEST)
    return root


async def test_a_staged_edit_makes_a_red_test_green_while_the_disk_stays_red(project: Path, tmp_path: Path) -> None:
    async def yes(command: str, directory: Path, rung: Rung) -> bool:
        return True

    command = ".venv/bin/pytest -q test_sections.py"
    ladder = Ladder(sessions=AllSessionFiles(tmp_path / "sessions"))
    commands = StagedCommands(yes, ladder=ladder)
    view = workspace(project, {})
    source = project / "src" / "iniconfig" / "__init__.py"
    broken = source.read_text()

    red = await commands.run(command, project, 120, view)
    assert (red.exit_code, "1 failed" in red.output) == (1, True)
    view.stage(source, broken.replace(WRONG, RIGHT))
    green = await commands.run(command, project, 120, view)
    assert (green.exit_code, "1 passed" in green.output) == (0, True), green.output
    assert source.read_text() == broken
    bare = subprocess.run([str(project / ".venv/bin/pytest"), "-q", "test_sections.py"], cwd=project, check=False)  # noqa: ASYNC221
    assert bare.returncode == 1
    assert [staged.path for staged in view.overlay.changes()] == [source]
    ladder.close()
