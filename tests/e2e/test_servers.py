"""What is known of servers and models is put to use in whole runs, and secrets stay where they belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.editor import NEOVIM
from tests.e2e.stage import Stage, Stages, call, command, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"a.py": "x = 1\n"}


def json_of(**value: Any) -> dict[str, Any]:
    return say(json.dumps(value))


IN_WORDS = [
    json_of(say="I look.", tool="read_file", arguments={"file_path": "a.py"}),
    json_of(tool="edit_file", arguments={"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"}),
    json_of(answer="x is 2 now."),
]


def notices(at: Stage) -> list[str]:
    return [line for line in at.editor.log if "JSON instead" in line or "in one piece" in line]


@pytest.mark.parametrize("manner", ["vllm", "ollama", "llama.cpp"])
async def test_a_model_without_tool_calling_edits_all_the_same(stages: Stages, manner: Any) -> None:
    async with stages.on(NEOVIM, FILES, IN_WORDS, manner=manner, model="gemma", tools=False) as at:
        answer = await at.run(apply="auto")
        assert (answer["state"], answer["text"]) == ("finished", "x is 2 now.")
        assert at.path("a.py").read_text() == "x = 2\n"
        assert len(notices(at)) == 1
        asked = [request for request in at.model.requests if "tools" not in request]
        assert [request["response_format"] for request in asked] == [{"type": "json_object"}] * 3
        told = asked[-1]["messages"]
        assert "- edit_file: " in told[0]["content"]
        assert told[-1]["content"].startswith("Result of edit_file:\n")
        # What was sent before stays as it was, so that the server need not read it again.
        assert asked[2]["messages"][: len(asked[1]["messages"])] == asked[1]["messages"]


async def test_a_cut_call_in_words_is_never_run(stages: Stages) -> None:
    cut = '{"tool": "write_file", "arguments": {"file_path": "a.py", "content": "import o'
    turns = [say(cut, finish="length"), json_of(answer="I could not.")]
    async with stages.on(NEOVIM, FILES, turns, settings={"llm": {"tools": "direct"}}) as at:
        answer = await at.run()
        assert (answer["state"], answer["edits"]["proposed"]) == ("finished", [])
        assert "cut off" in at.prompts()[-1]


async def test_an_old_vllm_is_asked_in_one_piece_and_the_user_hears_why(stages: Stages) -> None:
    turns = [read("a.py"), edit("a.py", "x = 1", "x = 2"), say("Done.")]
    async with stages.on(NEOVIM, FILES, turns, version="0.12.0") as at:
        answer = await at.run(apply="auto")
        assert (answer["state"], at.path("a.py").read_text()) == ("finished", "x = 2\n")
        assert [request["stream"] for request in at.model.requests] == [False] * 3
        assert len(notices(at)) == 1
        assert "Upgrade it to 0.13 or newer" in notices(at)[0]


TRIES = {"DEVSTRAL_LS_TRY_OUT": "1"}
CALLED = {**call("report_number", number=7), "when": "report_number"}


async def test_a_new_model_is_tried_out_once_and_never_again(stages: Stages, tmp_path: Path) -> None:
    # The server forgets the model when its settings change, and looks into its notes.
    turns = [CALLED, say("One."), say("Two.")]
    async with stages.own(NEOVIM, FILES, turns, env=TRIES, home=tmp_path) as at:
        assert (await at.status())["toolsMode"] is None
        assert (await at.run())["text"] == "One."
        known = await at.status()
        await at.configure({"llm": {"maxTokens": 4096}})
        assert (await at.run())["text"] == "Two."
        assert ["report_number" in json.dumps(request) for request in at.model.requests] == [True, False, False]
        assert at.editor.messages == []
    assert (known["profile"], known["contextWindow"], known["serverVersion"]) == ("devstral-small-2", 131_072, "0.33.0")
    assert (known["toolsMode"], known["toolsReason"]) == ("native-streamed", "tool calls came when it was tried out")


async def test_a_trial_that_fails_is_no_error_of_the_run(stages: Stages, tmp_path: Path) -> None:
    broken = {"error": {"status": 400, "body": {"error": "what?"}}, "when": "report_number"}
    turns = [broken, broken, {**broken, "when": "JSON object"}, say("Hi.")]
    async with stages.own(NEOVIM, FILES, turns, env=TRIES, home=tmp_path) as at:
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "Hi.")
        assert [line for line in at.editor.log if "what?" in line] == []
        assert at.editor.messages == []


async def test_what_the_trial_shows_is_used_in_the_very_first_run(stages: Stages, tmp_path: Path) -> None:
    talks = say("I have no tools.", when="report_number")
    ready = say('{"ready": true}', when="JSON")
    turns = [talks, talks, ready, json_of(answer="Hi.")]
    async with stages.own(NEOVIM, FILES, turns, env=TRIES, home=tmp_path) as at:
        assert (await at.run())["text"] == "Hi."
        status = await at.status()
    assert "tools" not in at.model.requests[-1]
    assert (status["toolsMode"], status["toolsReason"]) == ("direct", "no tool call came when it was tried out")


async def test_keys_and_headers_reach_the_server_and_nothing_else(stages: Stages, tmp_path: Path) -> None:
    secrets = {"DEVSTRAL_LS_API_KEY": "sk-hush-one", "MISTRAL_API_KEY": "sk-hush-two"}
    turns = [
        read("a.py"),
        command("env"),
        call("grep_search", pattern="x"),
        {"error": {"status": 400, "body": {"error": {"message": "no: sk-hush-one, hush-three"}}}},
    ]
    home = tmp_path / "home"
    options = {"llm.headers": {"X-Gate": "hush-three"}, "execution.enabled": True}
    async with stages.own(
        NEOVIM,
        FILES,
        turns,
        env={**secrets, "XDG_STATE_HOME": str(home)},
        home=home,
        options=options,
        api_key="sk-hush-one",
    ) as at:
        answer = await at.run()
        status = await at.status()
        assert answer["state"] == "failed"
        assert "no: ***, ***" in answer["message"]
        assert {sent["x-gate"] for sent in at.model.headers} == {"hush-three"}
        assert {sent["authorization"] for sent in at.model.headers} == {"Bearer sk-hush-one"}
        told = json.dumps([answer, status, at.editor.log, at.editor.messages, at.model.requests], default=str)
        assert "hush" not in told
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".md" for path in kept)
    assert [path for path in kept if b"hush" in path.read_bytes()] == []
