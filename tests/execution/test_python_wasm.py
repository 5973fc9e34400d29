"""Python code in WebAssembly, where there is a Python that has it: this one, or the one `make test-wasm` sets up."""

# Nothing else is going on in a test's event loop.
# ruff: noqa: ASYNC110

from __future__ import annotations

import asyncio
import http.server
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstral_ls.allowed_hosts import allowed_hosts
from devstral_ls.errors import CommandRefused
from devstral_ls.execution.python_wasm import WasmPython
from devstral_ls.execution.rungs import WASM, Rung
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.tools.python import PythonResult
from devstral_ls.workspace.view import View
from tests.execution.processes import gone
from tests.execution.sandboxes import running
from tests.tools.workspaces import names, workspace

CACHED = Path(__file__).parents[2] / ".cache" / "wasm" / "bin" / "python"


def interpreter() -> str | None:
    if CACHED.exists():
        return str(CACHED)
    try:
        import eryx  # noqa: F401
    except ImportError:
        return None
    return sys.executable


PYTHON = interpreter()
needs_wasm = pytest.mark.skipif(PYTHON is None, reason="make test-wasm installs what this needs")


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[AllSessionFiles]:
    made = AllSessionFiles(tmp_path / "sessions")
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


async def yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def run(
    view: View, sessions: AllSessionFiles, code: str, timeout: float = 60, allowed: tuple[str, ...] = ()
) -> PythonResult:
    copies = view.roots[0].parent / "copies"
    copies.mkdir(exist_ok=True)
    interpreter = (PYTHON,) if PYTHON else None
    environ = {**os.environ, "RIZA_API_KEY": "sesame"}
    backend = WasmPython(yes, allowed_hosts(allowed), environ, sessions, copies=copies, interpreter=interpreter)
    done = await backend.run(code, timeout, view)
    assert names(copies) == []
    return done


@needs_wasm
async def test_streams_exit_code_time_and_id_come_back(root: Path, sessions: AllSessionFiles) -> None:
    view = workspace(root, {})
    done = await run(view, sessions, "import sys\nprint('out é')\nprint('err', file=sys.stderr)\nsys.exit(3)")
    assert (done.exit_code, done.stdout, done.stderr) == (3, "out é\n", "err\n")
    assert done.duration > 0
    assert done.id
    assert (await run(view, sessions, "import sys, json; print(sys.platform, __name__)")).stdout == "wasi __main__\n"


@needs_wasm
async def test_errors_are_tracebacks_that_quote_the_code(root: Path, sessions: AllSessionFiles) -> None:
    view = workspace(root, {})
    done = await run(view, sessions, "def f():\n    return 1 / 0  # here\nf()")
    assert done.exit_code == 1
    assert "return 1 / 0  # here" in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "SyntaxError" in (await run(view, sessions, "this is no python")).stderr
    assert (await run(view, sessions, "raise SystemExit('bye')")).stderr == "bye\n"
    assert (await run(view, sessions, "import os; os._exit(7)")).exit_code == 1


@needs_wasm
async def test_it_runs_in_the_workspace_and_what_it_writes_is_captured(root: Path, sessions: AllSessionFiles) -> None:
    view = workspace(root, {"a.txt": "disk\n", "gone.txt": "", ".env": "KEY=sesame\n"})
    view.stage(root / "a.txt", "staged\n")
    code = (
        "import os, pathlib\nprint(os.getcwd(), repr(pathlib.Path('.env').read_text()))\np = pathlib.Path('a.txt')\n"
        "p.write_text(p.read_text().upper())\npathlib.Path('new.txt').write_text('new\\n')\nos.remove('gone.txt')"
    )
    done = await run(view, sessions, code)
    assert done.stdout == f"{root} ''\n"
    assert {change.path: change.text for change in view.overlay.changes()} == {
        root / "a.txt": "STAGED\n",
        root / "new.txt": "new\n",
        root / "gone.txt": None,
    }
    assert len(done.staged) == 3
    assert (root / "a.txt").read_text() == "disk\n"


@needs_wasm
async def test_it_reaches_nothing_of_the_machine(root: Path, sessions: AllSessionFiles) -> None:
    code = (
        "import os, subprocess\nprint(os.path.exists('/etc/passwd'), 'sesame' in str(os.environ))\n"
        "try: subprocess.run(['ls'])\nexcept OSError as error: print('no processes')\n"
    )
    assert (await run(workspace(root, {}), sessions, code)).stdout == "False False\nno processes\n"


@needs_wasm
@pytest.mark.parametrize("allowed", [(), ("*",)])
async def test_it_has_no_network_but_what_is_listed_and_never_this_machine(
    root: Path, sessions: AllSessionFiles, allowed: tuple[str, ...]
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        code = (
            "import urllib.request\n"
            f"try: print(urllib.request.urlopen('http://127.0.0.1:{server.server_address[1]}/').status)\n"
            "except OSError as error: print('refused')"
        )
        done = await run(workspace(root, {}), sessions, code, allowed=allowed)
        server.shutdown()
        thread.join()
    assert done.stdout == "refused\n"


@needs_wasm
async def test_time_is_limited_and_what_was_printed_is_kept(root: Path, sessions: AllSessionFiles) -> None:
    done = await run(workspace(root, {}), sessions, "print('begun')\nwhile True: pass", timeout=2)
    assert (done.exit_code, done.timed_out, done.stdout) == (None, True, "begun\n")


@needs_wasm
async def test_a_cancel_ends_the_process_and_leaves_no_copy(root: Path, sessions: AllSessionFiles) -> None:
    view = workspace(root, {})
    holder = str(root.parent / "copies")
    task = asyncio.create_task(run(view, sessions, "while True: pass"))
    while not (found := running(f"wasm_child.py\0{holder}")):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in found:
        assert await gone(pid)
    assert names(root.parent / "copies") == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python could have it")
async def test_an_older_python_says_which_is_needed(root: Path, sessions: AllSessionFiles) -> None:
    backend = WasmPython(yes, allowed_hosts(()), os.environ, sessions)
    with pytest.raises(CommandRefused, match=r"needs Python 3\.12 or newer, and devstral-ls runs on 3\.11\. Tell the"):
        await backend.run("1", 5, workspace(root, {}))


@needs_wasm
async def test_nothing_is_executed_unless_the_user_says_yes(root: Path, sessions: AllSessionFiles) -> None:
    asked: list[Rung] = []

    async def no(command: str, directory: Path, rung: Rung) -> bool:
        asked.append(rung)
        return False

    backend = WasmPython(no, allowed_hosts(()), os.environ, sessions, interpreter=(str(PYTHON),))
    with pytest.raises(CommandRefused, match="did not allow this code"):
        await backend.run("1", 5, workspace(root, {}))
    assert asked == [WASM]
