"""Whether a command may run: what the user's settings say, what was allowed always, and else the user's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devstral_ls.config import ExecutionConfig
from devstral_ls.errors import CommandDenied
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError
from devstral_ls.storage.approvals import Approval, Approvals, Language

if TYPE_CHECKING:
    from devstral_ls.execution.rungs import Rung
    from devstral_ls.execution.shell_parts import Part
    from devstral_ls.server.report import Report

RUN, DENY = "Run once", "Deny"


@dataclass(frozen=True, slots=True)
class Permission:
    """One run's; implements `execution.approve.Approve`.

    roots: the run's workspace folders, without symlinks. confirmed: whether a command is the one that checks a folder.
    language: of what is asked about. Code is never taken apart.
    """

    config: ExecutionConfig
    approvals: Approvals
    roots: Sequence[Path]
    dialogs: Dialogs
    report: Report
    confirmed: Callable[[Path, str], bool]
    language: Language = "shell"

    async def __call__(self, command: str, directory: Path, rung: Rung) -> bool:
        """True only when it is allowed: a closed question, an error or a client that is gone is a no.

        Raises CommandDenied when nobody may be asked, or nobody answered in time.
        """
        from devstral_ls.execution.shell_parts import Part, parts  # the grammar takes a moment

        sandboxed = rung.contained
        shell = self.language == "shell"
        if shell and sandboxed and directory in self.roots and self.confirmed(directory, command.strip()):
            return True
        found = parts(command) if shell else [Part(command, True)]
        folder = _folder(directory, self.roots)
        known = [each for each in self.approvals.of(folder) if each.language == self.language]
        unknown = _unknown(found, known, sandboxed)
        if not unknown or (sandboxed and self.config.approval != "always"):
            return True
        if self.config.approval == "never":
            raise CommandDenied(
                "This command would run without a sandbox, and the user's settings refuse that without asking "
                "(execution.approval). Do not run it again; go on without it, and say what was not run."
            )
        self.report.approval(command, str(directory), rung.title, self.language)
        always = "Always allow" if len(unknown) == 1 else f"Always allow these {len(unknown)} commands"
        try:
            async with asyncio.timeout(self.config.approval_timeout):
                question = self._question(command, directory, rung, folder, found, unknown)
                answer = await self.dialogs.choose(question, [RUN, always, DENY])
        except TimeoutError:
            limit = f"{self.config.approval_timeout:g} s"
            self.report.warned(f"Nobody answered within {limit}, so this was not run: {plainly(command)}")
            raise CommandDenied(
                f"The user did not answer within {limit}, so the command was not run. Do not run it again; go on "
                "without it, or say what it was for."
            ) from None
        except ClientError:
            return False
        if answer == always:
            self._remember(folder, unknown, sandboxed)
        return answer in (RUN, always)

    def _question(
        self, command: str, directory: Path, rung: Rung, folder: Path, found: Sequence[Part], unknown: Sequence[Part]
    ) -> str:
        what = "run" if self.language == "shell" else "execute Python"
        reaches = f" that reaches {', '.join(self.config.network)}" if rung.contained and self.config.network else ""
        question = f"Devstral wants to {what} in {directory}, {_held_in(rung)}{reaches}:\n{plainly(command)}"
        if len(found) > 1:
            listed = "\n".join(f"  {in_a_list(part.text)}" for part in unknown)
            question += f"\nTo be allowed always in {folder}:\n{listed}"
        return question

    def _remember(self, folder: Path, allowed: Sequence[Part], sandboxed: bool) -> None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        try:
            for part in allowed:
                self.approvals.add(folder, Approval(part.text, part.whole, not sandboxed, now, self.language))
        except OSError as error:
            self.report.warned(f"This can't be remembered ({error.strerror}), so it will be asked again.")


def plainly(text: str) -> str:
    """Text in which nothing hides: what can't be seen, or turns what is around it, is named."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"<U+{ord(c):04X}>" for c in text)


def in_a_list(command: str) -> str:
    """A command on one line."""
    return plainly(command).replace("\n", " ⏎ ")


def _held_in(rung: Rung) -> str:
    return f"with {rung.title}" if rung.title.startswith("no ") else f"in a {rung.title}"


def _unknown(found: Sequence[Part], known: Sequence[Approval], sandboxed: bool) -> list[Part]:
    """The parts that are not allowed yet; what was allowed in a sandbox is allowed only there."""
    allowed = {(each.command, each.whole) for each in known if sandboxed or each.unsandboxed}
    return [part for part in found if (part.text, part.whole) not in allowed]


def _folder(directory: Path, roots: Sequence[Path]) -> Path:
    """The innermost workspace folder that holds the directory."""
    return max((root for root in roots if directory.is_relative_to(root)), key=lambda root: len(root.parts))
