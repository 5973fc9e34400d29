"""The published conversations, against scripted servers that do well and badly."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm.abilities import abilities_of
from devstral_ls.llm.conformance import Row, answer, run_scenarios
from devstral_ls.llm.discovery import find_server
from devstral_ls.llm.fitted import fit
from devstral_ls.llm.messages import ToolCall
from devstral_ls.llm.scenarios import Asked
from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn

TODAY = date(2026, 3, 9)
STORY = "Could you write me a story"


def step(name: str, a: Any, b: Any, when: str) -> Turn:
    return Turn("Next.", calls=[Call(name, {"a": a, "b": b})], when=when)


ONE_TOOL = [Turn(calls=[Call("write_a_story")], when=STORY), Turn("Long ago, Kael...", when="galaxy far")]
STEPS = [
    step("multiply_number", "2", "3", "displayed in the image"),
    step("add_number", "6", "6", "6.0"),
    step("add_number", "8", "2", "12.0"),
    step("substract_number", "19", "10", "10.0"),
    step("add_number", 9, 1, "9.0"),
    Turn("The first is 12, the other 10.", when="10.0"),
]
LONG = [
    Turn(
        'Dr. Strange.\n\n```python\ndef strongest(time=None, place=None):\n    return "Dr. Strange"\n```',
        when="powerful",
    )
]
TECH = [Turn("Python with FastAPI would do.", when="web server")]
SMALL = [Turn("I am Devstral, made by Mistral AI. Today is 2026-03-09.", when="Who are you")]
GOOD = [*ONE_TOOL, *STEPS, *LONG, *TECH, *SMALL]


async def rows_of(
    turns: Sequence[Turn],
    manner: Manner = "vllm",
    *,
    room: int = 2000,
    model: str = "devstral-small-2",
    tools: bool = True,
) -> tuple[dict[str, Row], ScriptedServer]:
    with ScriptedServer(Script(turns, model=model, tools=tools), manner) as server:
        config = LlmConfig(base_url=server.base_url)
        endpoint = await find_server(config, {"HOME": "/nowhere"})
        able = abilities_of(endpoint, config)
        backend = fit(endpoint, config, able)
        try:
            rows = [row async for row in run_scenarios(backend, Asked(endpoint.model, able.profile, room, TODAY))]
        finally:
            await backend.aclose()
    return {row.scenario: row for row in rows}, server


NAMES = ["one tool", "tools one at a time, with an image", "long context", "tech chat", "small talk"]


@pytest.mark.parametrize("manner", ["vllm", "ollama", "llama.cpp"])
async def test_a_server_that_does_well_passes_everything(manner: Manner) -> None:
    rows, server = await rows_of(GOOD, manner)
    assert list(rows) == NAMES
    assert [row.came for row in rows.values() if not row.passed] == []
    assert [row.turns for row in rows.values()] == [2, 6, 1, 1, 1]
    assert all(row.mode == "native" and row.prompt_tokens and row.completion_tokens for row in rows.values())
    first, image = server.requests[0], server.requests[2]
    assert [tool["function"]["name"] for tool in first["tools"]][3:5] == ["write_a_story", "terminal"]
    assert image["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("room", [500, 6000])
async def test_the_long_conversation_fills_what_it_may(room: int) -> None:
    _, server = await rows_of(LONG, room=room)
    messages = next(request["messages"] for request in server.requests if "powerful" in str(request["messages"][-1]))
    said = [message["content"] for message in messages]
    characters = sum(map(len, said))
    assert room / 2 < characters / 3.3 < 1.2 * room
    assert said.count("Let's fill the context.") * 7 == said.count("Let's fill the context for the second time.") * 5


@pytest.mark.parametrize(
    ("name", "turns", "problem"),
    [
        ("one tool", [Turn("Once upon a time.", when=STORY)], "called no tool"),
        ("one tool", [Turn(calls=[Call("python", {"code": "1"})], when=STORY), Turn("x", when="run here")], "called python instead of write_a_story"),
        ("one tool", [Turn(calls=[Call("write_a_story", {"about": "x"})], when=STORY), Turn("x", when="galaxy")], "gave arguments to a tool that has none"),
        ("one tool", [Turn(when=STORY), Turn(when=STORY)], "called no tool"),
        ("one tool", [ONE_TOOL[0], *[Turn(calls=[Call("write_a_story")], when="galaxy")] * 11], "did not stop calling tools"),
        ("tools one at a time, with an image", [Turn("12 and 10", when="in the image")], "called no tool"),
        ("tools one at a time, with an image", [*STEPS[:4], Turn("12 and 10", when="9.0")], "did not call add_number(1, 9)"),
        ("tools one at a time, with an image", [*STEPS[:5], Turn("12 and 100", when="10.0")], "did not say both results, 12 and 10"),
        ("tools one at a time, with an image", [Turn(calls=[Call("add_number", {"a": "1", "b": "1"})] * 5, when="in the image"), Turn("12 10", when="2.0")], "made 5 calls at once instead of one step at a time"),
        ("tools one at a time, with an image", [Turn(error=Answered(400, {"error": {"message": "no images here"}}), when="in the image")], "The server at"),
        ("long context", [Turn("Superman.\ndef f(): pass", when="powerful")], "did not remember who it is"),
        ("long context", [Turn("Dr Strange.", when="powerful")], "wrote no Python function"),
        ("tech chat", [Turn(calls=[Call("terminal", {"command": "ls"})], when="web server"), Turn("Python.", when="found nothing")], "called terminal, which nobody asked for"),
        ("tech chat", [Turn("I would not.", when="web server")], "named no language to write it in"),
        ("small talk", [Turn("I am a model. It is 2026-03-09.", when="Who are")], "did not say who made it"),
        ("small talk", [Turn("I am by Mistral AI. It is 2023-10-01.", when="Who are")], "did not say what day it is"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_named(name: str, turns: list[Turn], problem: str) -> None:
    rows, _ = await rows_of(turns)
    assert rows[name].passed is False
    assert rows[name].came.startswith(problem)


async def test_calls_that_come_as_text_count_and_are_marked() -> None:
    raw = [Turn('[{"name": "write_a_story", "arguments": {}}]', when=STORY), ONE_TOOL[1]]
    rows, _ = await rows_of(raw, "ollama", model="devstral:24b")
    assert (rows["one tool"].passed, rows["one tool"].mode) == (True, "native, from text")


async def test_without_vision_the_image_does_not_apply() -> None:
    rows, _ = await rows_of([], model="devstral-2")
    row = rows["tools one at a time, with an image"]
    assert (row.passed, row.came, row.turns) == (None, "the model has no vision", 0)


async def test_a_model_without_tools_is_asked_for_json() -> None:
    direct = [
        Turn('{"tool": "write_a_story", "arguments": {}}', when=STORY),
        Turn('{"answer": "Long ago."}', when="galaxy"),
    ]
    rows, _ = await rows_of(direct, "ollama", model="deepseek-coder-v2:16b", tools=False)
    assert (rows["one tool"].passed, rows["one tool"].mode) == (True, "direct")


def test_the_tools_of_the_scenarios_do_nothing_but_answer() -> None:
    def said(name: str, **arguments: Any) -> str:
        return answer(ToolCall("aaaaaaaaa", name, arguments))

    assert said("substract_number", a="19", b=10) == "9.0"
    assert said("add_number", a="two", b="3").startswith("error: ValueError")
    assert said("add_number").startswith("error: KeyError")
    assert said("python", code="import os", result_variable="x") == "error: Python can't be run here"
    assert said("rm") == "error: there is no tool rm"
    assert answer(ToolCall("aaaaaaaaa", "add_number", None, "truncated")) == "error: the arguments are truncated"
