"""How a run's commands are run, and what the user is asked about one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devstral_ls.server.permission import Permission
    from devstral_ls.tools.commands import Commands


def wish(command: str, directory: Path) -> str:
    """What the user reads before a command runs."""
    return f"Devstral wants to run in a copy of {directory}:\n{command}"


def commands_of(permission: Permission) -> Commands:
    """How a run's commands are run: each permitted first."""
    # Needed long after initialize is answered, if at all.
    from devstral_ls.execution.commands import StagedCommands

    return StagedCommands(permission)
