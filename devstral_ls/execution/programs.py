"""What is run on the staged view: a line for the shell, or Python code. How each is started, wherever it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.execution.interpreter import OPTIONS, base_python
from devstral_ls.execution.process import shell_argv
from devstral_ls.execution.relocate import replace_paths

SCRIPT = "exec_python.py"
"""The name of the file that the code is in, which is what tracebacks call it."""


@dataclass(frozen=True, slots=True)
class Started:
    """program: a text is for the platform's shell. written: files it finds. apart: its streams are kept apart."""

    program: str | list[str]
    written: dict[str, bytes] = field(default_factory=dict)
    apart: bool = False

    @property
    def argv(self) -> list[str]:
        return shell_argv(self.program) if isinstance(self.program, str) else self.program


@dataclass(frozen=True, slots=True)
class ShellLine:
    """A command."""

    line: str
    title: str = "command"

    def start(self, temporary: Path, moves: Sequence[tuple[str, str]] = ()) -> Started:
        """How it is started. temporary: a folder of its own. moves: what paths of the workspace are called there."""
        return Started(replace_paths(self.line, moves))


@dataclass(frozen=True, slots=True)
class PythonCode:
    """Code for an interpreter that knows nothing of the user's."""

    code: str
    title: str = "code"

    def start(self, temporary: Path, moves: Sequence[tuple[str, str]] = ()) -> Started:
        """As `ShellLine.start`. In a file, it may be of any length, and tracebacks can quote it."""
        script = str(temporary / SCRIPT)
        content = replace_paths(self.code, moves).encode("utf-8", "surrogatepass")
        return Started([base_python(), *OPTIONS, script], {script: content}, apart=True)


Program = ShellLine | PythonCode
