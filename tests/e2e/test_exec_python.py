"""Python code from the model's call to what its user sees, with each of the settings that say who executes it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devstral_ls.execution.ladder import find_bwrap
from tests.doubles.editor import HELIX, NEOVIM
from tests.doubles.raw import PATIENCE
from tests.doubles.riza import KEY, executed, riza
from tests.e2e.stage import Json, Stages, call, command, say
from tests.execution.processes import gone
from tests.execution.sandboxes import running

pytestmark = pytest.mark.asyncio(loop_scope="session")

sandboxed = pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap")


def python(code: str, **more: object) -> Json:
    return call("exec_python", code=code, **more)


def home_with(folder: Path, text: str) -> Path:
    file = folder / "home" / "config" / "devstral-ls" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return folder / "home"


@sandboxed
async def test_code_asks_runs_in_the_sandbox_and_what_it_writes_is_reviewed(stages: Stages) -> None:
    code = "from pathlib import Path\np = Path('a.txt')\np.write_text(p.read_text().upper())\nprint(6 * 7)"
    person = replace(NEOVIM, picks=("Always allow", "Apply"))
    async with stages.own(person, {"a.txt": "one\n"}, [python(code), say("x"), python(code), say("x")]) as at:
        await at.run()
        assert at.results()[-1].startswith("[exit code 0 after ")
        assert "\n42\n" in at.results()[-1]
        asked = [each for each in at.editor.questions if "Run once" in str(each["actions"])]
        assert [each["message"].endswith(f":\n{code}") for each in asked] == [True]
        assert asked[0]["message"].startswith(f"Devstral wants to execute Python in {at.folder}, in a sandbox (")
        assert at.seen("a.txt") == "ONE\n"
        (known,) = await at.editor.command("devstral.approvals")
        assert (known["command"], known["language"]) == (code, "python")
        await at.run()
        assert len([each for each in at.editor.questions if "Run once" in str(each["actions"])]) == 1


async def test_code_that_is_denied_is_not_executed(stages: Stages) -> None:
    person = replace(NEOVIM, picks=("Deny",))
    async with stages.own(person, {}, [python("print(6 * 7)"), say("x")]) as at:
        await at.run()
        assert "did not allow this code" in at.results()[-1]


@pytest.mark.parametrize("text", ['[execution.python]\nbackend = "off"\n', "[execution]\nenabled = false\n"])
async def test_turned_off_it_is_refused(stages: Stages, tmp_path: Path, text: str) -> None:
    async with stages.own(NEOVIM, {}, [python("print(6 * 7)"), say("x")], home=home_with(tmp_path, text)) as at:
        await at.run()
        assert "Executing Python is turned off here" in at.results()[-1]


async def test_an_editor_can_set_neither_who_executes_it_nor_what_it_reaches(stages: Stages) -> None:
    options = {"execution.python.backend": "riza", "execution.network.allow": ["*"]}
    async with stages.own(NEOVIM, {}, [say("x")], options=options) as at:
        for key in options:
            assert await at.told(f"devstral.{key} (initializationOptions) is left out: a workspace could set it there.")


async def test_riza_executes_it_and_the_key_is_nowhere_else(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, '[execution.python]\nbackend = "riza"\n[execution.network]\nallow = ["pkg.test"]\n')
    turns = [python("print(1)", timeout=5), command("env"), say("x")]
    with riza(executed("from riza\n", id="01ABC")) as there:
        env = {"RIZA_API_KEY": KEY, "RIZA_BASE_URL": there.url}
        arguments = ("--log-level", "debug")
        async with stages.own(NEOVIM, {}, turns, home=home, env=env, arguments=arguments) as at:
            await at.run()
            (first, second) = at.results()
            assert first.startswith("[exit code 0 after 0.0 s, id 01ABC]\nfrom riza\n")
            assert "in a sandbox at Riza, to which the code is sent" in at.editor.questions[0]["message"]
            assert "CI=1" in second
            assert KEY not in second
            assert KEY not in str(at.model.requests)
            assert KEY.encode() not in at.editor.server.stderr
        assert there.requests[0] == {
            "code": "print(1)",
            "language": "python",
            "limits": {"execution_timeout": 5},
            "http": {"allow": [{"host": "pkg.test"}]},
        }
    kept = [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []


async def test_riza_without_a_key_says_what_to_set(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, '[execution.python]\nbackend = "riza"\n')
    async with stages.own(NEOVIM, {}, [python("print(1)"), say("x")], home=home) as at:
        await at.run()
        assert "Tell the user to set RIZA_API_KEY" in at.results()[-1]
        assert at.editor.questions == []


@contextmanager
def page() -> Iterator[int]:
    """The port of a web server of this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a page\n")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@sandboxed
async def test_the_hosts_that_the_user_lists_are_reached_and_no_other(stages: Stages, tmp_path: Path) -> None:
    get = (
        "import os, urllib.request\nos.environ['no_proxy'] = ''\n"
        "try: print(urllib.request.urlopen('http://{}').read())\nexcept OSError as error: print(error)"
    )
    with page() as port:
        home = home_with(tmp_path, f'[execution.network]\nallow = ["127.0.0.1:{port}"]\n')
        turns = [python(get.format(f"127.0.0.1:{port}")), python(get.format("elsewhere.example")), say("x")]
        async with stages.own(NEOVIM, {}, turns, home=home) as at:
            await at.run()
            reached, refused = at.results()
            assert "b'a page\\n'" in reached
            assert "HTTP Error 403" in refused
            assert "execution.network.allow lists; refused: elsewhere.example:80]" in refused
            assert f"that reaches 127.0.0.1:{port}:" in at.editor.questions[0]["message"]


@sandboxed
@pytest.mark.parametrize("way", ["cancel", "end of input"])
async def test_its_whole_process_tree_is_killed(stages: Stages, way: str) -> None:
    marker = f"98763{os.getpid()}"
    code = (
        f"import subprocess\nsubprocess.Popen(['sleep', '{marker}'], start_new_session=True)\n"
        f"print('begun')\nsubprocess.run(['sleep', '{marker}'])"
    )
    async with stages.own(HELIX, {}, [python(code)]) as at:
        await at.start()
        async with asyncio.timeout(PATIENCE):
            while len(pids := running(f"sleep\0{marker}")) < 2:
                await at.settled()
        if way == "cancel":
            await at.editor.command("devstral.cancel")
            await at.ends()
        else:
            at.editor.server.close_input()
            assert await at.editor.server.ended() == 1
        assert [await gone(pid) for pid in pids] == [True] * len(pids)
