"""`devstral-ls ask`: one question, its answer, and the edits on disk if the user wants them there."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from devstral_ls.cli.conversation import Conversation, conversation
from devstral_ls.cli.keyboard import Keyboard
from devstral_ls.cli.outcome import Outcome
from devstral_ls.cli.question import Question
from devstral_ls.cli.streams import DONE, FAILED, INPUT_MISSING, INTERRUPTED, NOT_APPLIED, fail

if TYPE_CHECKING:
    from devstral_ls.cli.render import Terminal

STOPPED_EARLY = {
    "max_tokens": "the reply was cut off at the token limit (llm.maxTokens).",
    "max_turn_requests": "the run stopped after the most turns it may take (agent.maxTurns); ask again to go on.",
    "refusal": "the model refused.",
}
"""Why a run ended before the model had finished, by its stop reason."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says besides the question."""

    output: Literal["text", "diff", "json"] = "text"
    apply: Literal["plain", "all"] | None = None
    """What is written to disk without asking; plain: all but files that something runs. None: the user is asked."""
    allow_commands: bool = False
    allow: tuple[str, ...] = ()
    """Commands that may run, exactly these."""
    check: str | None = None
    """The command to check edits with, which may run as well."""
    base_url: str | None = None
    model: str | None = None


def run(server: subprocess.Popen[bytes], question: Question, options: Options) -> int:
    """The exit code, after a run of the server that was just started."""
    return asyncio.run(_ask(server, question, options))


async def _ask(server: subprocess.Popen[bytes], question: Question, options: Options) -> int:
    started = time.monotonic()
    async with conversation(server, question.root, settings(options)) as talk:
        # The server process is starting; what the terminal needs is imported meanwhile.
        from devstral_ls.cli.render import Terminal, show_diff, stat_lines, usage_line

        text_to = sys.stdout if options.output == "text" else sys.stderr if options.output == "diff" else None
        screen = Terminal(text_to, sys.stderr, Keyboard(), permits=_permits(options))
        try:
            outcome = await talk.ask(question, screen)
        finally:
            screen.rest()
        code, message = verdict(outcome)
        if code == DONE and outcome.files:
            if options.output == "diff" or (options.output == "text" and not options.apply):
                show_diff(outcome.diff, sys.stdout)
            screen.line(stat_lines(outcome.files, outcome.note))
        if outcome.turns:
            screen.line(usage_line(outcome, time.monotonic() - started))
        if code == DONE and outcome.files and await _wanted(options, screen):
            failure = await _apply(talk, outcome, options)
            if failure is not None:
                code, message = NOT_APPLIED, failure
        return _finish(options, talk, outcome, screen, code, message)


async def _apply(talk: Conversation, outcome: Outcome, options: Options) -> str | None:
    """None, or why not all of it is on disk."""
    left = [file["path"] for file in outcome.files if file["confirm"]] if options.apply == "plain" else []
    if not left:
        return await talk.apply(outcome)
    plain = [file["uri"] for file in outcome.files if not file["confirm"]]
    failure = await talk.apply(outcome, plain) if plain else None
    return failure or (
        f"not written: {', '.join(left)}, because editors, shells or build servers run what it says; "
        "--apply-all writes that, too."
    )


def _finish(
    options: Options, talk: Conversation, outcome: Outcome, screen: Terminal, code: int, message: str | None
) -> int:
    """The exit code, after what is left to say about the run."""
    if code == DONE and outcome.stop_reason in STOPPED_EARLY:
        screen.notice(STOPPED_EARLY[outcome.stop_reason])
    if code in (FAILED, INTERRUPTED) and outcome.files:
        screen.notice("the edits made until then were not applied.")
    if options.output == "json":
        sys.stdout.write(json.dumps(report(outcome, talk, message), indent=2) + "\n")
        sys.stdout.flush()
    if talk.editor.applied:
        screen.notice(f"applied to {', '.join(_shown(path) for path in talk.editor.applied)}")
    if outcome.denied:
        count = "1 command was" if len(outcome.denied) == 1 else f"{len(outcome.denied)} commands were"
        screen.notice(f"{count} denied; --allow COMMAND allows one, --allow-commands all.")
    return code if message is None else fail(code, message)


def _permits(options: Options) -> Callable[[str], bool]:
    """Whether a command was allowed on the command line: part by part, as what is remembered."""
    allow = options.allow if options.check is None else (*options.allow, options.check)
    if options.allow_commands or not allow:
        return lambda command: options.allow_commands
    from devstral_ls.execution.shell_parts import allowed, parts

    known = {part for command in allow for part in parts(command)}
    return lambda command: allowed(command, known)


async def _wanted(options: Options, screen: Terminal) -> bool:
    if options.apply or options.output != "text":
        return options.apply is not None
    answer = await screen.confirm("Apply?")
    if answer is None:
        screen.notice("nothing was applied; --apply writes the edits, --diff prints a diff for `git apply`.")
    elif not answer:
        screen.notice("nothing was applied.")
    return bool(answer)


def verdict(outcome: Outcome) -> tuple[int, str | None]:
    """The exit code a run deserves by itself, and what to say when that is not 0."""
    match outcome.state:
        case "finished":
            return DONE, None
        case "needsInput":
            return INPUT_MISSING, outcome.message or "the run needs input that isn't there."
        case "cancelled":
            return INTERRUPTED, "the run was cancelled."
    return FAILED, outcome.message or f"the run ended as {outcome.state!r}."


def report(outcome: Outcome, talk: Conversation, message: str | None) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "state": outcome.state,
        "stopReason": outcome.stop_reason,
        "error": message,
        "text": outcome.text,
        "edits": [dict(file) for file in outcome.files],
        "note": outcome.note,
        "checks": [asdict(check) for check in outcome.checks],
        "diff": outcome.diff,
        "applied": [str(path) for path in talk.editor.applied],
        "usage": {"promptTokens": outcome.prompt_tokens, "completionTokens": outcome.completion_tokens},
        "turns": outcome.turns,
        "toolCalls": [asdict(call) for call in outcome.tool_calls],
        "deniedCommands": outcome.denied,
        "sessionId": outcome.session_id,
    }


def settings(options: Options) -> Mapping[str, Any]:
    """The server's settings for this command: the user's own hold where no flag says otherwise."""
    return {
        "llm": {"baseUrl": options.base_url, "model": options.model},
        "transcript": {"open": False},
        "client": {"stream": True},
    }


def _shown(path: Path) -> str:
    """The path as the user would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
