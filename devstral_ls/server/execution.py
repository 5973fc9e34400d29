"""How this server runs commands: what holds them in, found once, and who is asked about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from devstral_ls.server.dialogs import Dialogs
from devstral_ls.storage.approvals import Approvals
from devstral_ls.storage.checks import CheckAnswers

if TYPE_CHECKING:
    from devstral_ls.config import CheckConfig, ExecutionConfig
    from devstral_ls.execution.ladder import Ladder
    from devstral_ls.server.checks import Checking
    from devstral_ls.server.report import Report
    from devstral_ls.tools.commands import Commands


class Execution:
    """The rung is found when the first run needs it: trying it out takes a moment, and so does importing it."""

    def __init__(
        self,
        settings: Callable[[], ExecutionConfig],
        check: Callable[[], CheckConfig],
        approvals: Approvals,
        answers: CheckAnswers,
    ) -> None:
        self._settings = settings
        self._check = check
        self._approvals = approvals
        self._answers = answers
        self._ladder: Ladder | None = None

    def commands(self, roots: Sequence[Path], report: Report, dialogs: Dialogs, session: str) -> Commands | None:
        """How a run's commands are run, each permitted first. None: not at all. roots: the run's workspace folders."""
        settings = self._settings()
        if not settings.enabled:
            return None
        from devstral_ls.allowed_hosts import allowed_hosts
        from devstral_ls.execution.commands import StagedCommands
        from devstral_ls.execution.python import python
        from devstral_ls.server.check_commands import is_confirmed
        from devstral_ls.server.permission import Permission

        def confirmed(folder: Path, command: str) -> bool:
            return is_confirmed(self._check(), self._answers, folder, command)

        permission = Permission(settings, self._approvals, roots, dialogs, report, confirmed)
        commands = StagedCommands(
            permission,
            ladder=self.ladder(),
            mode=settings.sandbox,
            session=session,
            allowed=allowed_hosts(settings.network),
        )
        return replace(
            commands, python=python(settings.python, replace(permission, language="python"), commands.on_view)
        )

    def checking(self, commands: Commands | None, report: Report, dialogs: Dialogs) -> Checking | None:
        """How a run's edits are checked with these commands; None: not at all."""
        config, settings = self._check(), self._settings()
        if commands is None or config.mode == "off":
            return None
        from devstral_ls.server.checks import PATIENCE, Checking

        async def able() -> bool:
            return (await self.ladder().reached(settings.sandbox)).rung is not None

        patience = min(PATIENCE, settings.approval_timeout)
        return Checking(config, self._answers, commands, dialogs, report, able, patience)

    def ladder(self) -> Ladder:
        """What finds the rung, the same for all runs of this server."""
        if self._ladder is None:
            from devstral_ls.execution.ladder import Ladder

            self._ladder = Ladder()
        return self._ladder

    async def status(self) -> dict[str, object]:
        """The rung as clients are told of it; found now if no run needed it yet."""
        settings = self._settings()
        if not settings.enabled:
            return {"enabled": False, "rung": None, "sandbox": "commands are turned off", "why": []}
        reached = await self.ladder().reached(settings.sandbox)
        return {
            "enabled": True,
            "rung": reached.rung.name if reached.rung is not None else None,
            "sandbox": reached.title,
            "why": [f"{rung.title}: {reason}" for rung, reason in reached.passed],
        }

    def close(self) -> None:
        if self._ladder is not None:
            self._ladder.close()
