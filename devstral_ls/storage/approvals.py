"""The commands that are always allowed in a workspace: a folder for each, in it a file for each command.

Files that are written whole and never changed need no lock, however many servers there are. They lie in the user's
state folder, never in the workspace, and are readable by their owner only.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Approval:
    """command: the exact text. whole: it is a line that is not taken apart. unsandboxed: without a sandbox, too.

    since: when it was given, ISO 8601.
    """

    command: str
    whole: bool
    unsandboxed: bool
    since: str


class Approvals:
    """What the user has allowed, by workspace folder (without symlinks)."""

    def __init__(self, state: Path) -> None:
        self._state = state / "approvals"
        self._told: set[Path] = set()

    def of(self, workspace: Path) -> list[Approval]:
        """What is allowed in this workspace folder, the oldest first. A damaged file allows nothing, told once."""
        try:
            files = list(self._folder(workspace).glob("*.json"))
        except OSError as error:
            _log.warning("what is allowed in %s can't be read: %s", workspace, error.strerror)
            return []
        found = [approval for file in files if (approval := self._read(file, workspace)) is not None]
        return sorted(found, key=lambda approval: (approval.since, approval.command))

    def add(self, workspace: Path, approval: Approval) -> None:
        """Remember it; what is allowed without a sandbox stays so. OSError when it can't be written."""
        file = self._file(workspace, approval)
        known = self._read(file, workspace)
        if known is not None and (known.unsandboxed or not approval.unsandboxed):
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                json.dump({"workspace": str(workspace), **asdict(approval)}, out, indent=1)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)

    def remove(self, workspace: Path, approval: Approval) -> None:
        """Forget it, and nothing when it is forgotten already. OSError when it can't be removed."""
        self._file(workspace, approval).unlink(missing_ok=True)

    def _read(self, file: Path, workspace: Path) -> Approval | None:
        try:
            data = json.loads(file.read_bytes())
            approval = _approval(data)
            if data["workspace"] != str(workspace) or self._file(workspace, approval) != file:
                raise ValueError("it belongs to another command or workspace")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if file not in self._told:
                self._told.add(file)
                _log.warning("%s is damaged and allows nothing: %s", file, " ".join(str(error).split()))
            return None
        return approval

    def _folder(self, workspace: Path) -> Path:
        return self._state / _digest(str(workspace))

    def _file(self, workspace: Path, approval: Approval) -> Path:
        return self._folder(workspace) / f"{_digest(approval.command, str(approval.whole))}.json"


def _approval(data: dict[str, Any]) -> Approval:
    approval = Approval(**{item.name: data[item.name] for item in fields(Approval)})
    texts, flags = (approval.command, approval.since), (approval.whole, approval.unsandboxed)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(flag, bool) for flag in flags):
        raise TypeError("a field has a wrong type")
    return approval


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:40]
