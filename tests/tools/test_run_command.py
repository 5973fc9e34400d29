from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devstral_ls.errors import CommandRefused, InvalidArguments, PathRefused
from devstral_ls.tools.commands import CommandResult, Told
from devstral_ls.tools.python import Python
from devstral_ls.tools.run_command import RUN_COMMAND
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.view import View
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]


@dataclass
class Recorded:
    """Commands that give one result and are remembered."""

    result: CommandResult
    python: Python | None = None
    asked: list[tuple[str, Path, float]] = field(default_factory=list)

    async def run(
        self, command: str, directory: Path, timeout: float, view: View, told: Told | None = None
    ) -> CommandResult:
        self.asked.append((command, directory, timeout))
        return self.result


DONE = CommandResult(1, "1 failed\n", 0.25, False, 0)


async def test_exit_code_duration_and_output_are_told(given: Given) -> None:
    context = replace(given({}), commands=Recorded(DONE))
    assert await call(context, "run_command", command="pytest") == "[exit code 1 after 0.2 s]\n1 failed"


async def test_silence_is_told(given: Given) -> None:
    context = replace(given({}), commands=Recorded(CommandResult(0, "", 0.0, False, 0)))
    assert await call(context, "run_command", command="true") == "[exit code 0 after 0.0 s]\n(no output)"


async def test_a_time_out_is_told_with_what_was_printed(given: Given) -> None:
    context = replace(given({}), commands=Recorded(CommandResult(None, "begun", 5.0, True, 0)))
    text = await call(context, "run_command", command="sleep 9", timeout=5)
    assert text.startswith("[timed out after 5 s and was killed")
    assert text.endswith("\nbegun")


async def test_directory_and_time_limit_are_passed_on(given: Given, tmp_path: Path) -> None:
    commands = Recorded(DONE)
    context = replace(given({"src/a.py": ""}), commands=commands)
    await call(context, "run_command", command="a")
    await call(context, "run_command", command="b", working_directory="src", timeout="7")
    await call(context, "run_command", command="c", timeout=10**9)
    assert commands.asked == [("a", tmp_path, 120), ("b", tmp_path / "src", 7), ("c", tmp_path, 1800)]


async def test_commands_that_are_off_empty_or_elsewhere_are_refused(given: Given) -> None:
    context = given({"a.py": ""})
    with pytest.raises(CommandRefused, match="turned off"):
        await call(context, "run_command", command="ls")
    context = replace(context, commands=Recorded(DONE))
    with pytest.raises(CommandRefused, match="empty"):
        await call(context, "run_command", command="  ")
    with pytest.raises(CommandRefused, match="must be a directory"):
        await call(context, "run_command", command="ls", working_directory="a.py")
    with pytest.raises(PathRefused):
        await call(context, "run_command", command="ls", working_directory="/")
    with pytest.raises(InvalidArguments):
        await call(context, "run_command", command="ls", timeout=0)


async def test_what_the_command_changed_is_told_and_counts_as_an_edit(given: Given, tmp_path: Path) -> None:
    notes = ("Changed by the command, staged as edits: a.py", "Changed by the command, not kept because ...: b.bin")
    done = CommandResult(0, "formatted\n", 0.25, False, 0, (tmp_path / "a.py",), notes)
    context = replace(given({}), commands=Recorded(done))
    text = await call(context, "run_command", command="black .")
    assert text == f"[exit code 0 after 0.2 s]\nformatted\n[{notes[0]}]\n[{notes[1]}]"
    output = await RUN_COMMAND.run({"command": "black ."}, context)
    assert output.staged == tmp_path / "a.py"
