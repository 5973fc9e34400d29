"""What the model is told: one system prompt that never changes, and the user's message with what the editor knows.

Dates, paths and the project's own instructions go into the user's message, so that the system prompt and the tool list
are the same bytes in every run and a server's prefix cache serves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import DevstralError
from devstral_ls.tools.show import numbered
from devstral_ls.workspace.view import View

GUIDANCE_LIMIT = 8 * 1024
SELECTION_LIMIT = 16 * 1024
"""Characters of AGENTS.md and of a selection that go into a message."""

DIAGNOSTICS_LIMIT = 50
OPEN_FILES_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines are 1-based and inclusive; text is the whole of them or what is selected in them."""

    text: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnostic, its file named as tools name it. origin: who reports it, with its code: `ruff F821`."""

    file: str
    line: int
    severity: str
    message: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class PromptContext:
    """What the user asked, and what the editor knows about it. Files are named as tools name them.

    notes: facts for the model, such as what became of the last proposal. guidance: `guidance(view)`, in the first
    message of a session.
    """

    instruction: str
    roots: Sequence[str] = ()
    file: str | None = None
    language: str | None = None
    selection: Selection | None = None
    diagnostics: Sequence[Problem] = ()
    open_files: Sequence[str] = ()
    notes: Sequence[str] = ()
    guidance: str = ""


@cache
def system_prompt() -> str:
    """The system prompt; the same in every session."""
    return files(__package__).joinpath("prompts/system.md").read_text(encoding="utf-8").strip()


def user_prompt(context: PromptContext) -> str:
    """The user's message: what the editor knows, then the instruction, which the model should read last."""
    parts = []
    if context.guidance:
        parts.append(f"<agents_md>\n{context.guidance.strip()}\n</agents_md>")
    facts = _facts(context)
    if facts:
        parts.append("<editor>\n" + "\n".join(facts) + "\n</editor>")
    parts.append(context.instruction.strip())
    return "\n\n".join(parts)


def guidance(view: View) -> str:
    """The text of AGENTS.md in the workspace's root, bounded; "" when there is none."""
    for root in view.roots:
        path = root / "AGENTS.md"
        try:
            text = view.read(path).text if view.exists(path) else ""
        except DevstralError as error:
            return f"(AGENTS.md can't be read: {error})"
        if text.strip():
            if len(text) > GUIDANCE_LIMIT:
                return f"{text[:GUIDANCE_LIMIT]}\n[cut: read_file AGENTS.md has the rest]"
            return text
    return ""


def _facts(context: PromptContext) -> list[str]:
    facts = list(context.notes)
    if context.roots:
        facts.append(f"Workspace: {', '.join(context.roots)}")
    if context.file:
        facts.append(f"Current file: {context.file}" + (f" ({context.language})" if context.language else ""))
    if context.open_files:
        shown = context.open_files[:OPEN_FILES_LIMIT]
        more = len(context.open_files) - len(shown)
        facts.append(f"Open files: {', '.join(shown)}" + (f" and {more} more" if more else ""))
    if context.selection:
        facts += _selected(context.selection)
    if context.diagnostics:
        facts.append("Diagnostics:")
        facts += [diagnostic_line(problem) for problem in context.diagnostics[:DIAGNOSTICS_LIMIT]]
        more = len(context.diagnostics) - DIAGNOSTICS_LIMIT
        facts += [f"... and {more} more"] if more > 0 else []
    return facts


def _selected(selection: Selection) -> list[str]:
    text = selection.text[:SELECTION_LIMIT]
    lines = numbered(split_lines(text), selection.start_line)
    if len(text) < len(selection.text):
        lines.append("[cut: read_file has the rest]")
    where = f"{selection.start_line}-{selection.end_line}"
    return [f"The user selected lines {where} of it:", *lines]


def diagnostic_line(problem: Problem) -> str:
    """A diagnostic as linters print it."""
    origin = f" ({problem.origin})" if problem.origin else ""
    return f"{problem.file}:{problem.line}: {problem.severity}: {' '.join(problem.message.split())}{origin}"
