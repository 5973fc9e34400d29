"""`devstral-ls demo`: a whole run on a sample project in seconds, offline, with a script in the model's place.

Everything but the model's words is real: the server, the tools, the edits, the tests. What the demo says at its end
was checked, not assumed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from devstral_ls.cli import sample
from devstral_ls.cli.conversation import Conversation, conversation
from devstral_ls.cli.outcome import Outcome
from devstral_ls.cli.question import Question
from devstral_ls.cli.server_process import start_server
from devstral_ls.cli.streams import fail, guarded
from devstral_ls.errors import ForUser

if TYPE_CHECKING:
    from devstral_ls.cli.render import Terminal
    from devstral_ls.scripted import Manner, ScriptedServer

PROMPT = "The tests fail. Find out why and fix it."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the demo claims, and whether it is so."""

    claim: str
    holds: bool


def run(*, apply: bool, manner: str, keep: Path | None) -> int:
    """0 when all that is shown really happened, else 1."""

    def demo() -> int:
        sys.stdout.write("This is a demo: the answers come from a script, not from a model. Everything else is real.\n")
        sys.stdout.flush()
        with _folder(keep) as folder:
            return asyncio.run(_demo(folder, apply, cast("Manner", manner)))

    return guarded(demo)


async def _demo(folder: Path, apply: bool, manner: Manner) -> int:
    started = time.monotonic()
    project = folder / "invoices"
    sample.copy_sample(project)
    with tempfile.TemporaryDirectory(prefix="devstral-ls-") as scratch:
        server = start_server(sample.demo_environ(os.environ, Path(scratch)))
        # The server needs most of a second to start; what else is needed is imported meanwhile.
        from devstral_ls.scripted import Script, ScriptedServer

        script = Script.parse(json.loads(sample.script_text()))
        with ScriptedServer(script, manner) as model:
            async with conversation(server, project, _settings(model)) as talk:
                screen = _screen()
                findings = await _show_run(screen, talk, project, model, len(script.turns), apply)
    return _conclude(screen, findings, time.monotonic() - started, apply)


async def _show_run(
    screen: Terminal, talk: Conversation, project: Path, model: ScriptedServer, turns: int, apply: bool
) -> list[Finding]:
    """Shows the run as it happens; what was found out about it."""
    command = f"$ {Path(sys.executable).name} -m unittest"
    before = sample.digests(project)
    red = await sample.run_tests(project)
    _heading(screen, f"The project: {project}", f"{command}\n{red.summary}")
    _heading(screen, f"devstral-ls ask {PROMPT!r}")
    outcome = await talk.ask(Question(project, PROMPT), screen)
    screen.rest()
    if outcome.message is not None:
        screen.notice(outcome.message)
    untouched = sample.digests(project) == before
    still_red = await sample.run_tests(project)
    _show_proposal(screen, outcome)
    findings = [
        Finding("the tests failed before", not red.passed),
        Finding(f"the run ended by itself, all {turns} turns of the script said", _ended(outcome, model, turns)),
        Finding("the agent saw the tests fail", _agent_saw(outcome, 0, "FAILED (failures=1)")),
        Finding("with the edit staged, the agent saw them pass", _agent_saw(outcome, -1, "\nOK")),
        Finding("nothing was written to disk, where they still fail", untouched and not still_red.passed),
    ]
    if apply and all(finding.holds for finding in findings):
        failure = await talk.apply(outcome)
        green = await sample.run_tests(project)
        changed = {name for name, digest in sample.digests(project).items() if before.get(name) != digest}
        _heading(screen, "Applied", f"{command}\n{green.summary}")
        findings += [
            Finding(f"the edit was applied{f': {failure}' if failure else ''}", changed == {"invoices/money.py"}),
            Finding("the tests pass on disk", green.passed),
        ]
    return findings


def _settings(model: ScriptedServer) -> Mapping[str, Any]:
    return {
        "llm": {"baseUrl": model.base_url, "model": "devstral-small-2", "apiKey": "scripted"},
        "execution": {"enabled": True},
        "transcript": {"open": False},
        "client": {"stream": True},
    }


def _ended(outcome: Outcome, model: ScriptedServer, turns: int) -> bool:
    ended = outcome.state == "finished" and outcome.stop_reason == "end_turn"
    return ended and outcome.turns == len(model.requests) == turns


def _agent_saw(outcome: Outcome, which: int, text: str) -> bool:
    """Whether one of the agent's test runs printed this."""
    outputs = [call.output for call in outcome.tool_calls if call.name == "run_command"]
    return len(outputs) == 2 and text in outputs[which]


def _screen() -> Terminal:
    from rich.text import Text

    from devstral_ls.cli.keyboard import Keyboard
    from devstral_ls.cli.render import Terminal, visible

    class Approving(Terminal):
        async def allow(self, question: str, command: str) -> bool:
            self.line(Text(f"? {visible(command)}: allowed by the demo; it runs on a copy with the edits", "yellow"))
            return True

    return Approving(sys.stdout, sys.stdout, Keyboard(), permits=lambda command: True)


def _heading(screen: Terminal, heading: str, below: str | None = None) -> None:
    from rich.text import Text

    screen.line(Text(f"\n{heading}", style="bold"))
    if below is not None:
        screen.line(Text(below))


def _show_proposal(screen: Terminal, outcome: Outcome) -> None:
    from devstral_ls.cli.render import show_diff, stat_lines

    _heading(screen, "Proposed")
    show_diff(outcome.diff, sys.stdout)
    screen.line(stat_lines(outcome.files))


def _conclude(screen: Terminal, findings: list[Finding], seconds: float, applied: bool) -> int:
    from rich.text import Text

    from devstral_ls.cli.render import marks

    yes, no = marks(sys.stdout.encoding)
    _heading(screen, "What happened")
    for finding in findings:
        screen.line(Text(f"{yes if finding.holds else no} {finding.claim}", style="green" if finding.holds else "red"))
    screen.line(Text(f"{seconds:.1f} s" + ("" if applied else "; --apply also applies the edit"), style="dim"))
    broken = [finding.claim for finding in findings if not finding.holds]
    return fail(1, f"the demo did not do what it says: not true that {broken[0]}.") if broken else 0


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where the project goes: `keep`, which stays, or a temporary folder."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="devstral-ls-demo-") as folder:
            yield Path(folder).resolve()
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise ForUser(f"{keep} is not empty; --keep takes a new or an empty folder.")
    except OSError as error:
        raise ForUser(f"{keep} can't be used: {error.strerror}.") from None
    yield keep.resolve()
