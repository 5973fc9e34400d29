"""Python code in the sandbox of commands, as root and as an ordinary user."""

# Nothing else is going on in a test's event loop.
# ruff: noqa: ASYNC110

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from devstral_ls.errors import CommandRefused
from devstral_ls.execution.ladder import Ladder, find_bwrap
from devstral_ls.execution.python_local import LocalPython
from devstral_ls.execution.rungs import Rung
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.execution.staged_run import StagedRun
from tests.execution.processes import gone
from tests.execution.sandboxes import Sandbox, kill, people, running, sandbox
from tests.tools.workspaces import names, workspace

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]

WAYS = [(who, rung) for who in people() for rung in ("1", "2")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=WAYS, ids=lambda way: f"{way[0]}-rung-{way[1]}")
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    who, rung = request.param
    async with sandbox(who, rung) as made:
        reached = await made.ask({})
        if reached["rung"] != rung:
            pytest.skip(f"this rung is out of reach here: {reached['why']}")
        yield made


@pytest.fixture
def box(shared: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, with an empty workspace."""
    yield shared
    shutil.rmtree(shared.root)
    shared.root.mkdir()
    shared.give(shared.root)


async def test_both_streams_the_exit_code_the_time_and_an_id_come_back(box: Sandbox) -> None:
    done = await box.python(
        "import sys, time\ntime.sleep(0.1)\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)"
    )
    assert (done.exit_code, done.stdout, done.stderr, done.timed_out) == (3, "out\n", "err\n", False)
    assert done.duration >= 0.1
    assert done.id
    assert done.id != (await box.python("")).id


async def test_the_standard_library_is_there_and_nothing_of_the_users_own(box: Sandbox) -> None:
    (box.home / ".local").mkdir(exist_ok=True)
    code = "import json, sqlite3, ssl, sys, decimal\nprint(sys.flags.isolated, sys.stdin.read() == '', 'é')"
    assert (await box.python(code)).stdout == "1 True é\n"


async def test_an_error_is_a_traceback_that_quotes_the_code(box: Sandbox) -> None:
    done = await box.python("def f():\n    return 1 / 0  # here\nf()")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "return 1 / 0  # here" in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


async def test_it_runs_in_the_workspace_on_staged_text_and_what_it_writes_is_captured(box: Sandbox) -> None:
    box.put("a.txt", "disk\n")
    box.put("gone.txt", "x\n")
    code = (
        "import os, pathlib\nprint(os.getcwd())\np = pathlib.Path('a.txt')\np.write_text(p.read_text().upper())\n"
        "pathlib.Path('new.txt').write_text('new\\n')\nos.remove('gone.txt')\npathlib.Path('b.bin').write_bytes(b'\\xff')"
    )
    done = await box.python(code, {"a.txt": "staged\n"})
    assert done.stdout == f"{box.root}\n"
    assert done.staged == {
        str(box.root / "a.txt"): "STAGED\n",
        str(box.root / "new.txt"): "new\n",
        str(box.root / "gone.txt"): None,
    }
    assert any("staged as edits" in note for note in done.notes)
    assert any("b.bin" in note and "no text" in note for note in done.notes)
    assert (box.root / "a.txt").read_text() == "disk\n"
    assert not (box.root / "new.txt").exists()


async def test_it_reaches_no_network_no_home_and_no_key(box: Sandbox) -> None:
    code = (
        "import os, socket\n"
        f"print(os.path.exists('{box.home}/.secret'), 'sesame' in str(os.environ))\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), 5)\nexcept OSError as error:\n    print(error.errno)"
    )
    assert (await box.python(code)).stdout == "False False\n101\n"


async def test_much_output_keeps_its_ends_and_no_stream_hides_anything(box: Sandbox) -> None:
    code = (
        "import sys\nprint('first')\nfor n in range(100_000): print(n)\nprint('last')\n"
        "print('\\x1b[31mred\\x1b[0m \\u202eevil', file=sys.stderr)"
    )
    done = await box.python(code)
    assert done.stdout.startswith("first\n0\n")
    assert done.stdout.endswith("99999\nlast\n")
    assert "bytes left out" in done.stdout
    assert len(done.stdout) < 17_000
    assert done.stderr == "red evil\n"


async def test_output_without_end_is_killed(box: Sandbox) -> None:
    done = await box.python("import sys\nwhile True: sys.stderr.write('x' * 10**6)")
    assert done.exit_code is None
    assert "killed: it printed more than" in done.stderr


async def test_code_of_any_length_is_executed_and_its_name_is_main(box: Sandbox) -> None:
    code = f"x = '''{'y' * 300_000}'''\nif __name__ == '__main__': print(len(x))"
    assert (await box.python(code)).stdout == "300000\n"


async def test_time_is_limited_and_children_and_daemons_end_too(box: Sandbox) -> None:
    code = (
        "import subprocess, time\nprint('begun')\n"
        "subprocess.Popen(['sh', '-c', 'exec sleep 987654'], start_new_session=True)\ntime.sleep(1000)"
    )
    done = await box.python(code, timeout=1.5)
    assert (done.exit_code, done.timed_out, done.stdout) == (None, True, "begun\n")
    assert running("sleep\0" + "987654") == []


async def test_memory_is_limited(box: Sandbox) -> None:
    done = await box.python("x = bytearray(2 * 10**9)", limits={"data": 2**29})
    assert done.exit_code == 1
    assert "MemoryError" in done.stderr


@pytest.mark.parametrize("who", people())
async def test_code_ends_with_a_server_that_is_killed(who: str) -> None:
    async with sandbox("root" if who == "root" else "user") as box:
        await box.ask({})
        task = asyncio.create_task(box.python("import time; time.sleep(76543)"))
        while not (found := running("/tmp/exec_python.py")):
            await asyncio.sleep(0.01)
        kill(box.process)
        with pytest.raises(AssertionError, match="guest is gone"):
            await task
        for pid in found:
            assert await gone(pid)


async def test_without_namespaces_it_runs_in_a_copy_that_is_held_in() -> None:
    async with sandbox("user", "3") as box:
        reached = await box.ask({})
        if reached["rung"] != "3":
            pytest.skip(f"this rung is out of reach here: {reached['why']}")
        box.put("a.txt", "disk\n")
        code = (
            "import os, socket\nprint(open('a.txt').read(), os.getcwd())\nopen('new.txt', 'w').write('x')\n"
            f"try: open('{box.root}/out', 'w')\nexcept OSError as error: print(error.errno)\n"
            "try: socket.socket()\nexcept OSError as error: print(error.errno)"
        )
        done = await box.python(code, {"a.txt": "staged\n"})
        assert done.stdout.startswith(f"staged\n {box.root}\n")
        assert done.staged == {str(box.root / "a.txt"): "staged\n"}
        assert any("is lost" in note for note in done.notes)
        assert not (box.root / "new.txt").exists()
        assert not (box.root / "out").exists()


async def yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def test_with_the_sandbox_off_it_runs_in_a_copy_and_reads_no_input(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    view = workspace(tmp_path / "project", {"a.txt": "disk\n"})
    (tmp_path / "copies").mkdir()
    run = StagedRun(os.environ, tmp_path / "copies")
    code = "import sys\nprint(open('a.txt').read(), sys.stdin.read() == '')\nopen('new', 'w')\nraise SystemExit('bye')"
    done = await LocalPython(yes, run).run(code, 60, view)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "disk\n True\n", "bye\n")
    assert names(tmp_path / "project") == ["a.txt"]
    assert names(tmp_path / "copies") == []


async def test_where_no_sandbox_works_it_is_refused_like_a_command(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    view = workspace(tmp_path / "project", {})
    ladder = Ladder(os.environ, AllSessionFiles(tmp_path / "sessions"), only=frozenset())
    with pytest.raises(CommandRefused, match="can't run here safely"):
        await LocalPython(yes, StagedRun(ladder=ladder)).run("print(1)", 60, view)
    ladder.close()
