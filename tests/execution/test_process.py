from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from devstral_ls.execution import process
from devstral_ls.execution.process import Containment, best_containment
from tests.execution.processes import gone, is_gone, lines_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shells and signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the supervisor is for Linux")

ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath)}
BOTH: tuple[Containment, ...] = ("supervisor", "group") if sys.platform == "linux" else ("group",)
both = pytest.mark.parametrize("containment", BOTH)


async def run(
    command: str,
    directory: Path,
    timeout: float = 30,
    flood: int = process.FLOOD,
    containment: Containment | None = None,
) -> process.Ended:
    return await process.run(command, directory, ENVIRONMENT, timeout, flood=flood, containment=containment)


def text(ended: process.Ended) -> str:
    head, tail, _ = ended.output.shown()
    return head + tail


@both
async def test_both_streams_and_the_exit_code_are_returned(tmp_path: Path, containment: Containment) -> None:
    ended = await run("echo out; echo err >&2; pwd; exit 3", tmp_path, containment=containment)
    assert text(ended) == f"out\nerr\n{tmp_path}\n"
    assert (ended.exit_code, ended.timed_out, ended.flooded) == (3, False, False)


@both
async def test_a_command_that_dies_of_a_signal_has_the_shells_exit_code(
    tmp_path: Path, containment: Containment
) -> None:
    assert (await run("kill -9 $$", tmp_path, containment=containment)).exit_code == 137


@both
async def test_a_command_has_no_input_and_no_terminal(tmp_path: Path, containment: Containment) -> None:
    ended = await run("cat; tty; (: </dev/tty) 2>/dev/null || echo none", tmp_path, containment=containment)
    assert text(ended) == "not a tty\nnone\n"


@both
async def test_a_reader_that_stops_early_ends_its_writer_silently(tmp_path: Path, containment: Containment) -> None:
    assert text(await run("yes | head -1", tmp_path, containment=containment)) == "y\n"


@both
async def test_a_command_that_lasts_too_long_is_killed_with_its_children(
    tmp_path: Path, containment: Containment
) -> None:
    ended = await run("sleep 1000 & echo $!; sleep 1000", tmp_path, timeout=0.3, containment=containment)
    assert ended.timed_out
    assert ended.exit_code is None
    assert await gone(int(text(ended)))


@both
async def test_a_background_process_ends_with_the_command(tmp_path: Path, containment: Containment) -> None:
    ended = await run("sleep 1000 & echo $!", tmp_path, containment=containment)
    assert ended.exit_code == 0
    assert await gone(int(text(ended)))


@linux
async def test_a_daemon_that_left_session_environment_and_parent_ends_with_the_command(tmp_path: Path) -> None:
    ended = await run("env -i setsid -f sh -c 'echo $$; exec sleep 1000' | head -1", tmp_path)
    assert ended.exit_code == 0
    assert is_gone(int(text(ended)))


@both
async def test_endless_output_is_ended_and_takes_little_memory(tmp_path: Path, containment: Containment) -> None:
    ended = await run("yes", tmp_path, flood=2_000_000, containment=containment)
    assert ended.flooded
    assert ended.exit_code is None
    assert len(ended.output.head) + len(ended.output.tail) < 300_000


@both
async def test_a_cancelled_command_is_gone_when_its_caller_hears_of_it(
    tmp_path: Path, containment: Containment
) -> None:
    os.mkfifo(tmp_path / "pids")
    task = asyncio.create_task(
        run("(sleep 1000 & echo $!; echo $$) > pids; sleep 1000", tmp_path, containment=containment)
    )
    pids = await lines_of(tmp_path / "pids", 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        assert await gone(int(pid), seconds=0 if containment == "supervisor" else 20)


async def test_a_command_cancelled_twice_is_still_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")
    task = asyncio.create_task(run("echo $$ > pids; sleep 1000", tmp_path))
    (pid,) = await lines_of(tmp_path / "pids", 1)
    task.cancel()
    await asyncio.wait({task}, timeout=0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int(pid))


@linux
async def test_a_killed_server_takes_the_command_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")
    program = (
        "import asyncio, os; from pathlib import Path; from devstral_ls.execution import process; "
        "asyncio.run(process.run('echo $$ > pids; sleep 1000', Path.cwd(), dict(os.environ), 60))"
    )
    root = str(Path(process.__file__).parents[2])
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=tmp_path, env=os.environ | {"PYTHONPATH": root}
    )
    (pid,) = await lines_of(tmp_path / "pids", 1)
    server.kill()
    await server.wait()
    assert await gone(int(pid))


async def test_only_the_given_environment_is_seen(tmp_path: Path) -> None:
    ended = await process.run("env", tmp_path, ENVIRONMENT | {"SEEN": "1"}, 30)
    names = {line.partition("=")[0] for line in text(ended).splitlines()}
    assert names <= {"PATH", "SEEN", "PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"}


async def test_a_program_that_is_not_there_ends_with_a_message(tmp_path: Path) -> None:
    ended = await run("no-such-program-here", tmp_path)
    assert ended.exit_code == 127
    assert "not found" in text(ended)


async def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        await run("true", tmp_path / "missing")


def test_each_platform_has_a_way_to_hold_a_tree_together() -> None:
    assert [best_containment(platform) for platform in ("linux", "darwin", "win32", "freebsd14")] == [
        "supervisor",
        "group",
        "windows",
        "group",
    ]
