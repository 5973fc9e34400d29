"""A key that was planted somewhere is found nowhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import Script, ScriptedServer
from tests.cli import running
from tests.doubles.authority import encrypted, make_authority
from tests.doubles.editor import NEOVIM
from tests.doubles.proxies import proxy
from tests.e2e.stage import Json, Stage, Stages, call, command, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"a.py": "x = 1\n"}
PLANTED = {
    "setting": "sk-planted-in-the-setting",
    "environment": "sk-planted-in-the-environment",
    "mistral": "sk-planted-for-mistral",
    "vibe": "sk-planted-in-vibe",
    "header": "planted-in-a-header",
    "proxy": "planted/in the proxy",
    "url": "planted-in-the-url",
    "other": "planted-for-another-program",
}
OTHERS = ("RIZA_API_KEY", "OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "CLIENT_SECRET", "LC_SECRET")
"""Variables of other programs, which commands must not see either."""
QUOTED = "planted%2Fin%20the%20proxy"


def turns(*names: str) -> list[Json]:
    """What can carry a secret to the user, the model or a file: commands, a search, errors of every kind.

    names: the secrets that the server knows, and repeats.
    """
    echo = " ".join([*(PLANTED[name] for name in names), *([QUOTED] if "proxy" in names else [])])
    frame = {"error": {"message": f"the engine died of {echo}"}}
    begun = {"choices": [{"index": 0, "delta": {"content": "I be"}}]}
    return [
        read("a.py"),
        command("env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null; true"),
        call("grep_search", pattern="x"),
        {"error": {"status": 503, "body": {"error": {"message": f"busy with {echo}"}}, "headers": {"X-Echo": echo}}},
        {"raw": [begun, frame]},
        {"raw": [begun, frame]},
        {"raw": [frame]},
        {"error": {"status": 400, "body": {"error": {"message": f"never heard of {echo}"}}}},
        {"error": {"status": 307, "body": "", "headers": {"Location": f"https://x/?key={PLANTED[names[0]]}"}}},
    ]


def home_with_vibe(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".vibe").mkdir(parents=True)
    (home / ".vibe" / ".env").write_text(f"MISTRAL_API_KEY={PLANTED['vibe']}\n")
    return home


def forms() -> list[bytes]:
    """Every secret as it may be written."""
    plain = [*PLANTED.values(), QUOTED]
    coded = [base64.b64encode(f"me:{PLANTED[name]}".encode()).decode() for name in ("proxy", "url")]
    return [text.encode() for text in (*plain, *coded)]


def check_files(*folders: Path) -> list[Path]:
    """All files below the folders; none holds a secret but the one of Vibe's."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    for path in files:
        data = path.read_bytes()
        assert [secret for secret in forms() if secret in data] == [], path
    return files


async def everything(at: Stage, tmp_path: Path, home: Path) -> None:
    """Run through all turns; then look at all that was said and written."""
    at.editor.server.notify("$/setTrace", {"value": "verbose"})
    answers = [await at.run(prompt=f"number {number}") for number in range(4)]
    assert [answer["state"] for answer in answers] == ["failed"] * 4
    assert "the engine died of ***" in answers[0]["message"]
    assert "the engine died of ***" in answers[1]["message"] or "never heard of ***" in answers[1]["message"]
    transcript = await at.editor.command("devstral.showTranscript")
    status = await at.status()
    told = json.dumps([answers, status, transcript, at.editor.server.received, at.model.requests], default=str).encode()
    told += at.editor.server.stderr
    assert [secret for secret in forms() if secret in told] == []
    files = check_files(home, tmp_path / "log", tmp_path / "recorded")
    assert {path.suffix for path in files} >= {".md", ".json", ".txt"}
    assert b"DEBUG" in (tmp_path / "log" / "log.txt").read_bytes()


def arguments(tmp_path: Path) -> list[str]:
    (tmp_path / "log").mkdir()
    return [f"--log-file={tmp_path / 'log' / 'log.txt'}", "--log-level=debug", f"--record={tmp_path / 'recorded'}"]


def ways(port: int) -> Mapping[str, tuple[Json, Mapping[str, str]]]:
    """Settings and environments with secrets in them."""
    environment = {"MISTRAL_API_KEY": PLANTED["mistral"], **dict.fromkeys(OTHERS, PLANTED["other"])}
    headers = {"llm.headers": {"X-Gate": PLANTED["header"]}}
    return {
        "setting": ({"llm.apiKey": PLANTED["setting"], **headers}, environment),
        "environment": (headers, {**environment, "DEVSTRAL_LS_API_KEY": PLANTED["environment"]}),
        "proxy": ({"llm.proxy": f"http://me:{QUOTED}@127.0.0.1:{port}", **headers}, environment),
        "url": (headers, environment),
    }


@pytest.mark.parametrize("way", ["setting", "environment", "proxy", "url"])
async def test_a_planted_key_is_found_nowhere(stages: Stages, tmp_path: Path, way: str) -> None:
    home = home_with_vibe(tmp_path)
    wanted = base64.b64encode(f"me:{PLANTED['proxy']}".encode()).decode().lower()
    with proxy(wanted) as between:
        options, env = ways(between.port)[way]
        own: dict[str, Any] = {"env": env, "home": home, "options": options, "arguments": arguments(tmp_path)}
        async with stages.own(NEOVIM, FILES, turns(way, "header"), **own) as at:
            if way == "url":
                url = at.wire.base_url.replace("://", f"://me:{PLANTED['url']}@")
                at.editor.settings = {"llm": {"baseUrl": url}}
                at.editor.server.notify("workspace/didChangeConfiguration", {"settings": None})
            await everything(at, tmp_path, home)
            sent = at.model.headers[0]
            assert sent["x-gate"] == PLANTED["header"]
            if way in ("setting", "environment"):
                assert sent["authorization"] == f"Bearer {PLANTED[way]}"
            if way == "url":
                assert sent["authorization"].startswith("Basic ")
            if way == "proxy":
                assert between.seen


@pytest.mark.parametrize("place", ["mistral", "vibe"])
async def test_the_key_of_the_mistral_api_goes_there_and_is_found_nowhere(
    stages: Stages, tmp_path: Path, place: str
) -> None:
    home = home_with_vibe(tmp_path)
    (tmp_path / "certificates").mkdir()
    authority = make_authority(tmp_path / "certificates", "api.mistral.ai")
    env = {"MISTRAL_API_KEY": PLANTED["mistral"]} if place == "mistral" else {}
    key = PLANTED[place]
    with (
        ScriptedServer(Script.parse({"turns": turns(place), "model": "devstral-small-latest"}), "mistral") as server,
        encrypted(server.port, authority) as url,
        proxy(to=int(url.rsplit(":", 1)[1].split("/")[0])) as between,
    ):
        options = {
            "llm.baseUrl": "https://api.mistral.ai/v1",
            "llm.proxy": f"http://127.0.0.1:{between.port}",
            "llm.caFile": str(authority.ca),
        }
        own: dict[str, Any] = {"env": env, "home": home, "options": options, "arguments": arguments(tmp_path)}
        async with stages.own(NEOVIM, FILES, [], base_url=False, **own) as at:
            at.model = server
            await everything(at, tmp_path, home)
            assert {sent["authorization"] for sent in server.headers} == {f"Bearer {key}"}
            assert set(between.seen) == {"CONNECT api.mistral.ai:443 HTTP/1.1"}


async def test_the_doctor_tells_no_secret(tmp_path: Path) -> None:
    home = home_with_vibe(tmp_path)
    with ScriptedServer(Script.parse({"turns": [say("Hi.")], "on_exhausted": "repeat_last"})) as server:
        url = server.base_url.replace("://", f"://me:{PLANTED['url']}@")
        env = {
            "DEVSTRAL_LS_BASE_URL": url,
            "DEVSTRAL_LS_API_KEY": PLANTED["environment"],
            "MISTRAL_API_KEY": PLANTED["mistral"],
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }
        config = home / "devstral-ls" / "config.toml"
        config.parent.mkdir()
        config.write_text(f'[llm.headers]\nX-Gate = "{PLANTED["header"]}"\n')
        for arguments in (["doctor"], ["doctor", "--json"], ["doctor", "--quick"]):
            ran = await running.run(*arguments, cwd=tmp_path, env=running.environ(home, **env))
            assert server.base_url.split("/")[2] in ran.out
            assert [secret for secret in forms() if secret.decode() in ran.out + ran.err] == []
    config.unlink()
    check_files(home)


async def test_ask_tells_no_secret(tmp_path: Path) -> None:
    home = home_with_vibe(tmp_path)
    body = {"error": {"message": f"never heard of {PLANTED['environment']}, {PLANTED['url']}"}}
    refused = {"error": {"status": 400, "body": body}}
    with ScriptedServer(Script.parse({"turns": [command("env"), refused]})) as server:
        env = {
            "DEVSTRAL_LS_BASE_URL": server.base_url.replace("://", f"://me:{PLANTED['url']}@"),
            "DEVSTRAL_LS_API_KEY": PLANTED["environment"],
        }
        asked = ("ask", "do it", "--allow-commands", "--json", f"--record={tmp_path / 'recorded'}")
        ran = await running.run(*asked, cwd=tmp_path, env=running.environ(home, **env))
        assert ran.code == 1
        assert "never heard of ***, ***" in ran.err
        assert [secret for secret in forms() if secret.decode() in ran.out + ran.err + str(server.requests)] == []
    assert len(check_files(home, tmp_path / "recorded")) >= 2
