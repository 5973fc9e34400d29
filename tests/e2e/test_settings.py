"""Where settings come from, which of them wins, and what a wrong one costs."""

# ruff: noqa: E501 - messages are compared word for word

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.doubles.editor import BARE, NEOVIM, VS_CODE, behaving
from tests.doubles.raw import serve
from tests.e2e.stage import Stages, command, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


def home_with(folder: Path, text: str | bytes) -> Path:
    """A home directory with a user's settings file."""
    file = folder / "home" / "config" / "devstral-ls" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / "home"


async def test_later_layers_win(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, '[edits]\nmode = "propose"\n[llm]\nmodel = "of the file"\n')
    asked = behaving(VS_CODE, settings={"llm": {"model": "of the editor"}, "edits": {"mode": None}})
    env = {"DEVSTRAL_LS_MODEL": "of the environment"}
    async with serve(home, env) as server:
        await server.initialize(tmp_path, initializationOptions={})
        status = await server.call("workspace/executeCommand", {"command": "devstral.status"})
        assert (status["editsMode"], status["model"]) == ("propose", "of the environment")
        assert await server.leave() == 0
    options = {"devstral.edits.mode": "auto", "llm": {"model": "of the options"}}
    async with stages.own(asked, home=home, env=env, options=options) as at:
        await at.settled()
        assert ((await at.status())["editsMode"], (await at.status())["model"]) == ("auto", "of the editor")
        # Pushed, as by clients that can't be asked.
        await at.configure({"edits": {"mode": "review"}, "llm": {"model": "pushed"}})
        assert ((await at.status())["editsMode"], (await at.status())["model"]) == ("review", "pushed")
        # Only told that something has changed, the server asks again.
        at.editor.settings = {"edits": {"mode": "propose"}}
        at.editor.server.received.clear()
        at.editor.server.notify("workspace/didChangeConfiguration", {"settings": None})
        await at.editor.server.until(lambda message: message.get("method") == "workspace/configuration")
        await at.settled()
        assert ((await at.status())["editsMode"], (await at.status())["model"]) == ("propose", "of the options")


async def test_status_says_how_each_commands_edits_are_applied(stages: Stages) -> None:
    """Clients that review edits themselves, such as a chat, need it before they ask."""
    options = {"edits": {"mode": "propose", "modes": {"ask": "auto"}}}
    async with stages.own(VS_CODE, turns=[], options=options) as at:
        status = await at.status()
        assert status["editsMode"] == "propose"
        assert status["editsModes"]["ask"] == "auto"
        assert {status["editsModes"][command] for command in status["editsModes"] if command != "ask"} == {"propose"}


async def test_a_run_waits_for_the_editors_settings(stages: Stages) -> None:
    """The very first command comes right behind `initialized`, and must not go to another model server."""
    async with stages.own(VS_CODE, turns=[say("Here.")], base_url=False) as at:
        at.editor.settings = {"llm": {"baseUrl": at.wire.base_url}}
        assert (await at.run())["text"] == "Here."


async def test_wrong_settings_are_named_once_each_and_the_server_starts(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, "[llm]\ntemperature = -1\n")
    options = {
        "edits": {"mode": "always"},
        "llm": {"maxTokens": "many", "apikey": "x"},
        "agent": {"maxTurns": 0},
        "execution": {"enabled": "yes"},
        "transcript.open": 3,
    }
    async with stages.own(NEOVIM, turns=[say("Here.")], home=home, options=options) as at:
        assert (await at.run())["text"] == "Here."
        await at.configure({})
        await at.settled()
        assert sorted(at.editor.messages) == [
            (2, "devstral.agent.maxTurns (initializationOptions) must be a whole number of at least 1, not 0; using 50."),
            (2, "devstral.edits.mode (initializationOptions) must be one of review, auto, propose, not 'always'; using 'review'."),
            (2, "devstral.execution.enabled (initializationOptions) must be true or false, not 'yes'; using True."),
            (2, "devstral.llm.apikey (initializationOptions) is not a setting (did you mean llm.apiKey?)."),
            (2, "devstral.llm.maxTokens (initializationOptions) must be a whole number of at least 1, not 'many'; using 8192."),
            (2, "devstral.llm.temperature (user file) must be a number of at least 0, not -1; using unset."),
            (2, "devstral.transcript.open (initializationOptions) must be true or false, not 3; using True."),
        ]  # fmt: skip
        assert at.model.requests[0]["temperature"] == 0.15
        assert at.model.requests[0]["max_tokens"] == 8192


@pytest.mark.parametrize("content", [b"[llm\n", b"\xff\xfe\x00", b"llm = 3\n"], ids=["no toml", "no text", "no table"])
async def test_a_broken_settings_file_is_named_and_ignored(stages: Stages, tmp_path: Path, content: bytes) -> None:
    home = home_with(tmp_path, content)
    async with stages.own(BARE, home=home) as at:
        message = await at.told("")
        assert "\n" not in message
        assert ("config.toml can't be read and is ignored" in message) or ("devstral.llm (user file)" in message)
        assert (await at.status())["editsMode"] == "review"


async def test_settings_reach_the_model(stages: Stages) -> None:
    settings = {"llm": {"temperature": 0.7, "maxTokens": 1234, "model": "devstral-medium"}}
    async with stages.on(NEOVIM, {}, [say("Hm.")], settings=settings, other_models=["devstral-medium"]) as at:
        await at.run()
        request = at.model.requests[0]
        assert (request["temperature"], request["max_tokens"], request["model"]) == (0.7, 1234, "devstral-medium")


@pytest.mark.parametrize(
    ("env", "sent"),
    [
        ({"MISTRAL_API_KEY": "sk-mistral", "OPENAI_API_KEY": "sk-openai", "OPENAI_ORG_ID": "org"}, None),
        ({"MISTRAL_API_KEY": "sk-mistral", "DEVSTRAL_LS_API_KEY": "sk-local"}, "Bearer sk-local"),
    ],
)
async def test_a_key_goes_only_where_it_belongs(stages: Stages, env: Mapping[str, str], sent: str | None) -> None:
    async with stages.own(NEOVIM, turns=[command("env"), say("Hm.")], env=env) as at:
        await at.run()
        for headers in at.model.headers:
            assert headers.get("authorization") == sent
            assert "sk-mistral" not in json.dumps(headers)
            assert "sk-openai" not in json.dumps(headers)
            assert "openai-organization" not in headers
        # The model's commands are strangers, and get none.
        assert "PATH=" in at.results()[0]
        assert "sk-" not in at.results()[0]


async def test_an_editor_has_no_say_in_what_holds_commands_in(stages: Stages) -> None:
    async with stages.own(
        NEOVIM, turns=[say("Here.")], env={"DEVSTRAL_LS_SANDBOX": "require"}, options={"execution": {"sandbox": "off"}}
    ) as at:
        before = (await at.status())["execution"]
        assert before["rung"] != "5"
        await at.configure({"execution": {"sandbox": "auto"}})
        await at.run()
        assert (await at.status())["execution"] == before
        for layer in ("initializationOptions", "editor settings"):
            message = await at.told(
                f"devstral.execution.sandbox ({layer}) is left out: a workspace could set it there."
            )
            assert "config.toml" in message


async def test_commands_can_be_turned_off(stages: Stages) -> None:
    async with stages.on(NEOVIM, {}, [command("env"), say("Hm.")], settings={"execution": {"enabled": False}}) as at:
        await at.run()
        assert at.results() == [
            "Commands are turned off here. Go on without running anything, and say what was not run."
        ]
        assert at.editor.questions == []
