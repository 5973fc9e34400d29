"""glob_files: files by name."""

from __future__ import annotations

from dataclasses import dataclass

from devstral_ls.errors import NotFound
from devstral_ls.tools.show import existing, folders
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
    names = [view.show(found) for base in bases for found in await view.files(base, arguments.pattern)]
    total = len(names)
    count = "1 file" if total == 1 else f"{total} files"
    if not names:
        return ToolOutput(
            f"No file matches {arguments.pattern}. Files that .gitignore names are not searched; "
            "list_directory shows them too.",
            "0 files",
        )
    lines = names[:FILES]
    if total > FILES:
        lines.append(f"[{FILES} of {total} files shown; narrow the pattern or give `path`]")
    return ToolOutput("\n".join(lines), count)


GLOB_FILES = tool(
    "glob_files",
    "Find files by name.",
    GlobFiles,
    run,
    lambda arguments: f"find {arguments.pattern}" + (f" in {arguments.path}" if arguments.path else ""),
)
