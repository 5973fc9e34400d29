"""One run, and what a command asked it to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from devstral_ls.agent.events import RunEnded
from devstral_ls.agent.tasks import TASKS
from devstral_ls.server.applying import Applied
from devstral_ls.server.checks import Checked
from devstral_ls.server.editor import Target
from devstral_ls.server.report import Report
from devstral_ls.server.sessions import Conversation

if TYPE_CHECKING:
    from devstral_ls.config import EditsMode
    from devstral_ls.workspace.view import View

State = Literal["queued", "running", "finished", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a command asked for.

    pasted: images that were in the prompt. prepare: stages what has to change before the model starts.
    """

    command: str
    prompt: str = ""
    target: Target | None = None
    images: tuple[str, ...] = ()
    pasted: tuple[str, ...] = ()
    diagnostics: tuple[dict[str, Any], ...] = ()
    scope: Literal["selection", "file", "workspace"] = "selection"
    mode: EditsMode | None = None
    prepare: Callable[[View], None] | None = None
    name: str | None = None
    """How people see it, where the command alone does not say it."""

    @property
    def title(self) -> str:
        return self.name or TASKS[self.command].title


@dataclass(eq=False)
class Run:
    """One run, from the command to the user's decision about its edits."""

    id: str
    request: RunRequest
    conversation: Conversation
    roots: list[Path]
    report: Report
    state: State = "queued"
    message: str | None = None
    """Why it failed, in one line."""
    ended: RunEnded | None = None
    proposal_id: str | None = None
    checked: Checked = field(default_factory=Checked)
    applied: Applied = field(default_factory=Applied)
    task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "cancelled", "failed")
