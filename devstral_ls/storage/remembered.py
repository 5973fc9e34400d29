"""All that is remembered of what may run in a workspace, as people list it and take it back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from devstral_ls.storage.approvals import Approval, Approvals
from devstral_ls.storage.checks import CheckAnswer, CheckAnswers

Remembered = Approval | CheckAnswer


def remembered(workspace: Path, approvals: Approvals, checks: CheckAnswers) -> list[Remembered]:
    """The commands that are always allowed, then the answers about checks; each oldest first."""
    return [*approvals.of(workspace), *checks.of(workspace)]


def forget(workspace: Path, one: Remembered, approvals: Approvals, checks: CheckAnswers) -> None:
    """OSError when it can't be removed."""
    if isinstance(one, Approval):
        approvals.remove(workspace, one)
    else:
        checks.remove(workspace, one)


def described(one: Remembered) -> dict[str, Any]:
    """As plain data. check: what was answered about it as a check; None for a command that the model may run."""
    if isinstance(one, Approval):
        return {**asdict(one), "check": None}
    approval = Approval(one.command, whole=True, unsandboxed=False, since=one.since)
    return {**asdict(approval), "check": "always" if one.runs else "never"}


def spoken(one: Remembered) -> str:
    """What stands before its text in a list: what that is, where it is no shell command."""
    return "Python: " if described(one)["language"] == "python" else ""


def remark(one: Remembered) -> str:
    """What is said of it in a list, besides the command: nothing for what is simply allowed."""
    if isinstance(one, Approval):
        return ""
    return "checks Devstral's edits" if one.runs else "no checks here, this one was refused"
