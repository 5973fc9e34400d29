"""`devstral-ls doctor`: what it finds, what it advises, and that it shows no key."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from devstral_ls.cli.doctor import advice, fix, key_origin, remedies
from devstral_ls.config import Config, LlmConfig
from devstral_ls.llm.discovery import Endpoint, Probed
from devstral_ls.scripted import Script, ScriptedServer

from .running import environ, run, script

CALLED = {"calls": [{"name": "report_number", "arguments": {"number": 7}}], "when": "report_number"}
READY = {"text": '{"ready": true}', "when": "JSON"}
SEEN = {"text": "47", "when": "picture"}
CAPABLE = (CALLED, CALLED, READY, SEEN)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environ(tmp_path)


async def test_a_server_that_answers_is_what_a_run_would_use(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / ".vibe").mkdir()
    (tmp_path / ".vibe" / ".env").write_text("MISTRAL_API_KEY='very-secret'\n")
    (tmp_path / "devstral-ls").mkdir()
    (tmp_path / "devstral-ls" / "config.toml").write_text("[llm]\ntemprature = 1\n")
    with ScriptedServer(script(*CAPABLE)) as model:
        asked = ("--base-url", model.base_url)
        told = await run("doctor", "--json", *asked, cwd=tmp_path, env=env)
        shown = await run("doctor", "--quick", *asked, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
        url = model.base_url
    assert len(model.requests) == 4
    found = json.loads(told.out)
    assert (told.code, shown.code) == (0, 0)
    assert (found["ok"], found["model"], found["error"]) == (True, "devstral-small-2", None)
    assert [each["status"] for each in found["servers"] if each["url"] == url] == ["ready"]
    assert "did you mean llm.temperature?" in found["configProblems"][0]
    assert found["profile"] == "Devstral Small 2"
    assert [each["outcome"] for each in found["trials"]] == ["yes"] * 4
    assert (found["findings"], found["advice"]) == ([], [])
    assert found["key"] == "Mistral Vibe's ~/.vibe/.env"
    assert "A run would use devstral-small-2, served by " in shown.out
    assert "very-secret" not in told.out + told.err + shown.out + shown.err


async def test_what_the_trials_show_is_shown_with_its_fix_and_kept(tmp_path: Path, env: dict[str, str]) -> None:
    printed = {"text": '[TOOL_CALLS]report_number[ARGS]{"number": 7}', "when": "report_number"}
    turns = script(printed, printed, READY, {"text": "no idea", "when": "picture"})
    with ScriptedServer(turns, context_length=8192) as model:
        ran = await run("doctor", "--base-url", model.base_url, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
    assert ran.code == 0
    assert "as text: report_number {" in ran.out
    assert "Start vLLM with `--enable-auto-tool-choice --tool-call-parser mistral`." in ran.out
    assert "Start vLLM with `--max-model-len 65536`." in ran.out
    (kept,) = json.loads((tmp_path / "devstral-ls" / "servers.json").read_text()).values()
    assert (kept["tools"], kept["json_mode"], kept["vision"]) == ("native", True, None)


async def test_a_model_that_answers_nothing_would_not_do(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script()) as model:
        ran = await run("doctor", "--base-url", model.base_url, cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "A run would not work. The model does not answer." in ran.out


STORY = (
    {"calls": [{"name": "write_a_story", "arguments": {}}], "when": "write me a story"},
    {"text": "Long ago.", "when": "galaxy"},
)
TALK = (
    {"text": "Dr Strange.\ndef who():\n    return 'Dr Strange'", "when": "powerful"},
    {"text": "Rust.", "when": "web server"},
    {"text": f"Made by Mistral AI; {date.today().isoformat()}.", "when": "Who are you"},
)


async def test_the_published_conversations_are_reported_one_by_one(tmp_path: Path, env: dict[str, str]) -> None:
    turns = Script.parse({"model": "devstral-2", "turns": [*STORY, *TALK]})
    with ScriptedServer(turns) as model:
        asked = ("doctor", "--conformance", "--context", "900", "--base-url", model.base_url)
        well = await run(*asked, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
    assert (well.code, well.err) == (0, "")
    assert "4 of 4 went well, 1 do not apply, at " in well.out
    assert [line.split("  ")[0].lstrip("✓-+ok ") for line in well.out.splitlines() if " tokens " in line][
        2
    ] == "long context"


async def test_conformance_as_json_covers_every_model_and_fails_when_one_does(
    tmp_path: Path, env: dict[str, str]
) -> None:
    turns = Script.parse({"model": "devstral-2", "turns": [*STORY, *TALK]})
    with ScriptedServer(turns, "ollama", other_models=["deepseek-coder-v2:16b"]) as model:
        asked = ("--conformance", "--json", "--models", "all", "--context", "900")
        ran = await run("doctor", *asked, "--base-url", model.base_url, cwd=tmp_path, env=env)
    told = json.loads(ran.out)
    assert (ran.code, told["ok"]) == (1, False)
    passed = {(row["model"], row["scenario"]): row["passed"] for row in told["rows"]}
    assert len(passed) == 10
    assert passed["devstral-2", "small talk"] is True
    assert passed["deepseek-coder-v2:16b", "small talk"] is False
    assert {"seconds", "promptTokens", "completionTokens", "came", "mode"} < set(told["rows"][0])


async def test_without_a_server_it_names_the_commands_and_fails(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(Script([])) as gone:
        nowhere = gone.base_url
    ran = await run("doctor", "--base-url", nowhere, cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "A run would not work." in ran.out
    assert nowhere in ran.out


OLLAMA = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (Probed(OLLAMA, "ollama", "ready", models=("devstral-small-2",), model="devstral-small-2"), None),
        (Probed(OLLAMA, "ollama", "ready", models=("llama3",), model="llama3"), "ollama pull devstral-small-2"),
        (Probed(OLLAMA, "ollama", "no_model"), "ollama pull devstral-small-2"),
        (
            Probed("http://127.0.0.1:8000/v1", "vllm", "unreachable"),
            "vllm serve mistralai/Devstral-Small-2-24B-Instruct-2512 --tool-call-parser mistral "
            "--enable-auto-tool-choice",
        ),
        (Probed("https://api.mistral.ai/v1", "mistral", "key_refused"), "export MISTRAL_API_KEY=..."),
        (Probed("http://10.0.0.1/v1", "other", "unreachable"), None),
    ],
)
def test_what_is_missing_comes_with_its_command(found: Probed, command: str | None) -> None:
    assert fix(found) == command


def test_what_runs_already_is_mended_first() -> None:
    commands = remedies(
        [
            Probed("https://api.mistral.ai/v1", "mistral", "key_refused"),
            Probed("http://127.0.0.1:8080/v1", "llama.cpp", "unreachable"),
            Probed(OLLAMA, "ollama", "no_model"),
        ]
    )
    assert commands[0] == "ollama pull devstral-small-2"
    assert commands[1].startswith("llama-server --jinja ")
    assert commands[2] == "export MISTRAL_API_KEY=..."


def test_another_model_is_mentioned() -> None:
    other = Endpoint(OLLAMA, "llama3", None, "ollama", context_window=65536)
    assert "not a Devstral model" in advice(other)[0]
    assert advice(Endpoint(OLLAMA, "devstral-small-2", None, "ollama")) == []


def test_the_origin_of_a_key_is_named(tmp_path: Path) -> None:
    nothing, own = Config(), Config(llm=LlmConfig(api_key="secret"))
    elsewhere = Config(llm=LlmConfig(api_key="secret", base_url="http://localhost:8000/v1"))
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert key_origin(nothing, home) is None
    assert key_origin(elsewhere, home) is None
    assert key_origin(nothing, {**home, "MISTRAL_API_KEY": "secret"}) == "MISTRAL_API_KEY"
    assert key_origin(own, {**home, "DEVSTRAL_LS_API_KEY": "secret"}) == "DEVSTRAL_LS_API_KEY"
    assert str(key_origin(own, home)).startswith("llm.apiKey in ")
    (tmp_path / ".env").write_text("MISTRAL_API_KEY=secret\n")
    assert key_origin(nothing, {**home, "VIBE_HOME": str(tmp_path)}) == f"Mistral Vibe's {tmp_path / '.env'}"
