"""What a command changed, as staged edits where it is text, and as lines to tell where it is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeGuard, get_args

from devstral_ls.errors import ForModel, NotText
from devstral_ls.workspace.files import decode
from devstral_ls.workspace.layers import Layers
from devstral_ls.workspace.view import View

Kind = Literal["file", "deleted", "large", "link", "special", "mode", "hidden", "raced"]

CACHES = frozenset(
    (
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
        ".cache",
        "node_modules",
    )
)
"""Folders whose content nobody edits, whether or not an ignore file says so."""

MOST_STAGED = 300
"""Files that become edits; more is a build."""
NAMED = 8
"""Files that are named in a line."""


@dataclass(frozen=True, slots=True)
class Change:
    """content: of a `file`, its bytes."""

    path: Path
    kind: Kind
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Captured:
    """staged: the files that are staged edits now. notes: lines about the rest, for the model and the user."""

    staged: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def is_kind(text: str) -> TypeGuard[Kind]:
    return text in get_args(Kind)


async def capture(view: View, changes: Sequence[Change], before: Layers, *, complete: bool = True) -> Captured:
    """Stage what is text and not ignored. before: what lay over the disk when the command was started."""
    wanted = [change for change in changes if _is_wanted(view, change.path)]
    visible = await view.not_ignored([change.path for change in wanted])
    wanted = sorted((change for change in wanted if change.path in visible), key=lambda change: change.path)
    files = [change for change in wanted if change.kind in ("file", "deleted")]
    left: dict[str, list[Path]] = {}
    for change in wanted:
        if change.kind not in ("file", "deleted"):
            left.setdefault(REASONS[change.kind], []).append(change.path)
    if len(files) > MOST_STAGED or not complete:
        left["they are too many for edits"] = [change.path for change in files]
        files = []
    staged = []
    # Deletions first: a folder may have become a file.
    for change in sorted(files, key=lambda change: change.kind != "deleted"):
        reason = _stage(view, change, before)
        if reason is None:
            staged.append(change.path)
        elif reason:
            left.setdefault(reason, []).append(change.path)
    notes = [f"Changed by the command, staged as edits: {_named(view, staged)}"] if staged else []
    notes += [f"Changed by the command, not kept because {why}: {_named(view, paths)}" for why, paths in left.items()]
    return Captured(tuple(sorted(staged)), tuple(notes))


REASONS: dict[Kind, str] = {
    "large": "they are too large",
    "link": "they are symbolic links",
    "special": "they are no regular files",
    "mode": "only the mode differs",
    "hidden": "commands don't see the secrets in them",
    "raced": "they changed on disk meanwhile",
}


def _is_wanted(view: View, path: Path) -> bool:
    return view.is_inside(path) and not any(part in CACHES for part in path.parts)


def _stage(view: View, change: Change, before: Layers) -> str | None:
    """None when it is staged, else why not; "" when there is nothing to stage."""
    path = change.path
    try:
        if view.resolve(str(path)) != path:
            return REASONS["link"]
        was, now = before.get(path), view.layers().get(path)
        if (was.text if was else None) != (now.text if now else None) or (was is None) != (now is None):
            return "they were edited meanwhile"
        if change.kind == "deleted":
            if not view.exists(path):
                return ""
            view.remove(path)
            return None
        original = view.original(path)
        file = decode(change.content or b"", view.show(path))
        if (file.encoding, file.bom) != ((original.encoding, original.bom) if original else ("utf-8", False)):
            return "their encoding would change"
        if view.exists(path) and view.read(path).text == file.text:
            return ""
        view.stage(path, file.text)
    except NotText:
        return "they are no text"
    except ForModel as error:
        return str(error).rstrip(".")
    return None


def _named(view: View, paths: Iterable[Path]) -> str:
    names = [view.show(path) for path in paths]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
