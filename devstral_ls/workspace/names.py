"""Which names no tool may touch, whatever the disk says. Pure: each platform's traps can be tested on all of them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

# Code points that HFS+ leaves out when it compares names, so that `.g<U+200C>it` opens `.git`.
_IGNORED_BY_HFS = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[ .:].*)?", re.IGNORECASE)


def folds_to_git(name: str) -> bool:
    """Whether some file system takes this path component for `.git`.

    Refused everywhere alike: a repository is cloned on one platform and opened on another.
    """
    if "git" not in (folded := name.translate(_IGNORED_BY_HFS).casefold()):
        return False
    return folded.partition(":")[0].rstrip(" .") in (".git", "git~1")


def enters_git(path: str) -> bool:
    """Whether a component of this path folds to `.git`."""
    return any(folds_to_git(part) for part in re.split(r"[/\\]", path))


def refusal(given: str, *, windows: bool) -> str | None:
    """Why this text can be no path of a tool call, whatever the workspace is; None when it can."""
    if not given.strip():
        return "The path is empty."
    if "\0" in given:
        return "The path contains a NUL character."
    if any("\ud800" <= character <= "\udfff" for character in given):
        return "The path contains half of a surrogate pair."
    if not windows:
        return None
    path = PureWindowsPath(given)
    if path.drive.startswith(("\\\\.\\", "\\\\?\\")):
        return f"{given} is a device path."
    if not path.is_absolute() and (path.drive or path.root):
        return f"{given} depends on the current drive or its directory."
    for part in path.relative_to(path.anchor).parts:
        if ":" in part:
            return f"{given} names an alternate data stream."
        if _DEVICE.fullmatch(part):
            return f"{given} names a device ({part})."
    return None


def is_absolute(given: str, *, windows: bool) -> bool:
    return (PureWindowsPath(given) if windows else PurePosixPath(given)).is_absolute()
