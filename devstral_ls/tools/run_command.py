"""run_command: a shell command on the workspace as it would be with the staged edits."""

from __future__ import annotations

from dataclasses import dataclass

from devstral_ls.errors import CommandRefused
from devstral_ls.tools.show import existing, folders
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

SECONDS = 120
MOST_SECONDS = 1800
"""The default time limit and the longest that may be asked for."""


@dataclass(frozen=True, slots=True)
class RunCommand:
    command: str = parameter("Shell command, e.g. 'python -m pytest -q tests'.", "python -m pytest -q")
    working_directory: str | None = parameter("Directory to run in, by default the workspace.", "backend", None)
    timeout: int | None = parameter("Seconds, 120 by default.", 300, None, low=1)


async def run(arguments: RunCommand, context: ToolContext) -> ToolOutput:
    view = context.view
    if context.commands is None:
        raise CommandRefused("Commands are turned off here. Go on without running anything, and say what was not run.")
    if not arguments.command.strip():
        raise CommandRefused("The command is empty.")
    directory = await existing(view, arguments.working_directory) if arguments.working_directory else folders(view)[0]
    if not view.is_dir(directory):
        raise CommandRefused(f"{view.show(directory)} is a file; working_directory must be a directory.")
    limit = min(arguments.timeout or SECONDS, MOST_SECONDS)
    result = await context.commands.run(arguments.command, directory, limit, view, context.told)
    if result.timed_out:
        outcome = f"timed out after {limit} s and was killed; give a longer timeout, or run less"
    elif result.exit_code is None:
        outcome = f"killed after {result.duration:.1f} s"
    else:
        outcome = f"exit code {result.exit_code} after {result.duration:.1f} s"
    notes = "".join(f"\n[{note}]" for note in result.notes)
    text = f"[{outcome}]\n{result.output.rstrip() or '(no output)'}{notes}"
    return ToolOutput(text, outcome, result.staged[0] if result.staged else None)


RUN_COMMAND = tool(
    "run_command",
    "Run a shell command (tests, builds, linters, formatters, git) on the workspace with your staged edits. No input, "
    "no network by default; text files it changes become staged edits, anything else it writes is lost.",
    RunCommand,
    run,
    lambda arguments: f"run {arguments.command}",
)
