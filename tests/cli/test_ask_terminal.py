"""`devstral-ls ask` on a real terminal: it asks before it writes or runs anything."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer

from .running import PATIENCE, call, environ, script
from .test_ask import AFTER, BEFORE, FIX

if sys.platform == "win32":
    pytest.skip("has no pseudo-terminals", allow_module_level=True)

import pty


class Typed:
    """A process on a pseudo-terminal."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.seen = ""

    async def until(self, text: str) -> None:
        """Returns when the screen has shown `text`."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.seen:
                self.seen += (await asyncio.to_thread(os.read, self._terminal, 4096)).decode(errors="replace")

    async def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    async def end(self) -> int:
        """The exit code; `seen` is complete then."""
        with_rest = asyncio.ensure_future(self._rest())
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        await with_rest
        return code

    async def _rest(self) -> None:
        try:
            while data := await asyncio.to_thread(os.read, self._terminal, 4096):
                self.seen += data.decode(errors="replace")
        except OSError:
            return  # how Linux says that the other end is closed


@asynccontextmanager
async def on_a_terminal(*arguments: str, cwd: Path, home: Path) -> AsyncIterator[Typed]:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "devstral_ls", *arguments),
        cwd=cwd,
        env=environ(home, TERM="xterm-256color", COLUMNS="60"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield Typed(process, ours)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "calc.py").write_bytes(BEFORE)
    return folder


RUN_AND_FIX = script(
    {"calls": [call("run_command", command="echo it ran"), call("read_file", file_path="calc.py")]},
    {"calls": [call("edit_file", file_path="calc.py", old_string="return a - b", new_string="return a + b")]},
    {"text": "It subtracted."},
)


@pytest.mark.parametrize(("answer", "yes"), [("y\n", True), ("\n", False)])
async def test_commands_and_edits_wait_for_a_yes(project: Path, tmp_path: Path, answer: str, yes: bool) -> None:
    with ScriptedServer(RUN_AND_FIX) as model:
        async with on_a_terminal("ask", "fix", "--base-url", model.base_url, cwd=project, home=tmp_path) as typed:
            await typed.until("Run it? [y/N] ")
            assert "echo it ran" in typed.seen
            await typed.type(answer)
            await typed.until("Apply? [y/N] ")
            assert "\x1b[32m+    return a + b" in typed.seen
            assert (project / "calc.py").read_bytes() == BEFORE
            await typed.type(answer)
            assert await typed.end() == 0
        results = [message["content"] for message in model.requests[1]["messages"] if message["role"] == "tool"]
    assert any("it ran" in text for text in results) is yes
    assert (project / "calc.py").read_bytes() == (AFTER if yes else BEFORE)
    assert ("applied to calc.py" if yes else "nothing was applied") in typed.seen


async def test_a_file_that_changed_meanwhile_is_not_overwritten(project: Path, tmp_path: Path) -> None:
    with ScriptedServer(FIX) as model:
        asking = ("ask", "fix", "--file", "calc.py", "--base-url", model.base_url)
        async with on_a_terminal(*asking, cwd=project, home=tmp_path) as typed:
            await typed.until("Apply? [y/N] ")
            (project / "calc.py").write_bytes(b"mine now\n")
            await typed.type("y\n")
            assert await typed.end() == 3
    assert "changed by another program" in typed.seen
    assert (project / "calc.py").read_bytes() == b"mine now\n"


async def test_ctrl_c_at_the_question_applies_nothing(project: Path, tmp_path: Path) -> None:
    with ScriptedServer(FIX) as model:
        async with on_a_terminal("ask", "fix", "--base-url", model.base_url, cwd=project, home=tmp_path) as typed:
            await typed.until("Apply? [y/N] ")
            typed.process.send_signal(signal.SIGINT)
            assert await typed.end() == 130
    assert (project / "calc.py").read_bytes() == BEFORE
