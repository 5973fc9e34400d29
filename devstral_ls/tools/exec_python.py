"""exec_python: Python code, run apart from everything."""

from __future__ import annotations

from dataclasses import dataclass

from devstral_ls.errors import CommandRefused
from devstral_ls.tools.python import PythonResult
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

SECONDS = 60
MOST_SECONDS = 1800
"""The default time limit and the longest that may be asked for."""


@dataclass(frozen=True, slots=True)
class ExecPython:
    code: str = parameter("The Python code to execute.", "print(sum(range(10)))")
    timeout: int | None = parameter("Seconds, 60 by default.", 300, None, low=1)


async def run(arguments: ExecPython, context: ToolContext) -> ToolOutput:
    python = context.commands.python if context.commands is not None else None
    if python is None:
        raise CommandRefused("Executing Python is turned off here. Go on without it, and say what was not executed.")
    if not arguments.code.strip():
        raise CommandRefused("The code is empty.")
    limit = min(arguments.timeout or SECONDS, MOST_SECONDS)
    result = await python.run(arguments.code, limit, context.view, context.told)
    outcome = _outcome(result, limit)
    return ToolOutput(_text(result, outcome), outcome, result.staged[0] if result.staged else None)


def _outcome(result: PythonResult, limit: int) -> str:
    if result.timed_out:
        return f"timed out after {limit} s and was killed; give a longer timeout, or do less, id {result.id}"
    if result.exit_code is None:
        return f"killed after {result.duration:.1f} s, id {result.id}"
    return f"exit code {result.exit_code} after {result.duration:.1f} s, id {result.id}"


def _text(result: PythonResult, outcome: str) -> str:
    """What it printed, and what went wrong under a heading of its own."""
    printed, wrong = result.stdout.rstrip(), result.stderr.rstrip()
    parts = [f"[{outcome}]"]
    if printed or not wrong:
        parts.append(printed or "(no output: print what you want to know)")
    if wrong:
        parts += ["[stderr]", wrong]
    return "\n".join([*parts, *(f"[{note}]" for note in result.notes)])


EXEC_PYTHON = tool(
    "exec_python",
    "Execute Python (standard library) to solve problems. Always print output to stdout. No input, no network by "
    "default; text files it changes become staged edits.",
    ExecPython,
    run,
    lambda arguments: f"python {arguments.code.strip()}",
)
