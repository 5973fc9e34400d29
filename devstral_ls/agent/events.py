"""What a run reports while it goes on, as values. The server turns them into progress, log lines and a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devstral_ls.llm.backend import Usage

StopReason = Literal["end_turn", "max_tokens", "max_turn_requests", "refusal", "cancelled"]
"""Why a run ended, in the words of the Agent Client Protocol."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The conversation goes to the model for the `turn`-th time in this run, counted from 1."""

    turn: int


@dataclass(frozen=True, slots=True)
class PromptSent:
    """The model reads the conversation, which can take minutes. tokens: about how many they are, None: uncounted."""

    tokens: int | None


@dataclass(frozen=True, slots=True)
class TextReceived:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningReceived:
    text: str


@dataclass(frozen=True, slots=True)
class CallAnnounced:
    """The model is writing a call of this tool."""

    name: str


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """The model's reply is complete; its tools run next."""

    usage: Usage | None
    calls: int


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """title: one line for people, such as `edit src/app.py`."""

    call_id: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class ToolPrinted:
    """line: the last one that a running command has printed so far."""

    call_id: str
    line: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """ok: False when the model got an error to correct. summary: one line for people. output: what the model reads."""

    call_id: str
    name: str
    title: str
    ok: bool
    summary: str
    output: str
    staged: Path | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know that ends nothing: a retry, a recovered call, a limit that is near."""

    text: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """text: the model's last answer. given_up: why it was ended although the model would have gone on, for the user."""

    stop_reason: StopReason
    text: str
    turns: int
    given_up: str | None = None


Event = (
    TurnStarted
    | PromptSent
    | TextReceived
    | ReasoningReceived
    | CallAnnounced
    | ReplyReceived
    | ToolStarted
    | ToolPrinted
    | ToolFinished
    | Noticed
    | RunEnded
)
