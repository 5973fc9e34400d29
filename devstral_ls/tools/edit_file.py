"""edit_file: replace one text of a file by another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.matching import Replaced, occurrences, replace
from devstral_ls.errors import DevstralError, EditRefused, NotFound, TextNotFound
from devstral_ls.tools.show import around, existing
from devstral_ls.tools.staging import note_on_disk, refused, staged
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool


@dataclass(frozen=True, slots=True)
class EditFile:
    file_path: str = parameter("Path relative to the workspace.", "src/main.py")
    old_string: str = parameter(
        "The exact text to replace, with its indentation and without line numbers. It must occur once: include "
        "surrounding lines until it does.",
        "return 1",
    )
    new_string: str = parameter("The text to put there; empty to delete.", "return 2")
    replace_all: bool = parameter("Replace every occurrence.", True, False)


async def run(arguments: EditFile, context: ToolContext) -> ToolOutput:
    view = context.view
    try:
        path = await existing(view, arguments.file_path)
    except NotFound as error:
        if view.resolve(arguments.file_path) in context.reads.paths():
            error = NotFound(f"It was deleted or moved since you read it: {error}")
        raise NotFound(f"{error} To create a file use write_file.") from None
    shown = view.show(path)
    if view.is_dir(path):
        raise EditRefused(f"{shown} is a directory; edit_file needs a file.")
    before = view.read(path)
    context.reads.require_current(before, shown)
    try:
        replaced = replace(before.text, arguments.old_string, arguments.new_string, replace_all=arguments.replace_all)
    except TextNotFound as error:
        raise refused(context, path, f"{shown}: {error}{_elsewhere(arguments, context, path)}") from None
    except EditRefused as error:
        raise refused(context, path, f"{shown}: {error}") from None
    after = staged(context, path, replaced.text, edits=replaced.edits)
    places = "1 place" if len(replaced.regions) == 1 else f"{len(replaced.regions)} places"
    regions = [(region.start_line, region.end_line) for region in replaced.regions]
    text = (
        f"Edited {shown} in {places}.{_how(replaced)} It now reads:\n"
        f"{around(after.text, regions)}{_moved(before.text, after.text, regions[-1][1])}{note_on_disk(path)}"
    )
    return ToolOutput(text, f"{places}, matched {replaced.relaxation}" if replaced.relaxation else places, path)


def _how(replaced: Replaced) -> str:
    """Which liberty was taken to find old_string."""
    if not replaced.relaxation:
        return ""
    return f" Note: old_string matched {replaced.relaxation}."


def _moved(before: str, after: str, last: int) -> str:
    """How line numbers below the last change have shifted, so that earlier output can still be used."""
    shift = len(split_lines(after)) - len(split_lines(before))
    return f"\n[lines after {last} moved by {shift:+d}]" if shift and last < len(split_lines(after)) else ""


def _elsewhere(arguments: EditFile, context: ToolContext, path: Path) -> str:
    """A hint when the text is in another file that was read: then only file_path was wrong."""
    if not arguments.old_string.strip():
        return ""
    for other in context.reads.paths():
        if other == path:
            continue
        try:
            text = context.view.read(other).text
        except DevstralError:
            continue  # Deleted or unreadable since: no candidate.
        if lines := occurrences(text, arguments.old_string):
            return f"\nold_string occurs in {context.view.show(other)}, line {lines[0]}: did you mean that file?"
    return ""


EDIT_FILE = tool(
    "edit_file",
    "Replace old_string by new_string in a file you have read. Returns the changed lines with their new numbers. "
    "For several changes call it several times.",
    EditFile,
    run,
    lambda arguments: f"edit {arguments.file_path}",
)
