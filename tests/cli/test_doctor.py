"""`devstral-ls doctor`: what it finds, what it advises, and that it shows no key."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli.examination import key_origin
from devstral_ls.cli.remedies import advice, fix, remedies
from devstral_ls.config import Config
from devstral_ls.config_llm import LlmConfig
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
    assert (found["profileName"], found["contextWindow"], found["serverVersion"]) == (
        "devstral-small-2",
        131_072,
        "0.33.0",
    )
    assert (found["toolsMode"], found["toolsReason"]) == ("native-streamed", "tool calls came when it was tried out")
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


async def test_a_server_is_named_with_its_version_and_its_context(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script(), "llama.cpp", context_length=32768, version="b9310-0c1e570") as model:
        asked = ("--quick", "--base-url", model.base_url)
        told = await run("doctor", "--json", *asked, cwd=tmp_path, env=env)
        shown = await run("doctor", *asked, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
        (seen,) = (each for each in json.loads(told.out)["servers"] if each["url"] == model.base_url)
    assert (seen["name"], seen["version"], seen["contextWindow"]) == ("llama.cpp", "b9310-0c1e570", 32768)
    assert "version b9310-0c1e570, devstral-small-2, 32,768 tokens of context" in shown.out


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
        model_url = model.base_url
    assert (well.code, well.err) == (0, "")
    assert "4 of 4 went well, 1 do not apply, at " in well.out
    lines = well.out.splitlines()
    assert max(map(len, lines)) <= 80 + len(model_url) - len("http://x")
    assert lines[1].split() == ["scenario", "seconds", "prompt", "reply", "calls"]
    assert [line[2:].split("  ")[0] for line in lines[2:] if line.endswith(" native")] == [
        "one tool",
        "tools one at a time, with an image",
        "long context",
        "tech chat",
        "small talk",
    ]


async def test_well_known_models_are_compared_as_far_as_the_server_has_them(
    tmp_path: Path, env: dict[str, str]
) -> None:
    turns = Script.parse({"model": "devstral:24b", "turns": [*STORY, *TALK]})
    with ScriptedServer(turns, "ollama", other_models=["qwen2.5-coder:7b", "phi4"]) as model:
        asked = ("doctor", "--conformance", "--json", "--context", "900", "--base-url", model.base_url, "--models")
        known = json.loads((await run(*asked, cwd=tmp_path, env=env)).out)
        named = await run(*asked, "phi4,absent", cwd=tmp_path, env=env)
    assert {row["model"] for row in known["rows"]} == {"devstral:24b", "qwen2.5-coder:7b"}
    assert known["missing"] == [
        "mistral:v0.3",
        "mistral-nemo",
        "llama3.1",
        "firefunction-v2",
        "command-r-plus",
        "deepseek-coder-v2",
    ]
    told = json.loads(named.out)
    assert (named.code, told["ok"], told["missing"]) == (1, False, ["absent"])
    assert {row["model"] for row in told["rows"]} == {"phi4"}


async def test_where_nothing_that_was_named_is_there_conformance_fails(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script()) as model:
        ran = await run("doctor", "--conformance", "--models", "x", "--base-url", model.base_url, cwd=tmp_path, env=env)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "Not on this server: x.")


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


SHAPE = {
    "ok", "version", "python", "executable", "ripgrep", "configFile", "configFileExists", "configProblems", "key",
    "servers", "configured", "chosen", "model", "serverVersion", "profile", "profileName", "contextWindow", "toolsMode",
    "toolsReason", "vision", "sandbox", "sandboxRung", "sandboxProblems", "trials", "findings", "advice", "error",
}  # fmt: skip
PAGE = "<html><title>Jenkins</title></html>"
LOADING = '{"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}'


async def test_an_editors_settings_count_and_can_not_say_what_only_the_user_may(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with ScriptedServer(script()) as model:
        settings = {"llm.baseUrl": model.base_url, "execution.approval": "never"}
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        asked = ("doctor", "--quick", "--json", "--settings")
        told = await run(*asked, "settings.json", cwd=tmp_path, env=env)
        flag = await run(*asked, "settings.json", "--base-url", "http://127.0.0.1:9/v1", cwd=tmp_path, env=env)
    found = json.loads(told.out)
    assert (told.code, found["ok"], found["servers"][0]["url"]) == (0, True, settings["llm.baseUrl"])
    assert "execution.approval" in found["configProblems"][0]
    assert json.loads(flag.out)["servers"][0]["url"] == "http://127.0.0.1:9/v1", "the command line wins"
    (tmp_path / "settings.json").write_text("[1]")
    wrong = await run(*asked, "settings.json", cwd=tmp_path, env=env)
    assert (wrong.code, wrong.err) == (1, "devstral-ls: The settings in settings.json must be one JSON object.\n")
    gone = await run(*asked, "nowhere.json", cwd=tmp_path, env=env)
    assert gone.code == 1
    assert "nowhere.json can't be read" in gone.err


async def told_of(base_url: str, tmp_path: Path, env: dict[str, str], *more: str) -> str:
    """Why a run would not work, in the one line that says it."""
    ran = await run("doctor", "--json", "--base-url", base_url, *more, cwd=tmp_path, env=env)
    found = json.loads(ran.out)
    assert (ran.code, found["ok"], set(found), ran.err) == (1, False, SHAPE, "")
    assert "\n" not in found["error"]
    return str(found["error"]).replace(base_url, "URL")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, PAGE, "there is no OpenAI-compatible API: a web page answers (HTTP 200): check the host, the port and the path in llm.baseUrl; it mostly ends in /v1."),
        (404, "{}", "there is no OpenAI-compatible API (404): check the host, the port and the path in llm.baseUrl; it mostly ends in /v1."),
        (503, LOADING, "the model is still loading: wait a moment, then try again."),
        (503, "", "it is busy or still starting (HTTP 503): wait a moment, then try again."),
        (429, "{}", "its rate limit is reached (HTTP 429): try again in a moment."),
        (500, "no such GPU", "it fails (HTTP 500, 'no such GPU'): look at the server's log."),
        (302, "", "it redirects elsewhere (HTTP 302): check the host, the port and the path in llm.baseUrl; it mostly ends in /v1."),
    ],
)  # fmt: skip
async def test_what_answers_but_serves_no_model_is_told_in_one_line(
    tmp_path: Path, env: dict[str, str], status: int, body: str, said: str
) -> None:
    async with answering(status, body) as url:
        assert await told_of(url, tmp_path, env) == f"The server at URL can't be used, {said}"


async def test_a_key_or_password_that_a_failing_server_repeats_is_not_shown(
    tmp_path: Path, env: dict[str, str]
) -> None:
    async with answering(500, "no GPU for sk-hush and open-sesame") as url:
        environ = {**env, "DEVSTRAL_LS_API_KEY": "sk-hush"}
        said = await told_of(url.replace("//", "//me:open-sesame@"), tmp_path, environ)
    assert "it fails (HTTP 500, 'no GPU for *** and ***')" in said
    assert "me:" not in said


async def test_a_wrong_port_key_scheme_or_model_is_told_in_one_line(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script(*CAPABLE), api_key="right") as model:
        url = model.base_url
        key = "The server at URL wants an API key: set DEVSTRAL_LS_API_KEY, or llm.apiKey."
        assert await told_of(url, tmp_path, env) == key
        wrong, right = ({**env, "DEVSTRAL_LS_API_KEY": key} for key in ("wrong", "right"))
        assert await told_of(url, tmp_path, wrong) == "The server at URL refused the key: check llm.apiKey."
        tls = url.replace("http:", "https:")
        plain = "The server at URL can't be used, it does not speak TLS: write llm.baseUrl with http://."
        assert await told_of(tls, tmp_path, wrong) == plain
        for quick in ((), ("--quick",)):
            said = await told_of(url, tmp_path, right, "--model", "nope", *quick)
            assert said == "vLLM at URL lists no model 'nope'. Set llm.model to one it has (devstral-small-2)."
    nothing = (
        "The server at URL can't be used, nothing answers: start the server, or set llm.baseUrl to the one that runs."
    )
    assert await told_of(url, tmp_path, env) == nothing


async def test_a_server_that_never_answers_is_not_waited_for(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "devstral-ls").mkdir()
    (tmp_path / "devstral-ls" / "config.toml").write_text("[llm]\nconnectTimeout = 0.2\n")
    async with answering(200, "{}", drip=True) as url:
        said = await told_of(url, tmp_path, env)
    assert said == (
        "The server at URL can't be used, the server answers too slowly: look at the server's log, or raise "
        "llm.connectTimeout."
    )


async def test_servers_that_would_not_be_used_are_not_shown(tmp_path: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script(*CAPABLE)) as model:
        asked = ("doctor", "--quick", "--base-url", model.base_url)
        shown = await run(*asked, cwd=tmp_path, env={**env, "NO_COLOR": "1"})
    assert shown.out.count("http") == 2  # the server, and that a run would use it
    assert "tool calls      native, streamed: it was not tried out yet" in shown.out


async def test_transformers_serve_is_told_from_the_mistral_api(tmp_path: Path, env: dict[str, str]) -> None:
    model = "mistralai/Devstral-Small-2-24B-Instruct-2512"
    with ScriptedServer(Script.parse({"model": model, "turns": [*CAPABLE]}), "transformers") as server:
        ran = await run("doctor", "--json", "--base-url", server.base_url, cwd=tmp_path, env=env)
    found = json.loads(ran.out)
    assert found["chosen"] == f"transformers serve at {server_url(found)}"
    assert [each["outcome"] for each in found["trials"]] == ["as text", "as text", "yes", "yes"]
    assert found["findings"][0]["fix"].startswith("Serve it with vLLM instead: `vllm serve ")


def server_url(found: dict[str, Any]) -> str:
    return str(found["servers"][0]["url"])


@asynccontextmanager
async def answering(status: int, body: str, *, drip: bool = False) -> AsyncIterator[str]:
    """The base URL of a server that answers every request with this. drip: a header at a time, without end."""
    kind = "text/html" if body.startswith("<") else "application/json"

    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 {status} So\r\nContent-Type: {kind}\r\nConnection: close\r\n"
            writer.write(head.encode())
            while drip:
                writer.write(b"X-Slow: yes\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
            writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        for writer in writers:
            writer.close()


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
