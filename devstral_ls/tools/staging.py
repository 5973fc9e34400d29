"""What edit_file and write_file share: which files may be changed, and what is worth saying about them."""

from __future__ import annotations

import stat
from pathlib import Path

from devstral_ls.edits.spans import Edit
from devstral_ls.errors import EditRefused
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.snapshot import Snapshot


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
    context.view.stage(path, text, edits)
    snapshot = context.view.read(path)
    context.reads.wrote(snapshot, whole=whole)
    return snapshot


def refused(context: ToolContext, path: Path, reason: str) -> EditRefused:
    """`reason`, and after the second failure on the same file another way to go on."""
    if context.reads.failed(path) >= 2:
        reason += (
            "\nThis file has refused several edits now. Read the exact lines again with read_file (offset, limit) and "
            "copy old_string from there, without line numbers; or write the whole file with write_file if it is small."
        )
    return EditRefused(reason)
