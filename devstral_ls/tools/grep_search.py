"""grep_search: lines that match a regular expression."""

from __future__ import annotations

from dataclasses import dataclass, replace

from devstral_ls.tools.show import existing, folders, left_out, shorten
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool
from devstral_ls.workspace.found import Query

MATCHES = 200
CHARACTERS = 30_000
LINE = 400
"""Matches, characters in all, and characters of one line shown at most."""

CONTEXT_LINES = 20


@dataclass(frozen=True, slots=True)
class GrepSearch:
    pattern: str = parameter("Regular expression, e.g. 'def \\w+_total'.", "class\\s+User")
    path: str | None = parameter("File or directory, by default the workspace.", "src", None)
    file_pattern: str | None = parameter("Glob for the files to search, e.g. '*.{ts,tsx}'.", "*.py", None)
    case_insensitive: bool = parameter("Ignore case.", True, False)
    context_lines: int = parameter("Lines to show around each match.", 2, 0, low=0)


async def run(arguments: GrepSearch, context: ToolContext) -> ToolOutput:
    view = context.view
    bases = [await existing(view, arguments.path)] if arguments.path else folders(view)
    query = Query(
        pattern=arguments.pattern,
        base=bases[0],
        glob=arguments.file_pattern,
        ignore_case=arguments.case_insensitive,
        context=min(arguments.context_lines, CONTEXT_LINES),
        limit=MATCHES,
    )
    lines: list[str] = []
    shown = total = files = size = secrets = 0
    full = False
    for base in bases:
        found = await view.search(replace(query, base=base, limit=max(1, MATCHES - shown)))
        total += found.total
        files += found.files
        secrets += found.secrets
        full = full or found.truncated
        previous: tuple[object, int] | None = None
        for line in found.matches:
            if size > CHARACTERS or shown >= MATCHES:
                full = True
                break
            if query.context and previous and previous != (line.path, line.number - 1):
                lines.append("--")
            previous = (line.path, line.number)
            mark = ":" if line.is_match else "-"
            content = shorten(line.text.rstrip("\r\n"), LINE)
            text = f"{view.show(line.path)}{mark}{line.number}{mark} {content}"
            lines.append(text)
            size += len(text)
            shown += line.is_match
    hidden = left_out(secrets, "searched")
    if not total:
        none = f"No line matches {arguments.pattern}{_where(arguments)}.{_advice(arguments)}"
        return ToolOutput("\n".join([none, *hidden]), "0 matches")
    count = f"{total} {'match' if total == 1 else 'matches'} in {files} {'file' if files == 1 else 'files'}"
    if full:
        lines.append(f"[{shown} of {count} shown; narrow with path, file_pattern or a more specific pattern]")
    return ToolOutput("\n".join([*lines, *hidden]), count)


def _where(arguments: GrepSearch) -> str:
    where = f" in {arguments.path}" if arguments.path else ""
    return f"{where} in files named {arguments.file_pattern}" if arguments.file_pattern else where


def _advice(arguments: GrepSearch) -> str:
    """What to try next, when the call itself suggests something."""
    if any(character in arguments.pattern for character in "([{.*+?|$^"):
        return " The pattern is a regular expression: put a backslash before ( [ { . * + ? | $ ^ to find them."
    return "" if arguments.case_insensitive else " Try case_insensitive."


GREP_SEARCH = tool(
    "grep_search",
    "Search file contents. Prints `path:line: text`, context lines with '-'.",
    GrepSearch,
    run,
    lambda arguments: f"search {arguments.pattern}" + (f" in {arguments.path}" if arguments.path else ""),
)
