"""What is run on a run's edits before the user sees them: which command, whether it may, and what the model is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from devstral_ls.agent.events import Event, RunEnded
from devstral_ls.config import CheckConfig
from devstral_ls.errors import CommandDenied, CommandRefused
from devstral_ls.execution.detected import detect
from devstral_ls.execution.output import excerpt
from devstral_ls.execution.verdicts import Verdict, verdict
from devstral_ls.llm.messages import UserMessage
from devstral_ls.server.check_commands import chosen
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.permission import in_a_list
from devstral_ls.server.report import Report
from devstral_ls.server.staging import Aside, Texts, texts, until_it_fits
from devstral_ls.storage.checks import CheckAnswer, CheckAnswers
from devstral_ls.tools.commands import Commands
from devstral_ls.workspace.view import View

log = logging.getLogger(__name__)

ALWAYS, NOT_NOW, NEVER = "Always in this workspace", "Not now", "Never here"

PATIENCE = 60.0
"""Seconds to wait for the word on a check: meanwhile the edits are not presented."""

CANCELLED, BROKEN, DENIED = "check cancelled", "check could not run", "check was not allowed"

HEAD, TAIL = 2_000, 6_000
"""Characters of each end of the output that the model is told: it stays in the conversation as what the user said."""

FAILED = (
    "The user's check of your edits, `{command}`{where}, did not pass: {note}. What it printed:\n\n{output}\n\nMend "
    "what your edits broke. If it fails for a reason that is not in your edits, leave them as they are and say why."
)


@dataclass(slots=True)
class Checked:
    """What came of a run's checks, for its proposal. texts: what was staged when they ran."""

    note: str = ""
    passed: bool = True
    """False when a check was to be run and did not pass, for whatever reason."""
    texts: Texts = field(default_factory=Texts)

    def of(self, now: Texts) -> str:
        """The note about what is staged now."""
        return f"{self.note} before the last edits" if self.note and now != self.texts else self.note


@dataclass(frozen=True, slots=True)
class Checking:
    """One run's checks. commands: what runs them, asking first where that is needed. able: whether anything can run."""

    config: CheckConfig
    answers: CheckAnswers
    commands: Commands
    dialogs: Dialogs
    report: Report
    able: Callable[[], Awaitable[bool]]
    patience: float

    async def run(self, view: View, checked: Checked) -> str | None:
        """Check the folders that hold staged edits, and note in `checked` what came of it.

        The result is for the model: what failed that its edits may mend; None when nothing did.
        """
        commands = [(folder, command) for folder in _edited(view) if (command := await self._command(view, folder))]
        if not commands:
            return None
        # Until it is known otherwise: it may be cancelled at any moment.
        checked.note, checked.passed, checked.texts = CANCELLED, False, texts(view)
        notes: list[str] = []
        told: list[str] = []
        passed = True
        for folder, command in commands:
            try:
                found, output = await self._run(command, folder, view)
            except Exception:
                checked.note = BROKEN
                raise
            passed &= found.passed
            notes.append(f"{folder.name}: {found.note}" if len(commands) > 1 else found.note)
            if found.mendable:
                where = f" in {folder.name}" if len(commands) > 1 else ""
                shown = excerpt(output, HEAD, TAIL)
                told.append(FAILED.format(command=command, where=where, note=found.note, output=shown))
        checked.note, checked.passed = "; ".join(notes), passed
        return "\n\n".join(told) or None

    async def _command(self, view: View, folder: Path) -> str | None:
        """What checks this folder, once the user has confirmed it; None when nothing does."""
        command = chosen(self.config, folder)
        if command is None and not self.answers.refused(folder) and await self.able():
            found = detect(view, folder)
            if found and (self.answers.confirmed(folder, found) or await self._confirmed(found, view, folder)):
                command = found
        return command

    async def _confirmed(self, command: str, view: View, folder: Path) -> bool:
        """The user's word; a closed question, an error and no answer are a no for this time."""
        where = f" in {folder.name}" if len(view.roots) > 1 else ""
        question = f"Run `{in_a_list(command)}`{where} on Devstral's edits before you see them?"
        self.report.progress.report(f"may I check with: {command}")
        try:
            async with asyncio.timeout(self.patience):
                answer = await self.dialogs.choose(question, [ALWAYS, NOT_NOW, NEVER])
        except (TimeoutError, ClientError) as error:
            log.info("no answer about the check: %s", error)
            return False
        if answer in (ALWAYS, NEVER):
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            try:
                self.answers.add(folder, CheckAnswer(command, answer == ALWAYS, now))
            except OSError as error:
                self.report.warned(f"This can't be remembered ({error.strerror}), so it will be asked again.")
        return answer == ALWAYS

    async def _run(self, command: str, folder: Path, view: View) -> tuple[Verdict, str]:
        """How it went, and what it printed."""
        self.report.checking(command)
        limit = self.config.timeout
        # On an overlay of its own: a check only reads, so what it changes is no edit of anybody's.
        apart = view.apart()
        try:
            result = await self.commands.run(
                command, folder, limit, apart, lambda line: self.report.check_printed(command, line)
            )
        except CommandDenied as error:
            found, output = Verdict(DENIED, passed=False), str(error)
        except CommandRefused as error:
            found, output = Verdict(BROKEN, passed=False), str(error)
        except asyncio.CancelledError:
            self.report.checked(command, Verdict(CANCELLED, passed=False), "")
            raise
        else:
            found, output = verdict(result, limit), result.output.rstrip() or "(no output)"
            if result.staged:
                changed = ", ".join(view.show(path) for path in result.staged)
                output += f"\n[It changed {changed}. A check only reads, so that is not kept.]"
        self.report.checked(command, found, output)
        return found, output


async def until_it_passes(
    ask: Callable[[UserMessage], Awaitable[RunEnded]],
    message: UserMessage,
    view: View,
    aside: Aside,
    restaged: Texts,
    checking: Checking | None,
    checked: Checked,
    report: Callable[[Event], None],
) -> RunEnded:
    """Ask the model, check what it stages, and tell it what fails, at most as often as the settings say.

    restaged: what was staged when the run began; a run that adds nothing to it is not checked. checking: None for no
    check.
    """
    ended = await until_it_fits(ask, message, view, aside, report)
    left = checking.config.rounds if checking is not None else 0
    while checking is not None and view.overlay.changes() and texts(view) != restaged:
        told = await checking.run(view, checked)
        if told is None or not left or ended.stop_reason != "end_turn" or ended.given_up:
            break
        left -= 1
        again = await until_it_fits(ask, UserMessage(told), view, aside, report)
        ended = replace(again, turns=ended.turns + again.turns)
        if texts(view) == checked.texts:
            break
    return ended


def _edited(view: View) -> Sequence[Path]:
    """The workspace folders that hold staged edits, each edit in the innermost one."""
    holding = {
        max((root for root in view.roots if staged.path.is_relative_to(root)), key=lambda root: len(root.parts))
        for staged in view.overlay.changes()
    }
    return [root for root in view.roots if root in holding]
