from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from devstral_ls.errors import CommandRefused, WorkspaceGone
from devstral_ls.execution.commands import StagedCommands
from devstral_ls.execution.copy_tree import remove_tree
from devstral_ls.execution.rungs import Rung
from devstral_ls.tools.commands import CommandResult
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View
from tests.execution.processes import is_gone, lines_of
from tests.tools.workspaces import Opened, names, workspace

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shells")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proj").mkdir()
    return tmp_path / "proj"


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


async def yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def run(view: View, command: str, copies: Path, directory: Path | None = None) -> CommandResult:
    commands = StagedCommands(yes, os.environ, copies)
    return await commands.run(command, directory or view.roots[0], 60, view)


async def test_a_command_sees_staged_and_unsaved_text_and_staged_deletions(root: Path, copies: Path) -> None:
    view = workspace(root, {"a.txt": "disk\n", "b.txt": "disk\n", "c.txt": "disk\n"}, {"b.txt": "unsaved\n"})
    view.stage(root / "a.txt", "staged\n")
    view.stage(root / "new" / "deep.txt", "new\n")
    view.remove(root / "c.txt")
    result = await run(view, "cat a.txt b.txt new/deep.txt; ls", copies)
    assert result.output == "staged\nunsaved\nnew\na.txt\nb.txt\nnew\n"
    assert result.exit_code == 0


async def test_nothing_a_command_does_reaches_the_workspace_and_nothing_of_it_stays(root: Path, copies: Path) -> None:
    view = workspace(root, {"a.txt": "disk\n"})
    (root / "link.txt").symlink_to(root / "a.txt")
    command = (
        f"echo x >> a.txt; echo y >> link.txt; echo z >> {root}/a.txt; touch new; mkdir ro; touch ro/f; chmod 0 ro"
    )
    assert (await run(view, command, copies)).exit_code == 0
    assert (root / "a.txt").read_text() == "disk\n"
    assert names(root) == ["a.txt", "link.txt"]
    assert names(copies) == []


async def test_paths_are_those_of_the_workspace_in_command_and_output(root: Path, copies: Path) -> None:
    view = workspace(root, {"src/a.py": "x\n"})
    result = await run(view, f'pwd; cd "{root}/src" && pwd && ls {root}/src/a.py', copies)
    assert result.output == f"{root}\n{root}/src\n{root}/src/a.py\n"


async def test_a_command_runs_in_the_given_directory(root: Path, copies: Path) -> None:
    view = workspace(root, {"src/a.py": "x\n"})
    assert (await run(view, "ls", copies, root / "src")).output == "a.py\n"


async def test_a_directory_that_is_only_staged_is_there(root: Path, copies: Path) -> None:
    view = workspace(root, {})
    view.stage(root / "fresh" / "a.txt", "x")
    assert (await run(view, "ls", copies, root / "fresh")).output == "a.txt\n"


async def test_staged_text_is_written_in_the_files_own_encoding(root: Path, copies: Path) -> None:
    view = workspace(root, {"wide.txt": b"\xff\xfea\x00", "marked.txt": b"\xef\xbb\xbfa\r\n"})
    view.stage(root / "wide.txt", "b")
    view.stage(root / "marked.txt", "b\r\n")
    result = await run(view, "od -An -tx1 wide.txt marked.txt", copies)
    assert result.output.split() == ["ff", "fe", "62", "00", "ef", "bb", "bf", "62", "0d", "0a"]


async def test_staged_text_never_goes_through_a_link_out_of_the_workspace(tmp_path: Path, copies: Path) -> None:
    root = tmp_path / "proj"
    view = workspace(root, {"data/a.txt": "inside\n"})
    view.stage(root / "data" / "a.txt", "staged\n")
    # The directory turns into a link between staging and running.
    outside = tmp_path / "outside"
    (root / "data").rename(outside)
    (root / "data").symlink_to(outside)
    await run(view, "true", copies)
    assert (outside / "a.txt").read_text() == "inside\n"


async def test_a_read_only_file_and_directory_can_hold_staged_text(root: Path, copies: Path) -> None:
    view = workspace(root, {"d/a.txt": "disk\n"})
    view.stage(root / "d" / "a.txt", "staged\n")
    view.stage(root / "d" / "b.txt", "new\n")
    (root / "d" / "a.txt").chmod(0o444)
    (root / "d").chmod(0o555)
    result = await run(view, "cat d/a.txt d/b.txt", copies)
    (root / "d").chmod(0o755)
    assert result.output == "staged\nnew\n"


async def test_a_refused_command_does_not_run(root: Path, copies: Path) -> None:
    asked: list[tuple[str, Path]] = []

    async def no(command: str, directory: Path, rung: Rung) -> bool:
        asked.append((command, directory))
        return False

    view = workspace(root, {})
    with pytest.raises(CommandRefused, match="did not allow"):
        await StagedCommands(no, os.environ, copies).run(f"touch {root}/ran", root, 60, view)
    assert asked == [(f"touch {root}/ran", root)]
    assert not (root / "ran").exists()


async def test_secrets_of_the_server_are_not_in_the_commands_environment(root: Path, copies: Path) -> None:
    view = workspace(root, {})
    environ = {"PATH": os.environ["PATH"], "MISTRAL_API_KEY": "sesame"}
    result = await StagedCommands(yes, environ, copies).run("env; cat /proc/$PPID/environ", root, 60, view)
    assert "CI=1" in result.output
    assert "sesame" not in result.output


async def test_temporary_files_vanish_too(root: Path, copies: Path) -> None:
    result = await run(workspace(root, {}), "mktemp", copies)
    assert result.output.startswith(str(copies))
    assert names(copies) == []


async def test_a_failing_and_a_slow_command_say_so(root: Path, copies: Path) -> None:
    view = workspace(root, {})
    assert (await run(view, "echo no >&2; exit 2", copies)).exit_code == 2
    slow = await StagedCommands(yes, os.environ, copies).run("echo begun; sleep 1000", root, 0.5, view)
    assert (slow.timed_out, slow.exit_code, slow.output) == (True, None, "begun\n")
    assert names(copies) == []


async def test_long_output_keeps_both_ends_and_counts_the_rest(root: Path, copies: Path) -> None:
    result = await run(workspace(root, {}), "seq 1 100000", copies)
    assert result.output.startswith("1\n2\n")
    assert result.output.endswith("99999\n100000\n")
    assert f"[... {result.cut} bytes left out ...]" in result.output
    assert len(result.output) < 17_000


async def test_cancelling_removes_processes_and_copy(root: Path, copies: Path) -> None:
    os.mkfifo(copies.parent / "pid")
    view = workspace(root, {"a.txt": "x"})
    task = asyncio.create_task(run(view, f"echo $$ > {copies.parent}/pid; sleep 1000", copies))
    (pid,) = await lines_of(copies.parent / "pid", 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int(pid))
    assert names(copies) == []


async def test_what_a_killed_server_left_is_cleared_away(root: Path, copies: Path) -> None:
    stale, recent = copies / "devstral-ls-copy-old", copies / "devstral-ls-copy-new"
    for folder in (stale, recent):
        (folder / "proj").mkdir(parents=True)
    os.utime(stale, (0, 0))
    await run(workspace(root, {}), "true", copies)
    assert names(copies) == [recent.name]


async def test_a_gone_workspace_is_told_to_the_user(root: Path, copies: Path) -> None:
    view = workspace(root, {})
    remove_tree(root)
    with pytest.raises(WorkspaceGone):
        await run(view, "true", copies)


async def test_a_directory_outside_and_a_whole_file_system_are_refused(root: Path, copies: Path) -> None:
    with pytest.raises(CommandRefused, match="not in the workspace"):
        await run(workspace(root, {}), "true", copies, copies)
    with pytest.raises(CommandRefused, match="whole file system"):
        await run(View([Path("/")], Opened(), Overlay()), "true", copies, root)


async def test_an_editable_install_in_the_copy_uses_the_staged_sources(root: Path, copies: Path) -> None:
    view = workspace(root, {"src/app.py": "NAME = 'disk'\n"})
    create = await asyncio.create_subprocess_exec(sys.executable, "-m", "venv", "--without-pip", str(root / ".venv"))
    assert await create.wait() == 0
    (packages,) = (root / ".venv" / "lib").glob("python*/site-packages")
    (packages / "app.pth").write_text(f"{root}/src\n")
    script = root / ".venv" / "bin" / "app"
    script.write_text(f"#!{root}/.venv/bin/python\nimport app; print(app.NAME, app.__file__)\n")
    script.chmod(0o755)
    view.stage(root / "src" / "app.py", "NAME = 'staged'\n")
    environ = {"PATH": f"{root}/.venv/bin{os.pathsep}{os.environ['PATH']}"}
    result = await StagedCommands(yes, environ, copies).run("app; .venv/bin/app", root, 60, view)
    assert result.output == f"staged {root}/src/app.py\n" * 2
