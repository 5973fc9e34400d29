"""The backend that asks each server as it can serve, over real HTTP."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

from typing import Any

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import ToolsUnsupported
from devstral_ls.llm.abilities import Learned, abilities_of
from devstral_ls.llm.backend import Part, Remark, Reply, Request, TextPart
from devstral_ls.llm.discovery import find_server
from devstral_ls.llm.fitted import FittedBackend, fit
from devstral_ls.llm.messages import AssistantMessage, Message, SystemMessage, ToolMessage, ToolSpec, UserMessage
from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn

READ = ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
START: list[Message] = [SystemMessage("You code."), UserMessage("read a")]


async def fitted(
    server: ScriptedServer, learned: Learned | None = None, kept: list[Learned] | None = None, **config: Any
) -> FittedBackend:
    settings = LlmConfig(base_url=server.base_url, **config)
    endpoint = await find_server(settings, {"HOME": "/nowhere"})
    keep = (kept if kept is not None else []).append
    return fit(endpoint, settings, abilities_of(endpoint, settings, learned), on_learned=keep)


async def ask(backend: FittedBackend, messages: list[Message]) -> tuple[Reply, list[str], str]:
    """The reply, what was remarked, and the text as it arrived."""
    parts: list[Part] = [part async for part in backend.stream(Request(tuple(messages), (READ,)))]
    assert isinstance(parts[-1], Reply)
    remarks = [part.text for part in parts if isinstance(part, Remark)]
    return parts[-1], remarks, "".join(part.text for part in parts if isinstance(part, TextPart))


@pytest.mark.parametrize("manner", ["vllm", "ollama", "llama.cpp", "mistral"])
async def test_a_server_that_refuses_tools_is_asked_for_json_and_the_user_is_told_once(manner: Manner) -> None:
    turns = [
        Turn('{"say": "I look.", "tool": "read_file", "arguments": {"path": "a"}}'),
        Turn('{"answer": "It is x."}'),
    ]
    with ScriptedServer(Script(turns, model="gemma", tools=False), manner) as server:
        backend = await fitted(server, api_key="some-key")
        try:
            first, told, _ = await ask(backend, START)
            (call,) = first.calls
            history = [*START, AssistantMessage(first.text, first.calls), ToolMessage(call.id, call.name, "x")]
            second, told_again, streamed = await ask(backend, history)
        finally:
            await backend.aclose()
    assert (call.name, call.arguments, first.finish) == ("read_file", {"path": "a"}, "tool_calls")
    assert (second.text, streamed, second.calls) == ("It is x.", "It is x.", ())
    assert (len(told), told_again) == (1, [])
    assert "asked for JSON instead" in told[0]
    asked = [request for request in server.requests if "tools" not in request]
    assert [request["response_format"] for request in asked] == [{"type": "json_object"}] * 2
    assert [message["role"] for message in asked[1]["messages"]] == ["system", "user", "assistant", "user"]
    assert asked[1]["messages"][:2] == asked[0]["messages"][:2]
    # Ollama and the Mistral API say beforehand that the model has no tools; the others refuse, once.
    assert len(server.requests) - len(asked) == (0 if manner in ("ollama", "mistral") else 1)


async def test_where_the_setting_says_native_the_refusal_is_an_error() -> None:
    with ScriptedServer(Script([Turn("Hi.")], model="gemma", tools=False)) as server:
        backend = await fitted(server, tools="native")
        with pytest.raises(ToolsUnsupported):
            await ask(backend, START)
        await backend.aclose()


async def test_where_the_setting_says_direct_no_tools_are_offered() -> None:
    with ScriptedServer(Script([Turn('{"tool": "read_file", "arguments": {}}')])) as server:
        backend = await fitted(server, tools="direct")
        reply, told, _ = await ask(backend, START)
        await backend.aclose()
    assert ([call.name for call in reply.calls], told) == (["read_file"], [])
    assert "tools" not in server.requests[0]


async def test_a_server_without_json_mode_is_asked_without_it_from_then_on() -> None:
    refusal = Answered(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    other = Answered(400, {"error": {"message": "response_format: Extra inputs are not permitted"}})
    turns = [Turn(error=refusal), Turn(error=other), Turn('{"answer": "1"}'), Turn('{"answer": "2"}')]
    with ScriptedServer(Script(turns)) as server:
        backend = await fitted(server, tools="direct")
        texts = [(await ask(backend, START))[0].text for _ in range(2)]
        await backend.aclose()
    assert texts == ["1", "2"]
    kinds = [request.get("response_format", {}).get("type") for request in server.requests]
    assert kinds == ["json_object", "json_schema", None, None]


async def test_an_old_vllm_is_asked_without_streaming_and_that_is_said() -> None:
    turns = [Turn(calls=[Call("read_file", {"path": "a"})]), Turn("Done.")]
    with ScriptedServer(Script(turns), "vllm", version="0.12.0") as server:
        backend = await fitted(server)
        reply, told, _ = await ask(backend, START)
        again = await ask(backend, START)
        await backend.aclose()
    assert [call.arguments for call in reply.calls] == [{"path": "a"}]
    assert [request["stream"] for request in server.requests] == [False, False]
    assert told == [
        "vLLM 0.12.0 loses the tool calls of devstral-small-2 when it streams them; replies are asked for in one "
        "piece. Upgrade it to 0.13 or newer."
    ]
    assert (again[0].text, again[1]) == ("Done.", [])


async def test_what_was_learned_is_used_without_trying_again() -> None:
    with ScriptedServer(Script([Turn('{"answer": "Hi."}')])) as server:
        backend = await fitted(server, Learned(tools="direct"))
        reply, told, _ = await ask(backend, START)
        await backend.aclose()
    assert (reply.text, len(told)) == ("Hi.", 1)
    assert "tools" not in server.requests[0]


@pytest.mark.parametrize(
    ("model", "config", "temperature"),
    [
        ("devstral-small-2", {}, 0.15),
        ("qwen3-coder:30b", {}, 0.7),
        ("qwen3-coder:30b", {"temperature": 0.3}, 0.3),
        ("qwen3-coder:30b", {"profile": "devstral-small-2"}, 0.15),
    ],
)
async def test_a_model_is_sampled_as_it_was_made_for(model: str, config: dict[str, Any], temperature: float) -> None:
    with ScriptedServer(Script([Turn("Hi.")], model=model)) as server:
        backend = await fitted(server, **config)
        await ask(backend, START)
        await backend.aclose()
    assert server.requests[0]["temperature"] == temperature


async def test_a_server_that_loses_calls_in_streams_is_soon_asked_in_one_piece_and_that_is_kept() -> None:
    calling = Turn(calls=[Call("read_file", {"path": "a"})])
    kept: list[Learned] = []
    # By its name nobody knows that an old vLLM loses the calls of this model.
    with ScriptedServer(Script([calling] * 5, model="coder"), "vllm", version="0.12.0") as server:
        backend = await fitted(server, kept=kept)
        modes = [backend.mode]
        for _ in range(3):
            reply, _, _ = await ask(backend, START)
            assert [call.arguments for call in reply.calls] == [{"path": "a"}]
            modes.append(backend.mode)
        await backend.aclose()
    assert [request["stream"] for request in server.requests] == [True, False, True, False, False]
    assert modes == ["native-streamed", "native-streamed", "native-whole", "native-whole"]
    assert backend.why == "the server lost a tool call while it streamed it"
    assert kept == [Learned("native", False)]


async def test_a_refusal_in_a_run_is_kept_and_says_why_from_then_on() -> None:
    kept: list[Learned] = []
    with ScriptedServer(Script([Turn('{"answer": "Hi."}')], model="gemma", tools=False)) as server:
        backend = await fitted(server, kept=kept)
        assert (backend.mode, backend.why) == ("native-streamed", "it was not tried out yet")
        await ask(backend, START)
        await backend.aclose()
    assert (backend.mode, backend.why, kept) == ("direct", "the server refused tools", [Learned("direct")])


@pytest.mark.parametrize(
    ("manner", "tools", "learned", "config", "mode", "why"),
    [
        ("vllm", True, None, {"tools": "direct"}, "direct", "llm.tools says so"),
        ("vllm", True, Learned("direct"), {}, "direct", "no tool call came when it was tried out"),
        ("vllm", True, Learned("direct"), {"tools": "native"}, "native-streamed", "llm.tools says so"),
        ("vllm", True, Learned("native", False), {}, "native-whole", "vLLM 0.33.0 loses tool calls when it streams them, as was tried out"),
        ("vllm", True, Learned("native", True), {}, "native-streamed", "tool calls came when it was tried out"),
        ("vllm", True, None, {}, "native-streamed", "it was not tried out yet"),
        ("ollama", True, None, {}, "native-streamed", "Ollama 0.32.10 says it has tools"),
        ("ollama", False, None, {}, "direct", "Ollama 0.32.10 says it has no tools"),
        ("mistral", True, None, {"api_key": "k"}, "native-streamed", "the Mistral API says it has tools"),
    ],
)  # fmt: skip
async def test_how_a_model_is_asked_comes_with_the_reason(
    manner: Manner, tools: bool, learned: Learned | None, config: dict[str, Any], mode: str, why: str
) -> None:
    with ScriptedServer(Script([], tools=tools), manner) as server:
        backend = await fitted(server, learned, **config)
        await backend.aclose()
    assert (backend.mode, backend.why) == (mode, why)
