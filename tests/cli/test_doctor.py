"""`devstral-ls doctor`: what it finds, what it advises, and that it shows no key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devstral_ls.cli.doctor import advice, fix, key_origin, remedies
from devstral_ls.config import Config, LlmConfig
from devstral_ls.llm.discovery import Endpoint, Probed
from devstral_ls.scripted import Script, ScriptedServer

from .running import environ, run, script


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environ(tmp_path)


async def test_a_server_that_answers_is_what_a_run_would_use(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / ".vibe").mkdir()
    (tmp_path / ".vibe" / ".env").write_text("MISTRAL_API_KEY='very-secret'\n")
    (tmp_path / "devstral-ls").mkdir()
    (tmp_path / "devstral-ls" / "config.toml").write_text("[llm]\ntemprature = 1\n")
    with ScriptedServer(script()) as model:
        asked = ("--base-url", model.base_url)
        told = await run("doctor", "--json", *asked, cwd=tmp_path, env=env)
        shown = await run("doctor", *asked, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
        url = model.base_url
    found = json.loads(told.out)
    assert (told.code, shown.code) == (0, 0)
    assert (found["ok"], found["model"], found["error"]) == (True, "devstral-small-2", None)
    assert [each["status"] for each in found["servers"] if each["url"] == url] == ["ready"]
    assert "did you mean llm.temperature?" in found["configProblems"][0]
    assert found["key"] == "Mistral Vibe's ~/.vibe/.env"
    assert "A run would use devstral-small-2, served by " in shown.out
    assert "very-secret" not in told.out + told.err + shown.out + shown.err


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


def test_a_small_window_and_another_model_are_mentioned() -> None:
    small = Endpoint(OLLAMA, "devstral-small-2", None, "ollama", context_window=4096)
    other = Endpoint(OLLAMA, "llama3", None, "ollama", context_window=65536)
    assert "OLLAMA_CONTEXT_LENGTH=" in advice(small)[0]
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
