"""What the user answered when asked whether a command may check Devstral's edits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devstral_ls.storage.records import Records


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """command: the exact text that was asked about. runs: always; else no check is asked about here any more.

    since: when it was given, ISO 8601.
    """

    command: str
    runs: bool
    since: str


class CheckAnswers:
    """The answers by workspace folder (without symlinks)."""

    def __init__(self, state: Path) -> None:
        self._records = Records(state / "checks", CheckAnswer, lambda each: (each.command,))

    def of(self, workspace: Path) -> list[CheckAnswer]:
        """The answers for this workspace folder, the oldest first. A damaged file is no answer."""
        return sorted(self._records.of(workspace), key=lambda answer: (answer.since, answer.command))

    def confirmed(self, workspace: Path, command: str) -> bool:
        """Whether exactly this command is always to run here."""
        return any(answer.runs and answer.command == command for answer in self.of(workspace))

    def refused(self, workspace: Path) -> bool:
        """Whether no command is ever to run here, and nobody is to be asked."""
        return any(not answer.runs for answer in self.of(workspace))

    def add(self, workspace: Path, answer: CheckAnswer) -> None:
        """Remember it, in place of an earlier one about the same command. OSError when it can't be written."""
        self._records.put(workspace, answer)

    def remove(self, workspace: Path, answer: CheckAnswer) -> None:
        """Forget it, and nothing when it is forgotten already. OSError when it can't be removed."""
        self._records.remove(workspace, answer)
