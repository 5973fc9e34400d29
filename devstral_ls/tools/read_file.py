"""read_file: lines of a file, numbered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import InvalidArguments, NotText
from devstral_ls.llm.picture import FILE_BYTES, SUFFIXES, NoPicture, picture
from devstral_ls.llm.scaling import fitted
from devstral_ls.tools.show import LINE_LIMIT, existing, numbered
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, tool

LINES = 2000
BYTES = 60 * 1024
"""How much one call shows unless it asks for less."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    file_path: str = parameter("Path relative to the workspace.", "src/main.py")
    offset: int | None = parameter("Line to start at, from 1.", 2001, None)
    limit: int | None = parameter("How many lines.", 200, None, low=1)


async def run(arguments: ReadFile, context: ToolContext) -> ToolOutput:
    view = context.view
    path = await existing(view, arguments.file_path)
    shown = view.show(path)
    if view.is_dir(path):
        raise NotText(f'{shown} is a directory. Call list_directory with {{"path": "{shown}"}}.')
    if path.suffix.lower() in SUFFIXES and view.overlay.get(path) is None:
        return await _image(path, shown, context)
    snapshot = view.read(path)
    lines = split_lines(snapshot.text)
    total = len(lines)
    if total == 0:
        context.reads.saw(snapshot, 1, 0, 0)
        return ToolOutput(f"[{shown} is empty: 0 lines]", "empty")
    start = _start(arguments.offset, total, shown)
    wanted = lines[start - 1 : start - 1 + min(arguments.limit or LINES, LINES)]
    output: list[str] = []
    size = 0
    for line in numbered(wanted, start):
        size += len(line.encode("utf-8", "surrogatepass")) + 1
        if size > BYTES and output:
            break
        output.append(line)
    end = start + len(output) - 1
    cut = any(len(line.rstrip("\r\n")) > LINE_LIMIT for line in wanted[: len(output)])
    context.reads.saw(snapshot, start, start - 1 if cut else end, total)
    if end < total:
        output.append(f"[lines {start}-{end} of {total}; call read_file with offset={end + 1} for more]")
    elif start > 1:
        output.append(f"[lines {start}-{end} of {total}]")
    return ToolOutput("\n".join(output), f"lines {start}-{end} of {total}")


async def _image(path: Path, shown: str, context: ToolContext) -> ToolOutput:
    """The model sees an image, in a message of its own after the results."""
    if context.blind is not None:
        raise NotText(f"{shown} is an image, and {context.blind}. Go on without it, or ask the user what it shows.")
    data = context.view.data(path, FILE_BYTES)
    try:
        source = picture(data)
        image = await asyncio.to_thread(fitted, source)
    except NoPicture as error:
        raise NotText(f"{shown} {error}. Leave it as it is.") from None
    what = f"{source.kind.upper()} image, {source.width}x{source.height}"
    return ToolOutput(f"[{shown}: {what}; you see it below]", what, images=(image.uri,))


def _start(offset: int | None, total: int, shown: str) -> int:
    """The first line to show, from 1; 0 means 1, and -5 the fifth line from the end."""
    if offset is None or offset == 0:
        return 1
    if offset > total:
        raise InvalidArguments(f"{shown} has only {total} lines; offset={offset} is past its end.")
    return offset if offset > 0 else max(1, total + offset + 1)


READ_FILE = tool(
    "read_file",
    "Read a file of the workspace, with line numbers, at most 2000 lines per call. Read a file before you edit it. "
    "Shows images (png, jpeg, gif, webp) too.",
    ReadFile,
    run,
    lambda arguments: f"read {arguments.file_path}",
)
