"""Which command the user has said checks a workspace folder."""

from __future__ import annotations

from pathlib import Path

from devstral_ls.config import ANY_FOLDER, CheckConfig
from devstral_ls.storage.checks import CheckAnswers
from devstral_ls.workspace.paths import canonical


def chosen(config: CheckConfig, folder: Path) -> str | None:
    """The command that the settings name for this folder (without symlinks)."""
    commands = config.commands or {}
    named = {canonical(Path(name)): command for name, command in commands.items() if name != ANY_FOLDER}
    return named.get(folder, commands.get(ANY_FOLDER))


def is_confirmed(config: CheckConfig, answers: CheckAnswers, folder: Path, command: str) -> bool:
    """Whether the user wants exactly this command to check this folder, so that it need not be asked about again."""
    return command == chosen(config, folder) or answers.confirmed(folder, command)
