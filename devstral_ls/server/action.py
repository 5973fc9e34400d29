"""One code action, and how a client gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devstral_ls.server.client import Client

QUICKFIX = "quickfix.devstral"
REWRITE = "refactor.rewrite.devstral"
EXPLAIN = "devstral.explain"
REVIEW = "devstral.review"
DEVSTRAL = "devstral"

KINDS = ["quickfix", "refactor.rewrite", "devstral"]
"""What the server announces; every action's kind is one of these or below one."""

LLM_GENERATED = 1
LONGEST_TITLE = 72


@dataclass(frozen=True, slots=True)
class Action:
    """One code action. edit: literal text edits, computed for the text as it is now."""

    title: str
    kind: str
    command: str | None = None
    argument: dict[str, Any] | None = None
    edit: dict[str, Any] | None = None
    disabled: str | None = None
    diagnostics: tuple[dict[str, Any], ...] = ()
    data: dict[str, Any] | None = None


def plain(action: Action, client: Client) -> dict[str, Any]:
    command = None
    if action.command is not None:
        command = {"title": action.title, "command": action.command, "arguments": [action.argument or {}]}
    if not client.action_literals and command is not None:
        return command
    plain: dict[str, Any] = {"title": action.title, "kind": action.kind}
    if action.diagnostics:
        plain["diagnostics"] = list(action.diagnostics)
    if command is not None:
        plain["command"] = command
    if action.edit is not None:
        plain["edit"] = action.edit
    if action.data is not None:
        plain["data"] = action.data
    if action.disabled is not None and client.action_disabled:
        plain["disabled"] = {"reason": action.disabled}
    if client.action_llm_tag:
        plain["tags"] = [LLM_GENERATED]
    return plain


def command(title: str, command: str, argument: dict[str, Any] | None) -> dict[str, Any]:
    return {"title": title, "command": command, "arguments": [argument or {}]}


def short(title: str) -> str:
    flat = " ".join(title.split())
    return flat if len(flat) <= LONGEST_TITLE else flat[: LONGEST_TITLE - 2].rstrip() + "…”"
