"""glob_files: files by name."""

from __future__ import annotations

from dataclasses import dataclass

from devstral_ls.errors import NotFound
from devstral_ls.tools.show import existing, folders, left_out
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

FILES = 300
"""Paths shown at most."""


@dataclass(frozen=True, slots=True)
class GlobFiles:
    pattern: str = parameter("Glob such as '**/*.py' or 'src/**/*.{ts,tsx}'.", "**/*.py")
    path: str | None = parameter("Directory to search, by default the workspace.", "src", None)


async def run(arguments: GlobFiles, context: ToolContext) -> ToolOutput:
    view = context.view
    bases = [await existing(view, arguments.path)] if arguments.path else folders(view)
    for base in bases:
        if not view.is_dir(base):
            raise NotFound(f"{view.show(base)} is a file; `path` must be a directory.")
    listed = [await view.listing(base, arguments.pattern) for base in bases]
    names = [view.show(found) for each in listed for found in each.paths]
    hidden = left_out(sum(each.secrets for each in listed), "listed")
    total = len(names)
    count = "1 file" if total == 1 else f"{total} files"
    if not names:
        none = f"No file matches {arguments.pattern}. Files that .gitignore names are not searched; "
        return ToolOutput("\n".join([f"{none}list_directory shows them too.", *hidden]), "0 files")
    lines = names[:FILES]
    if total > FILES:
        lines.append(f"[{FILES} of {total} files shown; narrow the pattern or give `path`]")
    return ToolOutput("\n".join([*lines, *hidden]), count)


GLOB_FILES = tool(
    "glob_files",
    "Find files by name.",
    GlobFiles,
    run,
    lambda arguments: f"find {arguments.pattern}" + (f" in {arguments.path}" if arguments.path else ""),
)
