"""Text as tools show it: numbered, bounded, and saying how to get the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import NotFound
from devstral_ls.workspace.view import View

LINE_LIMIT = 2000
"""Characters of one line that are shown."""


def numbered(lines: Sequence[str], first: int) -> list[str]:
    """Each line as `{number:>6}\\t{line}`, without its ending; overlong ones cut, with a note."""
    bare = (line.rstrip("\r\n") for line in lines)
    return [f"{number:>6}\t{shorten(line)}" for number, line in enumerate(bare, first)]


def shorten(line: str, limit: int = LINE_LIMIT) -> str:
    if len(line) <= limit:
        return line
    return f"{line[:limit]}… [cut: {len(line) - limit} more characters in this line]"


def around(text: str, regions: Sequence[tuple[int, int]], context: int = 3, limit: int = 60) -> str:
    """The lines of `regions` (1-based, inclusive) and `context` more on each side, at most `limit` in all."""
    lines = split_lines(text)
    wanted: list[tuple[int, int]] = []
    for start, end in regions:
        first, last = max(1, start - context), min(len(lines), end + context)
        if wanted and first <= wanted[-1][1] + 1:
            wanted[-1] = (wanted[-1][0], max(last, wanted[-1][1]))
        else:
            wanted.append((first, last))
    shown: list[str] = []
    for index, (first, last) in enumerate(wanted):
        room = limit - len(shown)
        if room <= 0:
            shown.append(f"[{len(wanted) - index} more changed places not shown]")
            break
        if index:
            shown.append("   ...")
        shown += numbered(lines[first - 1 : min(last, first - 1 + room)], first)
        if last - first + 1 > room:
            shown.append(f"[lines {first + room}-{last} not shown]")
    return "\n".join(shown)


def folders(view: View) -> list[Path]:
    """The workspace folders, of which there is at least one: PathRefused says so when there is none."""
    return list(view.roots) or [view.resolve(".")]


def left_out(secrets: int, what: str) -> list[str]:
    """The line about files with secrets, where there are any. what: what was not done with them."""
    files = "1 file with secrets was" if secrets == 1 else f"{secrets} files with secrets were"
    return [f"[{files} not {what}; only the user can allow that]"] if secrets else []


async def existing(view: View, given: str) -> Path:
    """The resolved path of something there is; NotFound names files that may have been meant."""
    path = view.resolve(given)
    if view.exists(path):
        return path
    pattern = "".join(f"[{character}]" if character in "*?[{" else character for character in path.name)
    same_name = [view.show(found) for root in view.roots for found in await view.files(root, f"**/{pattern}")]
    hint = f" Did you mean {', '.join(same_name[:5])}?" if same_name else " Use glob_files to find it."
    raise NotFound(f"{view.show(path)} does not exist.{hint}")
