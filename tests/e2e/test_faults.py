"""Every way a model server can fail, seen from the editor: one line that says what to do, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from devstral_ls.scripted import Manner, Script, ScriptedServer
from devstral_ls.scripted.manners import MANNERS
from tests.doubles.editor import NEOVIM
from tests.doubles.hanging import full_house
from tests.e2e.stage import Json, Stage, Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "def f():\n    return 1\n"}
ERROR = 1
"""LSP's MessageType of what a failed run shows."""


def refusal(status: int, body: Any, **headers: str) -> Json:
    return {"error": {"status": status, "body": body, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}}


def saying(text: str, finish: str | None = None, **more: Any) -> Json:
    """One chunk of a stream."""
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}], **more}


async def transcript(at: Stage) -> str:
    """The session's record, its notes read as markdown is."""
    page = at.page((await at.editor.command("devstral.showTranscript"))["uri"])
    return re.sub(r"\\([\\`*_<\[\]])", r"\1", page)


async def fails(at: Stage, prompt: str = "do it") -> str:
    """A run that fails: the one line the user sees, which is in the log and the transcript as well."""
    await at.start(prompt=prompt)
    # Not until the progress ends: of a run that fails at once there is none.
    await at.editor.settles(lambda: bool(at.editor.messages))
    await at.settled()
    ((kind, line),) = at.editor.messages
    at.editor.messages.clear()
    assert kind == ERROR
    assert "\n" not in line
    assert "internal error" not in line
    assert line in at.editor.log
    assert (await at.status())["state"] == "idle"
    assert f"*{line}*" in await transcript(at)
    assert (at.editor.edits, at.editor.questions, await at.pending()) == ([], [], [])
    return line


async def goes_on(at: Stage, text: str = "Better.") -> None:
    """The session can be used again; that its requests are canonical is checked for every test."""
    answer = await at.run(prompt="again")
    assert (answer["state"], answer["text"]) == ("finished", text)
    said = at.prompts()[-1]
    assert said.endswith("again")


def kept(at: Stage) -> list[str]:
    """What the model is told that it said."""
    return [message["content"] for message in at.model.requests[-1]["messages"] if message["role"] == "assistant"]


# ---------------------------------------------------------------------------------------------------------- connecting


async def test_a_server_that_is_not_there_is_named_with_how_to_start_it(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("Better.")]) as at:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        await at.configure({"llm": {"baseUrl": url}})
        line = await fails(at)
        assert line == (
            f"The server at {url} can't be used, nothing answers: start the server, or set llm.baseUrl to the one that "
            "runs."
        )
        assert (await at.status())["problem"] == line
        await at.configure({})
        await goes_on(at)
        assert (await at.status())["problem"] is None


async def test_a_server_that_takes_no_connection_is_given_up_on(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("Better.")]) as at:
        with full_house() as url:
            await at.configure({"llm": {"baseUrl": url, "connectTimeout": 0.2}})
            assert (await fails(at)).startswith(f"The server at {url} can't be used, nothing answers: start the server")
        await at.configure({})
        await goes_on(at)


async def test_a_server_that_goes_away_between_two_runs_is_looked_for_again(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("Better.")]) as at:
        with ScriptedServer(Script.parse({"turns": [say("One.")]})) as other:
            port = other.port
            await at.configure({"llm": {"baseUrl": other.base_url}})
            assert (await at.run())["text"] == "One."
        assert "nothing answers; start vLLM (`vllm serve" in await fails(at)
        with ScriptedServer(Script.parse({"turns": [say("Two.")]}), port=port):
            assert (await at.run())["text"] == "Two."
        await at.configure({})
        await goes_on(at)


# ---------------------------------------------------------------------------------------------------------- waiting


async def test_while_the_prompt_is_read_the_progress_says_so_and_how_long_it_is(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("Done.")]) as at:
        at.wire.hold(2)
        await at.start()
        await at.wire.asked(2)
        await at.editor.settles(lambda: "turn 2: reading the prompt (about " in str(at.editor.progress))
        await at.settled()
        (values,) = at.editor.progress.values()
        assert values[-1]["message"].startswith("turn 2: reading the prompt (about ")
        assert values[-1]["message"].endswith("k tokens)")
        await at.wire.release()
        await at.ends()
        assert (at.editor.messages, at.editor.log[-1]) == ([], "done")


async def test_the_idle_time_out_does_not_cut_the_reading_of_a_prompt(stages: Stages) -> None:
    whole = "".join(f"data: {json.dumps(saying('Done.', finish))}\n\n" for finish in (None, "stop"))
    slow = {"raw": [":\n\n", whole], "delay": 1.1}
    async with stages.on(NEOVIM, FILES, [slow], settings={"llm": {"idleTimeout": 1}}) as at:
        answer = await at.run()
        assert answer["state"] == "finished"
        assert len(at.model.requests) == 1


async def test_a_reply_that_falls_silent_is_asked_for_once_more_and_what_came_is_kept(stages: Stages) -> None:
    turns = [say("First I", hang=True), say("Then I", hang=True), say("Better.")]
    async with stages.on(NEOVIM, FILES, turns, settings={"llm": {"idleTimeout": 1}}) as at:
        assert await fails(at) == (
            "The model's reply broke off, twice: nothing came for 1 seconds (llm.idleTimeout). Try again, or look at "
            "the model server's log."
        )
        page = await transcript(at)
        assert page.index("First I") < page.index("Asking again") < page.index("Then I") < page.index("twice")
        await goes_on(at)
        assert kept(at) == ["Then I"]


async def test_a_server_that_never_begins_is_given_up_on(stages: Stages) -> None:
    turns = [{"hang": True}, say("Better.")]
    async with stages.on(NEOVIM, FILES, turns, settings={"llm": {"promptTimeout": 1}}) as at:
        line = await fails(at)
        assert line.endswith("sent nothing for 1 seconds: look at its log, or raise llm.promptTimeout.")
        await goes_on(at)


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("after", ["0", "past", "0.4"])
async def test_a_rate_limit_is_waited_for(stages: Stages, after: str) -> None:
    when = format_datetime(datetime.now(UTC) - timedelta(minutes=1)) if after == "past" else after
    limit = refusal(429, {"object": "error", "message": "Rate limit exceeded"}, Retry_After=when)
    async with stages.on(NEOVIM, FILES, [limit, say("Done.")]) as at:
        answer = await at.run()
        assert (answer["state"], answer["text"], len(at.model.requests)) == ("finished", "Done.", 2)
        assert [line for line in at.editor.log if "Trying again" in line] == [
            "The server's rate limit is reached; try again in a moment. The server at "
            f"{at.wire.base_url} says: Rate limit exceeded Trying again in 1 s."
        ]


@pytest.mark.parametrize("after", ["3600", "date"])
async def test_a_rate_limit_of_an_hour_is_not_waited_for(stages: Stages, after: str) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1)) if after == "date" else after
    limit = refusal(429, {"message": "Requests rate limit exceeded"}, Retry_After=when)
    async with stages.on(NEOVIM, FILES, [limit, say("Better.")]) as at:
        assert (await fails(at)).startswith("The server's rate limit is reached; try again in a moment.")
        assert len(at.model.requests) == 1
        await goes_on(at)


@pytest.mark.parametrize(
    ("status", "said"),
    [(503, "server busy, please try again.  maximum pending requests exceeded"), (529, "Overloaded")],
)
async def test_a_server_that_stays_busy_is_asked_three_times(stages: Stages, status: int, said: str) -> None:
    turns = [refusal(status, {"error": {"message": said}})] * 3
    async with stages.on(NEOVIM, FILES, [*turns, say("Better.")]) as at:
        line = await fails(at)
        assert line.startswith(f"The server at {at.wire.base_url} is busy; try again in a moment.")
        assert len(at.model.requests) == 3
        await goes_on(at)


@pytest.mark.parametrize(
    "said",
    [
        "Failed to parse tool call arguments as JSON: [json.exception.parse_error.101]",
        "Jinja Exception: After the optional system message, conversation roles must alternate",
    ],
)
async def test_a_500_that_will_repeat_itself_is_not_tried_again(stages: Stages, said: str) -> None:
    turns = [refusal(500, {"error": {"code": 500, "message": said, "type": "server_error"}}), say("Better.")]
    async with stages.on(NEOVIM, FILES, turns, manner="llama.cpp") as at:
        assert f"refuses the request: {said}" in await fails(at)
        assert len(at.model.requests) == 1
        await goes_on(at)


async def test_an_error_in_the_place_of_a_reply_is_waited_for_like_any_other(stages: Stages) -> None:
    frame = {"raw": [{"error": {"message": "backend overloaded, try again later"}}, "data: [DONE]\n\n"]}
    async with stages.on(NEOVIM, FILES, [frame, say("Done.")]) as at:
        assert (await at.run())["text"] == "Done."
        assert sum("Trying again in 1 s." in line for line in at.editor.log) == 1


# ----------------------------------------------------------------------------------------- replies that break off

FRAMES: dict[str, tuple[Manner, list[Any], str]] = {
    "vllm": ("vllm", [{"error": {"message": "EngineCore died", "code": 500}}, "data: [DONE]\n\n"], "EngineCore died"),
    "vllm 0.9": ("vllm", [{"object": "error", "message": "EngineCore died", "code": 500}], "EngineCore died"),
    "llama.cpp": ("llama.cpp", [{"error": {"code": 500, "message": "out of slots", "type": "server"}}], "out of slots"),
    "mistral": ("mistral", [saying("", "error")], "finish_reason=error"),
    "ollama": ("ollama", [saying("", model="")], ""),
    "lm studio": ("vllm", ["event: error\ndata: The model has crashed\n\n"], "The model has crashed"),
    "transformers": ("vllm", ['data: {"error": "it said "no""}\n\n'], 'it said "no"'),
}


@pytest.mark.parametrize("case", FRAMES)
async def test_an_error_in_the_middle_keeps_the_text_and_runs_no_tool(stages: Stages, case: str) -> None:
    manner, frames, said = FRAMES[case]
    cut_call = {"index": 0, "id": "abcdefghi", "function": {"name": "write_file", "arguments": '{"file_path": "x'}}
    began = {"model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [cut_call]}}]}
    broken = {"raw": [saying("I write "), saying("it."), began, *frames]}
    async with stages.on(NEOVIM, FILES, [broken, broken, say("Better.")], manner=manner, api_key="k") as at:
        await at.configure({"llm": {"apiKey": "k", "model": "devstral-small-2"}})
        line = await fails(at)
        reason = f": {said}" if said else ""
        assert line == f"The model's reply broke off, twice{reason}. Try again, or look at the model server's log."
        assert len(at.model.requests) == 2
        page = await transcript(at)
        assert page.count("I write it.") == 2
        assert "<details>" not in page
        await goes_on(at)
        assert kept(at) == ["I write it."]


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_connection_that_breaks_in_a_call_runs_nothing(stages: Stages, manner: Manner) -> None:
    cut = {**edit("app.py", "return 1", "return 2"), "text": "I change it.", "cut": True}
    async with stages.on(NEOVIM, FILES, [cut, cut, say("Better.")], manner=manner, api_key="k") as at:
        await at.configure({"llm": {"apiKey": "k", "model": "devstral-small-2"}})
        line = await fails(at)
        assert line.startswith("The model's reply broke off, twice: the connection broke. Try again")
        page = await transcript(at)
        assert page.count("I change") == 2
        assert "<details>" not in page
        await goes_on(at)
        assert [text.startswith("I change") for text in kept(at)] == [True]


async def test_a_stream_that_just_ends_is_asked_for_once_more(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [{"raw": [saying("I am ab")]}, say("Done.")]) as at:
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "Done.")
        assert "The model's reply broke off. Asking again." in at.editor.log
        page = await transcript(at)
        assert page.index("I am ab") < page.index("Asking again") < page.index("Done.")


async def test_a_reply_that_the_server_lost_is_fetched_without_streaming(stages: Stages) -> None:
    lost = {"text": "", "usage": [100, 40]}
    async with stages.on(NEOVIM, FILES, [lost, read("app.py"), say("Done.")], manner="vllm") as at:
        assert (await at.run())["text"] == "Done."
        assert [request["stream"] for request in at.model.requests] == [True, False, True]
        assert "The server lost its own reply; asking again without streaming." in at.editor.log


async def test_a_reply_that_stays_empty_ends_the_run_with_a_line(stages: Stages) -> None:
    lost = {"text": "", "usage": [100, 40]}
    async with stages.on(NEOVIM, FILES, [lost] * 4 + [say("Better.")], manner="vllm") as at:
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "")
        assert "The model answered with nothing, twice. Ask again, or differently." in at.editor.log
        await goes_on(at)


async def test_a_lone_line_separator_in_a_stream_is_text(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("one\u2028two\u0085three")]) as at:
        assert (await at.run())["text"] == "one\u2028two\u0085three"


# ------------------------------------------------------------------------------------------------------ too long

TOO_LONG = {
    "error": {
        "code": 400,
        "message": "request (9100 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 9100,
        "n_ctx": 8192,
    }
}
LONG = {f"f{number}.py": f"value_{number} = compute()\n" * 150 for number in range(4)}


async def test_a_request_that_is_too_long_is_compacted_and_asked_once_more(stages: Stages) -> None:
    turns = [*(read(name) for name in LONG), refusal(400, TOO_LONG), say("Better.")]
    settings = {"llm": {"maxTokens": 500}}
    async with stages.on(NEOVIM, LONG, turns, manner="llama.cpp", settings=settings) as at:
        answer = await at.run(prompt="read them")
        assert (answer["state"], answer["text"]) == ("finished", "Better.")
        assert len(at.model.requests) == len(LONG) + 2
        assert any("made shorter to fit the context window of 8192 tokens" in line for line in at.editor.log)
        assert at.results()[0].startswith("[Left out to make room: ")
        assert at.prompts()[0].endswith("read them")
        assert (await at.status())["contextWindow"] == 8192


async def test_a_request_that_stays_too_long_ends_the_run_with_a_clear_line(stages: Stages) -> None:
    turns = [*(read(name) for name in LONG), refusal(400, TOO_LONG), refusal(400, TOO_LONG), say("Better.")]
    async with stages.on(NEOVIM, LONG, turns, manner="llama.cpp", settings={"llm": {"maxTokens": 500}}) as at:
        line = await fails(at, "read them")
        assert line.startswith(
            "The conversation is longer than the model's context window. Start a new session, or give the server a "
            "larger context."
        )
        assert len(at.model.requests) == len(LONG) + 2
        await goes_on(at)


# --------------------------------------------------------------------------------------------------------- two at once


async def test_a_change_of_settings_leaves_the_going_run_its_connection(stages: Stages) -> None:
    turns = [say("First is done.", when="first"), say("Second is done.", when="second")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        at.wire.hold(1)
        first = asyncio.create_task(at.run("explain", "first", textDocument={"uri": at.uri("app.py")}))
        await at.wire.asked(1)
        await at.configure({"llm": {"baseUrl": at.model.base_url}})
        assert (await at.run("explain", "second", textDocument={"uri": at.uri("app.py")}))["text"] == "Second is done."
        await at.wire.release()
        assert (await first)["text"] == "First is done."
        assert len(at.model.requests) == 2
