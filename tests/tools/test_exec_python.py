from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devstral_ls.errors import CommandRefused, InvalidArguments
from devstral_ls.tools.commands import CommandResult, Told
from devstral_ls.tools.exec_python import EXEC_PYTHON
from devstral_ls.tools.python import Python, PythonResult
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.view import View
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]


@dataclass
class Recorded:
    """Python that gives one result, and is remembered."""

    result: PythonResult
    asked: list[tuple[str, float]] = field(default_factory=list)

    async def run(self, code: str, timeout: float, view: View, told: Told | None = None) -> PythonResult:
        self.asked.append((code, timeout))
        return self.result


@dataclass
class NoShell:
    """Commands of which only Python is used here."""

    python: Python | None

    async def run(
        self, command: str, directory: Path, timeout: float, view: View, told: Told | None = None
    ) -> CommandResult:
        raise AssertionError("no command was asked for")


DONE = PythonResult("a1", 0.25, 0, "55\n", "")


async def reply(given: Given, result: PythonResult) -> str:
    context = replace(given({}), commands=NoShell(Recorded(result)))
    return await call(context, "exec_python", code="print(55)")


async def test_exit_code_duration_id_and_output_are_told(given: Given) -> None:
    assert await reply(given, DONE) == "[exit code 0 after 0.2 s, id a1]\n55"


async def test_the_streams_are_told_apart(given: Given) -> None:
    failed = replace(DONE, exit_code=1, stderr="Traceback\nOops\n")
    assert await reply(given, failed) == "[exit code 1 after 0.2 s, id a1]\n55\n[stderr]\nTraceback\nOops"
    silent = replace(failed, stdout="")
    assert await reply(given, silent) == "[exit code 1 after 0.2 s, id a1]\n[stderr]\nTraceback\nOops"


async def test_silence_is_told_with_what_to_do(given: Given) -> None:
    text = await reply(given, replace(DONE, stdout=""))
    assert text == "[exit code 0 after 0.2 s, id a1]\n(no output: print what you want to know)"


async def test_a_time_out_is_told_with_what_was_printed(given: Given) -> None:
    text = await reply(given, replace(DONE, exit_code=None, timed_out=True))
    assert text.startswith("[timed out after 60 s and was killed")
    assert text.endswith("\n55")
    assert (await reply(given, replace(DONE, exit_code=None))).startswith("[killed after 0.2 s")


async def test_code_and_time_limit_are_passed_on_and_the_limit_is_bounded(given: Given) -> None:
    python = Recorded(DONE)
    context = replace(given({}), commands=NoShell(python))
    await call(context, "exec_python", code="a")
    await call(context, "exec_python", code="b", timeout="7")
    await call(context, "exec_python", code="c", timeout=10**9)
    assert python.asked == [("a", 60), ("b", 7), ("c", 1800)]


async def test_python_that_is_off_or_empty_is_refused(given: Given) -> None:
    with pytest.raises(CommandRefused, match="turned off"):
        await call(given({}), "exec_python", code="1")
    with pytest.raises(CommandRefused, match="turned off"):
        await call(replace(given({}), commands=NoShell(None)), "exec_python", code="1")
    context = replace(given({}), commands=NoShell(Recorded(DONE)))
    with pytest.raises(CommandRefused, match="empty"):
        await call(context, "exec_python", code=" \n")
    with pytest.raises(InvalidArguments, match="needs the parameter `code`"):
        await call(context, "exec_python")


async def test_what_the_code_changed_is_told_and_counts_as_an_edit(given: Given, tmp_path: Path) -> None:
    done = replace(DONE, staged=(tmp_path / "a.py",), notes=("Changed by the command, staged as edits: a.py",))
    assert (await reply(given, done)).endswith("\n55\n[Changed by the command, staged as edits: a.py]")
    context = replace(given({}), commands=NoShell(Recorded(done)))
    assert (await EXEC_PYTHON.run({"code": "1"}, context)).staged == tmp_path / "a.py"
