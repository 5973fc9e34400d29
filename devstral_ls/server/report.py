"""What a run's events become for people and clients: progress, log lines, the transcript, the opt-in stream."""

from __future__ import annotations

import logging
from collections.abc import Callable

from devstral_ls.agent.events import (
    CallAnnounced,
    Event,
    Noticed,
    PromptSent,
    ReasoningReceived,
    ReplyReceived,
    RunEnded,
    TextReceived,
    ToolFinished,
    ToolPrinted,
    ToolStarted,
    TurnStarted,
)
from devstral_ls.execution.verdicts import Verdict
from devstral_ls.server.applying import Applied
from devstral_ls.server.described import describe
from devstral_ls.server.progress import LONGEST, Progress
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.stream import Stream
from devstral_ls.server.user import Kind
from devstral_ls.storage.transcript import Transcript

log = logging.getLogger(__name__)

TAIL = 200
"""Characters of text kept to show its end as progress."""


class Report:
    """One run's reporter; called with each of the agent's events.

    write_log: sends one line to the client's log. tell: shows the user a line (kind "error", "warning" or "info").
    ended: called when the run is over, with its answer, so that prose can be opened. grown: called when the transcript
    may have grown, so that an open one can be refreshed. model: the name of the model asked.
    """

    def __init__(
        self,
        progress: Progress,
        stream: Stream,
        transcript: Transcript,
        write_log: Callable[[str], None],
        tell: Callable[[Kind, str], None],
        ended: Callable[[str, RunEnded | None, Proposal | None], None],
        grown: Callable[[], None],
        model: Callable[[], str | None],
    ) -> None:
        self.progress = progress
        self._stream = stream
        self._transcript = transcript
        self._log = write_log
        self._tell = tell
        self._ended = ended
        self._grown = grown
        self._model = model
        self._tail = ""
        self._turn = 0

    def begin(self, title: str) -> None:
        self.progress.begin(title)
        self._stream.update("state", state="running", message=title, turn=0)

    def waiting(self, reason: str) -> None:
        self.progress.report(reason)
        self._log(reason)
        self._stream.update("state", state="queued", message=reason, turn=0)

    def working(self) -> None:
        self.progress.report("looking for the model")

    def __call__(self, event: Event) -> None:
        match event:
            case TextReceived(text):
                self._transcript.answering(text)
                self._grown()
                self._stream.text("text", text)
                self._show_tail(text)
            case ReasoningReceived(text):
                self._stream.text("reasoning", text)
                self._show_tail(text)
            case TurnStarted(turn):
                self._tail, self._turn = "", turn
                self._transcript.answered_by(self._model() or "")
                self._stream.update("state", state="running", message="reading the prompt", turn=turn)
            case PromptSent(size):
                self.progress.report(reading(self._turn, size))
            case CallAnnounced(name):
                self.progress.report(f"writing a call of {name}")
            case ReplyReceived(usage, calls):
                self._reply(event)
                tokens = f", {usage.prompt_tokens} + {usage.completion_tokens} tokens" if usage is not None else ""
                self._log(f"turn {self._turn}: {calls} tool {'call' if calls == 1 else 'calls'}{tokens}")
            case ToolStarted(call_id, name, title):
                self.progress.report(title)
                self._stream.update("toolCall", callId=call_id, name=name, title=title)
            case ToolPrinted(_, line):
                self.progress.report(line)
            case ToolFinished():
                self._tool(event)
            case Noticed(text):
                self.progress.report(text)
                self._log(text)
                # What is written after this begins anew, as after a reply that broke off.
                self._transcript.answered()
                self._transcript.noted(text)
                self._save()
                self._stream.update("notice", text=text)
            case RunEnded():
                pass  # the end is reported once the proposal is known

    def approval(self, command: str, directory: str, sandbox: str, language: str = "shell") -> None:
        """The run waits for the user's word on a command. sandbox: what would hold it in.

        language: what the command is written in, `shell` or `python`.
        """
        self.progress.report(f"may I run: {command}")
        self._stream.update("approval", command=command, directory=directory, sandbox=sandbox, language=language)

    def checking(self, command: str) -> None:
        """The run's edits are being checked."""
        self.progress.report(f"checking: {command}")
        self._log(f"checking: {command}")

    def check_printed(self, command: str, line: str) -> None:
        """line: the last one that the check has printed so far."""
        self.progress.report(f"checking: {command}: {line}"[:LONGEST])

    def checked(self, command: str, found: Verdict, output: str) -> None:
        """How a check of the run's edits went, and what it printed."""
        self._transcript.used(f"check: {command}: {found.note}", found.passed, output)
        self._save()
        self._log(f"{command}: {found.note}")
        self._stream.update("check", command=command, passed=found.passed, summary=found.note, output=output)

    def warned(self, text: str) -> None:
        """Something to be noticed even by somebody who comes back later."""
        self(Noticed(text))
        self._tell("warning", f"Devstral: {text}")

    def end(self, state: str, message: str | None, ended: RunEnded | None, proposal: Proposal | None) -> None:
        """The run is over, whatever its state. All is said of it before the progress ends."""
        self._transcript.answered()
        if proposal is not None:
            self._stream.update("proposal", **describe(proposal))
        line = message or _outcome(state, ended, proposal)
        if ended is not None and ended.given_up:
            self._tell("warning", f"Devstral: {ended.given_up}")
        if state == "failed":
            self._tell("error", line)
        self._log(line)
        self._transcript.noted(line)
        self._save()
        self._stream.update("state", state=state, message=line, turn=self._turn)
        self.progress.end("cancelled" if state == "cancelled" else line)
        self._ended(state, ended, proposal)

    def decided(self, applied: Applied, proposal: Proposal) -> None:
        """The user was asked about the proposal; what is undecided stays pending."""
        self._stream.update("proposal", **describe(proposal))
        failure = applied.failure()
        if failure is not None:
            self._tell("warning", failure)
        elif proposal.state == "pending":
            # The question was closed, or could not be asked: Helix 25.01 knows no questions.
            self._tell("info", f"Devstral proposes {proposal.summary()}: the code actions apply, show or discard it.")
        if failure is not None:
            self._transcript.noted(failure)
        self._log(failure or f"proposal {proposal.id}: {proposal.state}")
        self._save()

    def _show_tail(self, text: str) -> None:
        self._tail = (self._tail + text)[-TAIL:]
        self.progress.report(self._tail)

    def _reply(self, event: ReplyReceived) -> None:
        self._stream.flush()
        self._transcript.answered()
        self._save()
        if event.usage is not None:
            usage = event.usage
            self._stream.update("usage", promptTokens=usage.prompt_tokens, completionTokens=usage.completion_tokens)

    def _tool(self, event: ToolFinished) -> None:
        self._transcript.used(event.title, event.ok, event.output)
        self._save()
        self._log(f"{event.title}: {event.summary}")
        self._stream.update(
            "toolResult",
            callId=event.call_id,
            name=event.name,
            title=event.title,
            ok=event.ok,
            summary=event.summary,
            output=event.output,
        )

    def _save(self) -> None:
        self._grown()
        save(self._transcript)


def save(transcript: Transcript) -> None:
    """Write what is new of a transcript; where that fails the work goes on."""
    try:
        transcript.save()
    except OSError as error:
        log.warning("the transcript can't be written: %s", error)


def reading(turn: int, tokens: int | None) -> str:
    """What is shown while the model reads: `turn 2: reading the prompt (about 12k tokens)`."""
    size = "" if tokens is None else f" (about {tokens if tokens < 1000 else f'{round(tokens / 1000)}k'} tokens)"
    return f"{f'turn {turn}: ' if turn > 1 else ''}reading the prompt{size}"


def _outcome(state: str, ended: RunEnded | None, proposal: Proposal | None) -> str:
    if state == "cancelled":
        left = f"; {proposal.summary()} stay pending" if proposal is not None and proposal.pending else ""
        return f"cancelled{left}"
    if proposal is not None and proposal.pending:
        return f"proposes {proposal.summary()}"
    if ended is not None and ended.given_up:
        return "stopped: it got nowhere"
    if ended is not None and ended.stop_reason != "end_turn":
        return {
            "max_tokens": "stopped: the reply reached the token limit (llm.maxTokens)",
            "max_turn_requests": "stopped: too many turns (agent.maxTurns)",
            "refusal": "the model refused",
            "cancelled": "cancelled",
        }[ended.stop_reason]
    return "done"
