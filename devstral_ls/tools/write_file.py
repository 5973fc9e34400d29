"""write_file: a new file, or the whole new text of one that was read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.lines import dominant_ending, split_lines
from devstral_ls.edits.unified import stat
from devstral_ls.errors import EditRefused
from devstral_ls.tools.show import around
from devstral_ls.tools.staging import note_on_disk, refused, staged
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

NUMBERED = re.compile(r" *\d+\t")
"""How read_file begins a line."""

NAMES = {"\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True, slots=True)
class WriteFile:
    file_path: str = parameter("Path relative to the workspace.", "src/new.py")
    content: str = parameter("The complete text.", "print('hello')\n")


async def run(arguments: WriteFile, context: ToolContext) -> ToolOutput:
    view = context.view
    path = view.resolve(arguments.file_path)
    shown = view.show(path)
    if arguments.file_path.endswith(("/", "\\")) or view.is_dir(path):
        raise EditRefused(f"{shown} is a directory; write_file needs a file's path.")
    lines = split_lines(arguments.content)
    if len(lines) > 1 and all(NUMBERED.match(line) for line in lines):
        raise refused(context, path, "content carries read_file's line numbers. Send the text without them.")
    if not view.exists(path):
        staged(context, path, arguments.content, whole=True)
        return ToolOutput(f"Created {shown} ({_count(lines)}).", f"new file, {_count(lines)}", path)

    before = view.read(path)
    context.reads.require_whole(before, shown)
    content, adapted = _in_the_files_manner(arguments.content, before.text)
    if content == before.text:
        raise refused(context, path, f"{shown} already has exactly this content; nothing was changed.")
    staged(context, path, content, whole=True)
    added, removed = stat(before.text, content)
    text = (
        f"Rewrote {shown} ({_count(split_lines(content))}, +{added} -{removed}).{adapted} Changed lines:\n"
        f"{around(content, _changed(before.text, content), context=1, limit=40)}{note_on_disk(path)}"
    )
    return ToolOutput(text, f"+{added} -{removed}", path)


def _in_the_files_manner(content: str, existing: str) -> tuple[str, str]:
    """`content` with the file's line endings and its final newline, and a sentence about what that took."""
    adapted = ""
    ending = dominant_ending(existing)
    if ending != "\n" and "\r" not in content and "\n" in content:
        content = content.replace("\n", ending)
        adapted += f" Its {NAMES[ending]} line endings were kept."
    if content and existing.endswith(("\n", "\r")) and not content.endswith(("\n", "\r")):
        content += ending
        adapted += " Its final newline was kept."
    return content, adapted


def _changed(before: str, after: str) -> list[tuple[int, int]]:
    """1-based line ranges of `after` that differ; a deletion is the line that follows it."""
    regions = []
    shift = 0
    for hunk in diff_lines(before, after):
        start = hunk.old_start + shift
        shift += len(hunk.new_lines) - (hunk.old_end - hunk.old_start)
        regions.append((start + 1, start + max(1, len(hunk.new_lines))))
    return regions


def _count(lines: list[str]) -> str:
    return "1 line" if len(lines) == 1 else f"{len(lines)} lines"


WRITE_FILE = tool(
    "write_file",
    "Create a file with this content, or replace the whole content of a file you have read. To change a part of a "
    "file use edit_file.",
    WriteFile,
    run,
    lambda arguments: f"write {arguments.file_path}",
)
