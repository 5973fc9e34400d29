"""The agent with a real llama.cpp server and a model that says anything: `make test-engines`."""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tiktoken import Encoding

from devstral_ls.llm import tokens
from devstral_ls.tools import TOOLS
from tests.cli.running import environ, start
from tests.doubles.editor import VS_CODE, behaving, editing
from tests.engines.fuzz import PROMPTS, Ground, fuzz
from tests.engines.llama_cpp import LlamaServer, serving
from tests.engines.sayings import FILES
from tests.engines.tally import Tally
from tests.engines.vocabulary import BEGIN, pieces
from tests.engines.ways import IN_PROCESS, OVER_STDIO, Way

TURNS = 200
PARTS = 4
"""Servers, and so seeds, for the runs over stdio."""
PATIENCE = 300.0
"""Seconds: the model is small, but the machine may be busy."""


@pytest.fixture(autouse=True)
def no_settings_of_the_person_who_runs_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("DEVSTRAL_LS_", "MISTRAL_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def test_two_hundred_turns_raise_nothing_leave_no_call_unanswered_and_touch_no_file(
    llama_server: Path, gguf: Path, seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tally = Tally()
    begun = time.monotonic()
    try:
        for way in (*IN_PROCESS, OVER_STDIO):
            print(f"{time.monotonic() - begun:5.0f} s  {way.name}", flush=True)
            ground = Ground(tmp_path / way.name.replace(" ", "-"))
            log = tmp_path / "llama-server.log"
            serve = partial(serving, llama_server, gguf, log, way.context, way.flags)
            if way is OVER_STDIO:
                for part in range(1, PARTS + 1):
                    with serve(seed + part) as server:
                        await over_stdio(way, server, ground, seed + part, tally, way.turns * part // PARTS)
                tally.add(way.name, "calls", ground.calls())
            else:
                await fuzz(way, serve, ground, seed, tally)
            assert left_behind(tmp_path) == []
            assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    finally:
        print(f"\nSEED={seed}, {time.monotonic() - begun:.0f} s\n{tally}", flush=True)
    worth_something(tally)


def worth_something(tally: Tally) -> None:
    """What a model that says anything must have led to."""
    assert tally.total("turns") >= TURNS
    for column in ("cancelled", "text", "cut off", "recovered", "at limit", "retried", "made shorter"):
        assert tally.total(column) > 0, f"nothing came of: {column}"
    for tool in TOOLS:
        assert tally.tools[tool.spec.name, True] + tally.tools[tool.spec.name, False] > 0, f"never called: {tool}"
    assert sum(count for (_, ok), count in tally.tools.items() if ok) >= 20
    assert sum(count for (_, ok), count in tally.tools.items() if not ok) >= 20
    assert tally.staged > 0


async def over_stdio(way: Way, server: LlamaServer, ground: Ground, seed: int, tally: Tally, turns: int) -> None:
    """Runs of a real server process, with an editor that allows nothing, and of the command line.

    turns: how many the way is to have come to.
    """
    chance = random.Random(f"{seed} {way.name}")
    settings: dict[str, Any] = {
        "llm": {"baseUrl": server.base_url, "maxTokens": way.longest[0], "temperature": way.temperatures[0]},
        "agent": {"maxTurns": 5},
        "edits": {"mode": "propose"},
    }
    strict = behaving(VS_CODE, picks=("Deny",), settings=settings)
    record = ("--record", str(ground.records))
    async with editing(strict, ground.project, ground.place / "home", arguments=record, **settings) as editor:
        editor.server.patience = PATIENCE
        editor.open(ground.project / "src/app.py")
        while tally.turns(way.name) < turns:
            if chance.random() < 0.4:
                await editor.command("devstral.newSession")
            ask = {"prompt": chance.choice(PROMPTS), "wait": True}
            number = editor.server.ask("workspace/executeCommand", {"command": "devstral.ask", "arguments": [ask]})
            if chance.random() < 0.2:
                await editor.command("devstral.cancel")
            answer = (await editor.server.answer(number))["result"]
            tally.add(way.name, "runs")
            tally.add(way.name, "turns", answer["turns"])
            tally.add(way.name, "cancelled", answer["state"] == "cancelled")
            tally.staged += len(answer["edits"]["proposed"])
            assert "internal error" not in (answer["message"] or "")
            if answer["state"] == "failed":
                tally.errors[f"{way.name}: {answer['message']}"] += 1
            assert editor.edits == []
            assert editor.server.stderr == b"", editor.server.stderr.decode()
            ground.check()
    asked = ("ask", "--json", "--base-url", server.base_url, *record, PROMPTS[0])
    code, out, _ = await ran(*asked, cwd=ground.project, home=ground.place / "home")
    assert code in (0, 1)
    tally.add(way.name, "runs")
    tally.add(way.name, "turns", json.loads(out)["turns"])
    ground.check()


async def test_doctor_names_the_server_its_version_and_its_context(
    llama_server: Path, gguf: Path, seed: int, tmp_path: Path
) -> None:
    with serving(llama_server, gguf, tmp_path / "log", 8192, (), seed) as server:
        asked = ("doctor", "--json", "--base-url", server.base_url)
        _, out, err = await ran(*asked, cwd=tmp_path, home=tmp_path)
        _, shown, _ = await ran(*asked[:1], "--quick", *asked[2:], cwd=tmp_path, home=tmp_path)
    assert err == ""
    found = json.loads(out)
    (seen,) = (each for each in found["servers"] if each["url"] == server.base_url)
    assert (seen["name"], seen["status"], seen["contextWindow"]) == ("llama.cpp", "ready", 8192)
    assert seen["model"] == found["model"] == gguf.stem
    assert seen["version"].startswith("b")
    assert found["profile"] == "Devstral Small 2"
    assert len(found["trials"]) >= 3
    assert f"version {seen['version']}, {gguf.stem}, 8,192 tokens of context" in shown


def test_the_models_vocabulary_is_the_one_that_is_counted_with(
    llama_server: Path, gguf: Path, seed: int, tmp_path: Path
) -> None:
    encoding = Encoding("tekken", pat_str=tokens.PATTERN, mergeable_ranks=tokens.ranks(), special_tokens={})
    texts = [*FILES.values(), *PROMPTS[:3], "  \n\n\t x  ", "naïve 日本語 🙂 '''", "[TOOL_CALLS]name[ARGS]{}</s>"]
    with serving(llama_server, gguf, tmp_path / "log", 1024, (), seed) as server:
        for text in texts:
            body = json.dumps({"content": text, "add_special": True, "parse_special": True}).encode()
            url = server.base_url.removesuffix("/v1") + "/tokenize"
            asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=60) as answer:
                assert json.load(answer)["tokens"] == [BEGIN, *pieces(text, encoding)], text


async def ran(*arguments: str, cwd: Path, home: Path) -> tuple[int | None, str, str]:
    """`devstral-ls` with these arguments, however long it takes."""
    process = await start(*arguments, cwd=cwd, env=environ(home))
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def left_behind(place: Path) -> list[str]:
    """The command lines of processes that still work in a folder below `place`."""
    if sys.platform != "linux":
        return []
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(place):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue  # it has ended, or is not ours
    return found
