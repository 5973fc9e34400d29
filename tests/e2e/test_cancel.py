"""Five ways to cancel, one effect: the model stops, processes are gone, the progress ends, proposals stay."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devstral_ls.execution.ladder import find_bwrap
from tests.doubles.editor import EGLOT, HELIX, KATE, NEOVIM, VS_CODE
from tests.doubles.hanging import BUSY, Answer, begun, full_house, hanging, talks_long
from tests.doubles.raw import PATIENCE
from tests.e2e.stage import HANG, Stage, Stages, command, edit, read, say
from tests.execution.processes import gone, lines_of
from tests.execution.sandboxes import running

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "def f():\n    return 1\n"}
TURNS = [read("app.py"), edit("app.py", "return 1", "return 2"), HANG]


async def by_request(at: Stage, number: int) -> None:
    at.editor.server.notify("$/cancelRequest", {"id": number})


async def by_progress(at: Stage, _: int) -> None:
    (token,) = at.editor.progress
    at.editor.server.notify("window/workDoneProgress/cancel", {"token": token})


async def by_command(at: Stage, _: int) -> None:
    running = (await at.status())["runs"][0]["sessionId"]
    assert await at.editor.command("devstral.cancel", {"sessionId": running}) == {"cancelled": [running]}


async def by_command_for_all(at: Stage, _: int) -> None:
    running = (await at.status())["runs"][0]["sessionId"]
    assert await at.editor.command("devstral.cancel") == {"cancelled": [running]}


async def by_code_action(at: Stage, _: int) -> None:
    actions = await at.editor.actions(at.uri("app.py"), 0, triggerKind=2)
    await at.editor.choose(actions, "Devstral: cancel “Ask Devstral”")


@pytest.mark.parametrize("way", [by_request, by_progress, by_command, by_command_for_all, by_code_action])
async def test_a_cancelled_run_stops_the_model_and_keeps_its_proposal(
    stages: Stages, way: Callable[[Stage, int], Awaitable[None]]
) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("app.py")
        fields = {"prompt": "do it", "textDocument": {"uri": uri}, "wait": True}
        params = {"command": "devstral.ask", "arguments": [fields]}
        number = at.editor.server.ask("workspace/executeCommand", params)
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        await way(at, number)
        answer = (await at.editor.server.answer(number))["result"]
        assert await asyncio.to_thread(at.model.await_disconnects, 1)
        assert (answer["state"], answer["stopReason"]) == ("cancelled", "cancelled")
        assert answer["edits"] == {"proposed": [uri], "applied": [], "rejected": []}
        ((*_, end),) = at.editor.progress.values()
        assert end == {"kind": "end", "message": "cancelled"}
        assert at.editor.log[-1] == "cancelled; 1 file, +1 -1 stay pending"
        assert (await at.status())["state"] == "idle"
        assert [proposal["proposalId"] for proposal in await at.pending()] == [answer["proposalId"]]
        assert (at.editor.edits, at.editor.questions, at.editor.messages) == ([], [], [])
        applied = await at.editor.command("devstral.applyProposal")
        assert applied["applied"] is True
        assert at.seen("app.py") == "def f():\n    return 2\n"


async def test_shutdown_cancels_and_the_process_is_gone(stages: Stages) -> None:
    async with stages.own(NEOVIM, FILES, [HANG]) as at:
        await at.start()
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        assert await at.editor.server.leave() == 0
        assert await asyncio.to_thread(at.model.await_disconnects, 1)
        ((*_, end),) = at.editor.progress.values()
        assert end == {"kind": "end", "message": "cancelled"}


async def test_the_end_of_the_input_cancels_and_the_process_is_gone(stages: Stages) -> None:
    async with stages.own(VS_CODE, FILES, [HANG]) as at:
        await at.start()
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        at.editor.server.close_input()
        assert await at.editor.server.ended() == 1
        assert await asyncio.to_thread(at.model.await_disconnects, 1)
        assert at.editor.server.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="needs a named pipe")
@pytest.mark.parametrize("way", ["cancel", "end of input"])
async def test_a_commands_whole_process_tree_is_killed(stages: Stages, tmp_path: Path, way: str) -> None:
    pipe = tmp_path / "pids"
    os.mkfifo(pipe)
    # The background, a child of it, one that left the process group, and the shell itself.
    line = (
        f"exec 3>{pipe}; sleep 600 & echo $! >&3; (sleep 600 & echo $! >&3; wait) & "
        "setsid sleep 600 & echo $! >&3; sh -c 'echo $PPID >&3'; wait"
    )
    # In the sandbox neither the pipe nor these numbers would mean anything outside.
    stage = stages.own(HELIX, FILES, [command(line)], env={"DEVSTRAL_LS_SANDBOX": "off"})
    async with stage as at:
        await at.start()
        pids = [int(pid) for pid in await lines_of(pipe, 4)]
        if way == "cancel":
            await at.editor.command("devstral.cancel")
            await at.ends()
        else:
            at.editor.server.close_input()
            assert await at.editor.server.ended() == 1
        assert [await gone(pid) for pid in pids] == [True] * 4


@pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed")
@pytest.mark.parametrize("way", ["cancel", "end of input"])
async def test_in_the_sandbox_a_commands_whole_process_tree_is_killed(stages: Stages, way: str) -> None:
    marker = f"98762{os.getpid()}"
    line = f"sleep {marker} & (sleep {marker} & wait) & setsid sleep {marker} & echo all; wait"
    async with stages.own(HELIX, FILES, [command(line)], env={"DEVSTRAL_LS_SANDBOX": "require"}) as at:
        assert (await at.status())["execution"]["rung"] in ("1", "1b", "2")
        await at.start()
        await at.editor.settles(lambda: _shown(at, "all"))
        async with asyncio.timeout(PATIENCE):
            while len(pids := running(marker)) < 5:  # three, their shell and bubblewrap's own line
                await at.settled()
        if way == "cancel":
            await at.editor.command("devstral.cancel")
            await at.ends()
        else:
            at.editor.server.close_input()
            assert await at.editor.server.ended() == 1
        assert [await gone(pid) for pid in pids] == [True] * len(pids)
        assert running(marker) == []


async def test_a_question_about_a_command_is_withdrawn(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [command("true")]) as at:
        at.editor.silent.add("window/showMessageRequest")
        await at.start()
        asked = await at.editor.server.until(lambda message: message.get("method") == "window/showMessageRequest")
        assert [action["title"] for action in asked["params"]["actions"]] == ["Run once", "Always allow", "Deny"]
        await at.editor.command("devstral.cancel")
        await at.ends()
        withdrawn = await at.editor.server.until(lambda message: message.get("method") == "$/cancelRequest")
        assert withdrawn["params"] == {"id": asked["id"]}


async def test_a_cancelled_conversation_can_be_continued(stages: Stages) -> None:
    turns = [read("app.py"), HANG, say("Now I have answered.")]
    async with stages.on(EGLOT, FILES, turns) as at:
        await at.start(prompt="think")
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        await at.editor.command("devstral.cancel")
        await at.ends()
        answer = await at.run(prompt="answer now")
        assert (answer["state"], answer["text"]) == ("finished", "Now I have answered.")
        roles = [message["role"] for message in at.model.requests[-1]["messages"]]
        assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
        assert at.model.requests[-1]["messages"][-2]["content"] == "I am thinking"


PHASES: dict[str, tuple[Answer, str]] = {
    "while the model is looked for": (lambda _: None, "looking for the model"),
    "while the prompt is read": (lambda _: None, "reading the prompt"),
    "while the reply is streamed": (lambda _: begun(b"I am thinking"), "I am thinking"),
    "while a busy server is waited for": (lambda _: BUSY, "Trying again in 50 s."),
    "while the conversation is summarised": (talks_long, "the model is summarising it"),
}


@pytest.mark.parametrize("phase", PHASES)
async def test_a_run_can_be_cancelled_at_every_moment(stages: Stages, phase: str) -> None:
    answer, shown = PHASES[phase]
    async with (
        stages.on(NEOVIM, FILES, [say("Now I have answered.")]) as at,
        hanging(answer, lists="looked for" not in phase) as model,
    ):
        await at.configure({"llm": {"baseUrl": model.base_url, "contextWindow": 6000, "maxTokens": 1000}})
        moment = asyncio.create_task(at.editor.settles(lambda: _shown(at, shown)))
        while not moment.done():
            # Of a conversation that has to be summarised, it is not the first run that does.
            run = asyncio.create_task(at.run(prompt="go on"))
            await asyncio.wait([run, moment], return_when=asyncio.FIRST_COMPLETED)
        if "busy" not in phase:
            await model.hangs()
        await at.editor.command("devstral.cancel")
        cancelled = await run
        assert (cancelled["state"], cancelled["stopReason"]) == ("cancelled", "cancelled")
        if "busy" not in phase:
            await model.is_left()
        await at.configure({})
        assert (await at.run(prompt="answer now"))["text"] == "Now I have answered."


def _shown(at: Stage, text: str) -> bool:
    """Whether a progress has shown this."""
    return any(text in value.get("message", "") for values in at.editor.progress.values() for value in values)


async def test_a_run_can_be_cancelled_before_there_is_a_connection(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("Now I have answered.")]) as at:
        with full_house() as url:
            await at.configure({"llm": {"baseUrl": url, "connectTimeout": 600}})
            run = asyncio.create_task(at.run())
            await at.editor.settles(lambda: _shown(at, "looking for the model"))
            await at.editor.command("devstral.cancel")
            assert (await run)["state"] == "cancelled"
        await at.configure({})
        assert (await at.run())["text"] == "Now I have answered."


async def test_a_run_that_waits_its_turn_can_be_cancelled(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, [HANG]) as at:
        await at.start(prompt="first")
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        second = await at.start("test", "second", textDocument={"uri": at.uri("app.py")})
        await at.editor.settles(lambda: "waiting for another run" in str(at.editor.progress))
        await at.editor.command("devstral.cancel", {"sessionId": second["sessionId"]})
        await at.ends(1)
        assert [run["command"] for run in (await at.status())["runs"]] == ["devstral.ask"]
        assert len(at.wire.bodies) == 1


async def test_cancelling_nothing_is_no_error(stages: Stages) -> None:
    async with stages.on(KATE, FILES) as at:
        assert await at.editor.command("devstral.cancel") == {"cancelled": []}
        at.editor.server.notify("window/workDoneProgress/cancel", {"token": "nobody's"})
        assert (await at.status())["state"] == "idle"
