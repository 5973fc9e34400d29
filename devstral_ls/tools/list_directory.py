"""list_directory: names in a directory, or all files below it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from devstral_ls.errors import NotFound
from devstral_ls.tools.show import existing, left_out
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

ENTRIES = 500
"""Names shown at most."""


@dataclass(frozen=True, slots=True)
class ListDirectory:
    path: str = parameter("Directory, '.' for the workspace.", ".")
    recursive: bool = parameter("List all files below it, except ignored ones.", True, False)
    pattern: str | None = parameter("Only names that match this glob.", "*.py", None)


async def run(arguments: ListDirectory, context: ToolContext) -> ToolOutput:
    view = context.view
    if len(view.roots) > 1 and arguments.path in (".", "./"):
        names = [f"{view.show(root)}/" for root in view.roots]
        return ToolOutput("\n".join(["The workspace has several folders:", *names]), f"{len(names)} folders")
    path = await existing(view, arguments.path)
    shown = view.show(path)
    if not view.is_dir(path):
        raise NotFound(f'{shown} is a file. Call read_file with {{"file_path": "{shown}"}}.')
    pattern = arguments.pattern
    hidden: list[str] = []
    if arguments.recursive or (pattern and "/" in pattern):
        listed = await view.listing(path, pattern)
        names = [found.relative_to(path).as_posix() for found in listed.paths]
        hidden = left_out(listed.secrets, "listed")
    else:
        names = [
            f"{entry.name}/" if entry.is_dir else entry.name
            for entry in view.entries(path)
            if not pattern or fnmatchcase(entry.name, pattern)
        ]
    total = len(names)
    count = "1 entry" if total == 1 else f"{total} entries"
    if not names:
        what = f"Nothing in {shown} matches {pattern}." if pattern else f"{shown} is empty."
        return ToolOutput("\n".join([what, *hidden]), "0 entries")
    lines = [f"{shown}/ ({count})" if shown != "." else f"./ ({count})", *names[:ENTRIES]]
    if total > ENTRIES:
        lines.append(f"[{ENTRIES} of {total} shown; list a subdirectory or give a pattern for the others]")
    return ToolOutput("\n".join([*lines, *hidden]), count)


LIST_DIRECTORY = tool(
    "list_directory",
    "List a directory; directories end with '/'.",
    ListDirectory,
    run,
    lambda arguments: f"list {arguments.path}",
)
