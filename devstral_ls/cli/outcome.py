"""What a run came to, put together from what the server tells while it goes on, and where it is shown meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call as it ended. summary: one line for people; output: what the model read."""

    name: str
    title: str
    ok: bool
    summary: str
    output: str


@dataclass(frozen=True, slots=True)
class Check:
    """A command that was run on the edits. summary: how it went, in one line."""

    command: str
    passed: bool
    summary: str
    output: str


@dataclass(slots=True)
class Outcome:
    """What a run came to. `state` and `stop_reason` are the server's words; `message` says why a run failed."""

    session_id: str | None = None
    state: str = "running"
    stop_reason: str | None = None
    message: str | None = None
    text: str = ""
    turns: int = 0
    proposal_id: str | None = None
    files: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    diff: str = ""
    note: str = ""
    """What was run on the edits and how it went."""
    checks: list[Check] = field(default_factory=list[Check])
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tool_calls: list[ToolCall] = field(default_factory=list[ToolCall])
    denied: list[str] = field(default_factory=list[str])

    def take(self, update: Mapping[str, Any], screen: Screen) -> None:
        """Note one `devstral/sessionUpdate`, and show it."""
        self.session_id = update.get("sessionId") or self.session_id
        match update["kind"]:
            case "text":
                screen.text(update["text"])
            case "reasoning":
                screen.reasoning(update["text"])
            case "toolCall":
                screen.phase(update["title"])
            case "toolResult":
                call = ToolCall(**{key: update[key] for key in ("name", "title", "ok", "summary", "output")})
                self.tool_calls.append(call)
                screen.tool(call)
            case "check":
                check = Check(**{key: update[key] for key in ("command", "passed", "summary", "output")})
                self.checks.append(check)
                title = f"check {check.command}"
                screen.tool(ToolCall("check", title, check.passed, check.summary, check.output))
            case "notice":
                screen.notice(update["text"])
            case "usage":
                self.prompt_tokens += update.get("promptTokens") or 0
                self.completion_tokens += update.get("completionTokens") or 0
            case "proposal":
                self.proposal_id = update["proposalId"]
                self.files = update["files"]
                self.note = update["note"]
                # What is decided is no longer in the diff; what the run proposed is to be known afterwards, too.
                self.diff = update["diff"] or self.diff


class Screen(Protocol):
    """Where a run is shown."""

    def phase(self, text: str) -> None:
        """What is going on now."""
        ...

    def text(self, piece: str) -> None: ...
    def reasoning(self, piece: str) -> None: ...
    def tool(self, call: ToolCall) -> None: ...

    def notice(self, text: str) -> None:
        """One line the user should see."""
        ...

    async def allow(self, question: str, command: str) -> bool:
        """Whether the command may run, as the user (or a flag) decides."""
        ...
