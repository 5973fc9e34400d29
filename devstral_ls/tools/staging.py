"""What edit_file and write_file share: which files may be changed, and what is worth saying about them."""

from __future__ import annotations

import stat
from pathlib import Path

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.spans import Edit
from devstral_ls.errors import EditRefused
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.snapshot import Snapshot

SMALL = 150
"""Lines of a file that is as easily written anew as edited."""


def note_on_disk(path: Path) -> str:
    """A sentence when the editor will not be able to save `path` as it is, else nothing."""
    try:
        read_only = not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    except OSError:
        return ""
    return "\nNote: the file is read-only on disk; tell the user." if read_only else ""


def staged(
    context: ToolContext, path: Path, text: str, *, whole: bool = False, edits: tuple[Edit, ...] | None = None
) -> Snapshot:
    """Stage `text` and count it as read: the model knows what it wrote. edits: how it came of the text before."""
    if context.prose:
        raise EditRefused("This request is to be answered in prose, without changing files: say what to change.")
    context.view.stage(path, text, edits)
    snapshot = context.view.read(path)
    context.reads.wrote(snapshot, whole=whole)
    return snapshot


def refused(context: ToolContext, path: Path, reason: str) -> EditRefused:
    """`reason`, and after the second failure on the same file another way to go on."""
    failures = context.reads.failed(path)
    if failures >= 2:
        reason += (
            f"\nThat was refused edit {failures} of this file. Another way: read the exact lines again with read_file "
            "(offset, limit) and copy old_string from there, without line numbers"
        )
        lines = len(split_lines(context.view.read(path).text)) if context.view.exists(path) else 0
        reason += (
            f"; or, as it has only {lines} lines, write the whole file with write_file." if 0 < lines <= SMALL else "."
        )
    return EditRefused(reason)
