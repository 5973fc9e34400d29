"""The commands that are always allowed in a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devstral_ls.storage.records import Records

Language = Literal["shell", "python"]


@dataclass(frozen=True, slots=True)
class Approval:
    """command: the exact text. whole: it is a line that is not taken apart. unsandboxed: without a sandbox, too.

    since: when it was given, ISO 8601. language: what the text is written in.
    """

    command: str
    whole: bool
    unsandboxed: bool
    since: str
    language: Language = "shell"


class Approvals:
    """What the user has allowed, by workspace folder (without symlinks)."""

    def __init__(self, state: Path) -> None:
        self._records = Records(state / "approvals", Approval, _key)

    def of(self, workspace: Path) -> list[Approval]:
        """What is allowed in this workspace folder, the oldest first. A damaged file allows nothing, told once."""
        return sorted(self._records.of(workspace), key=lambda approval: (approval.since, approval.command))

    def add(self, workspace: Path, approval: Approval) -> None:
        """Remember it; what is allowed without a sandbox stays so. OSError when it can't be written."""
        known = self._records.get(workspace, approval)
        if known is None or (approval.unsandboxed and not known.unsandboxed):
            self._records.put(workspace, approval)

    def remove(self, workspace: Path, approval: Approval) -> None:
        """Forget it, and nothing when it is forgotten already. OSError when it can't be removed."""
        self._records.remove(workspace, approval)


def _key(approval: Approval) -> tuple[str, ...]:
    # Without a language for the shell, which was the only one once.
    language = () if approval.language == "shell" else (approval.language,)
    return (approval.command, str(approval.whole), *language)
