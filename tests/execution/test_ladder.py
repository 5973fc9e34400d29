"""Where the program that makes the sandbox may come from, and that it is started."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.execution import layers_run, overlay_run
from devstral_ls.execution.ladder import SYSTEM_FOLDERS, Ladder, Run, find_bwrap
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.workspace.layers import Layers
from tests.execution.sandboxes import NEWEST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")


def fake(folder: Path, mode: int = 0o755) -> Path:
    """A bwrap in `folder` that leaves a file beside itself when it is run."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\ntouch '{folder}/was-run'\nexit 1\n")
    program.chmod(mode)
    return program


async def test_a_bwrap_in_an_activated_environment_of_the_workspace_is_never_run(tmp_path: Path) -> None:
    program = fake(tmp_path / "project" / ".venv" / "bin")
    environ = {**os.environ, "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]])}
    ladder = Ladder(environ, AllSessionFiles(tmp_path / "sessions"))
    reached = await ladder.reached("auto")
    ladder.close()
    assert not (program.parent / "was-run").exists()
    assert reached.bwrap == find_bwrap()
    assert reached.bwrap is None or not Path(reached.bwrap).is_relative_to(tmp_path)


@pytest.mark.skipif(not (find_bwrap() and os.access("/opt", os.W_OK)), reason="needs bubblewrap and a folder in view")
@pytest.mark.parametrize("run", [overlay_run.run, layers_run.run], ids=["overlay", "bubblewrap's overlay"])
async def test_a_socket_that_goes_away_meanwhile_keeps_no_command_from_starting(tmp_path: Path, run: Run) -> None:
    bwrap = find_bwrap((NEWEST,) if NEWEST else SYSTEM_FOLDERS)
    if run is layers_run.run and not (bwrap and layers_run.mounts_overlays(bwrap)):
        pytest.skip("bubblewrap is older than 0.11")
    in_view = Path(tempfile.mkdtemp(prefix="devstral-ls-test-", dir="/opt"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, in_view, ignore_errors=True)
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(in_view / "s"))
        listening.listen()
        late = tmp_path / "bwrap"
        late.write_text(f'#!/bin/sh\nrm -rf {in_view}\necho started >> {tmp_path}/log\nexec {bwrap} "$@"\n')
        late.chmod(0o755)
        files = AllSessionFiles(tmp_path / "sessions")
        stack.callback(files.close)
        root = tmp_path / "project"
        root.mkdir()
        staged = overlay_run.Staged((root,), Layers({}))
        environment = {"PATH": "/usr/bin:/bin"}
        program = ["/bin/sh", "-c", "echo here > new"]
        outcome = await run(program, root, staged, environment, 60, files.of("one"), str(late))
        assert (tmp_path / "log").read_text() == "started\n" * 2
        assert [(change.path, change.content) for change in outcome.changes] == [(root / "new", b"here\n")]


def test_no_bwrap_is_taken_from_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    assert find_bwrap(["bin", "", "."]) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder that is root's")
@pytest.mark.parametrize(
    ("spoil", "taken"),
    [
        (lambda folder, program: None, True),
        (lambda folder, program: folder.chmod(0o777), False),
        (lambda folder, program: folder.chmod(0o775), False),
        (lambda folder, program: folder.chmod(0o777 | stat.S_ISVTX), True),
        (lambda folder, program: folder.parent.chmod(0o777), False),
        (lambda folder, program: program.chmod(0o777), False),
        (lambda folder, program: program.chmod(0o644), False),
        (lambda folder, program: os.chown(program, 61234, 0), False),
        (lambda folder, program: os.chown(folder, 61234, 0), False),
    ],
    ids=[
        "root's own", "folder for all", "folder for a group", "sticky folder", "folder above for all", "file for all",
        "no program", "another's file", "another's folder",
    ],
)  # fmt: skip
def test_a_bwrap_that_others_could_change_is_not_taken(
    tmp_path: Path, spoil: Callable[[Path, Path], None], taken: bool
) -> None:
    program = fake(tmp_path / "opt" / "bin")
    for folder in (program.parent, program.parent.parent):
        folder.chmod(0o755)
    spoil(program.parent, program)
    assert find_bwrap([str(program.parent)]) == (str(program) if taken else None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder that is root's")
def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    program = fake(tmp_path / "free" / "bin")
    program.parent.chmod(0o777)
    folder = tmp_path / "system"
    folder.mkdir(mode=0o755)
    (folder / "bwrap").symlink_to(program)
    assert find_bwrap([str(folder)]) is None
    program.parent.chmod(0o755)
    assert find_bwrap([str(folder)]) == str(program)
