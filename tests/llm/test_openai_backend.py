"""The backend against the scripted server, over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import (
    ContextExceeded,
    KeyRejected,
    ModelError,
    ModelNotFound,
    ReplyBroken,
    RequestRejected,
    ServerBusy,
    ServerUnreachable,
    ToolsUnsupported,
)
from devstral_ls.llm.backend import CallPart, Part, Reply, Request, RequestSent, Retrying, TextPart, Usage
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.llm.servers import Kind
from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn
from devstral_ls.scripted.manners import MANNERS

READ_FILE = ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
ASK = Request([UserMessage("hi")])
ASK_WITH_TOOLS = Request([SystemMessage("You code."), UserMessage("hi")], (READ_FILE,))
MODEL = "devstral-small-2"


@asynccontextmanager
async def backend_for(
    url: str, *, model: str = MODEL, api_key: str | None = None, kind: Kind | None = None, **config: Any
) -> AsyncIterator[OpenAiBackend]:
    backend = OpenAiBackend(url, model, api_key, LlmConfig(**config), kind=kind, first_delay=0.0)
    try:
        yield backend
    finally:
        await backend.aclose()


async def ask(
    turns: Sequence[Turn], request: Request = ASK, *, manner: Manner = "vllm", **options: Any
) -> tuple[list[Part], ScriptedServer]:
    """All parts of one reply, and the server after it."""
    with ScriptedServer(Script(turns), manner) as server:
        async with backend_for(server.base_url, **options) as backend:
            return [part async for part in backend.stream(request)], server


@asynccontextmanager
async def backend_in_one_piece(turn: Turn, **config: Any) -> AsyncIterator[OpenAiBackend]:
    """A backend that asks for replies with calls in one piece."""
    with ScriptedServer(Script([turn])) as server:
        backend = OpenAiBackend(server.base_url, MODEL, None, LlmConfig(**config), streams_calls=False)
        try:
            yield backend
        finally:
            await backend.aclose()


async def fail(turns: Sequence[Turn], **options: Any) -> ModelError:
    with pytest.raises(ModelError) as raised:
        await ask(turns, **options)
    return raised.value


def reply_of(parts: Sequence[Part]) -> Reply:
    assert isinstance(parts[-1], Reply)
    assert not any(isinstance(part, Reply) for part in parts[:-1])
    return parts[-1]


def text_of(parts: Sequence[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextPart))


@pytest.mark.parametrize("manner", MANNERS)
async def test_every_manner_of_server_gives_the_same_reply(manner: Manner) -> None:
    turn = Turn("I'll read it.", "Hm.", [Call("read_file", {"path": "a<b>.py"})], usage=(100, 20))
    parts, server = await ask([turn], ASK_WITH_TOOLS, manner=manner, api_key="some-key")
    reply = reply_of(parts)
    assert isinstance(parts[0], RequestSent)
    # transformers serve knows neither calls nor reasoning: everything is text.
    text, thought = ("Hm.I'll read it.", "") if manner == "transformers" else ("I'll read it.", "Hm.")
    assert (text_of(parts), reply.text, reply.reasoning) == (text, text, thought)
    assert reply.recovered == ("stripped_marker" if manner == "transformers" else None)
    assert [(call.name, call.arguments) for call in reply.calls] == [("read_file", {"path": "a<b>.py"})]
    assert [part.name for part in parts if isinstance(part, CallPart)] == ["read_file"]
    flags = frozenset({"empty_call_dropped"} if manner == "lmstudio" else ())
    assert (reply.finish, reply.usage, reply.flags) == ("tool_calls", Usage(100, 20), flags)
    assert server.requests[0] == {
        "model": MODEL,
        "temperature": 0.15,
        "max_tokens": 8192,
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read_file",
                    "description": "Read a file.",
                    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
                },
            }
        ],
        "tool_choice": "auto",
        "messages": [{"role": "system", "content": "You code."}, {"role": "user", "content": "hi"}],
    }


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_conversation_with_calls_is_accepted_turn_after_turn(manner: Manner) -> None:
    turns = [Turn(calls=[Call("read_file", {"path": f"{n}.py"})] * 2) for n in range(3)]
    with ScriptedServer(Script([*turns, Turn("Done.")]), manner) as server:
        async with backend_for(server.base_url, api_key="some-key") as backend:
            messages: list[Any] = [SystemMessage("s"), UserMessage("go")]
            reply = Reply("")
            while reply.text != "Done.":
                reply = reply_of([part async for part in backend.stream(Request(messages, (READ_FILE,)))])
                messages.append(AssistantMessage(reply.text, reply.calls))
                messages += [ToolMessage(call.id, call.name, "...") for call in reply.calls]
        assert len(server.requests) == 4
        assert server.connections == 1


async def test_text_is_there_while_the_server_still_writes() -> None:
    with ScriptedServer(Script([Turn("so far", hang=True)])) as server:
        async with backend_for(server.base_url) as backend, aclosing(backend.stream(ASK)) as parts:
            seen = ""
            while seen != "so far":
                part = await anext(parts)
                seen += part.text if isinstance(part, TextPart) else ""


@pytest.mark.parametrize("turn", [Turn("so far", hang=True), Turn(hang=True), Turn("a b c d", delay=60.0)])
async def test_cancelling_the_reader_disconnects_from_the_server(turn: Turn) -> None:
    with ScriptedServer(Script([turn])) as server:
        async with backend_for(server.base_url) as backend:

            async def read() -> None:
                async for _ in backend.stream(ASK):
                    pass

            task = asyncio.create_task(read())
            assert await asyncio.to_thread(server.await_requests, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.await_disconnects)


async def test_closing_the_iterator_disconnects_from_the_server() -> None:
    with ScriptedServer(Script([Turn("so far", hang=True), Turn("again")])) as server:
        async with backend_for(server.base_url) as backend:
            parts = backend.stream(ASK)
            while not isinstance(await anext(parts), TextPart):
                pass
            await parts.aclose()
            assert await asyncio.to_thread(server.await_disconnects)
            assert text_of([part async for part in backend.stream(ASK)]) == "again"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
async def test_a_passing_failure_is_announced_and_tried_again(status: int) -> None:
    busy = Turn(error=Answered(status, {"error": {"message": "come back later"}}))
    parts, server = await ask([busy, busy, Turn("Here.")])
    kinds = [type(part) for part in parts[:5]]
    assert kinds == [RequestSent, Retrying, RequestSent, Retrying, RequestSent]
    assert isinstance(parts[1], Retrying)
    assert "come back later" in parts[1].reason
    assert reply_of(parts).text == "Here."
    assert server.requests[0] == server.requests[2]


async def test_the_servers_own_waiting_time_is_kept() -> None:
    busy = Turn(error=Answered(429, {}, {"Retry-After": "0.01"}))
    parts, _ = await ask([busy, Turn("Here.")])
    assert [part.delay for part in parts if isinstance(part, Retrying)] == [0.01]


async def test_a_server_that_wants_an_hour_is_not_waited_for() -> None:
    busy = Turn(error=Answered(429, {"message": "Rate limit exceeded"}, {"Retry-After": "3600"}))
    assert isinstance(await fail([busy]), ServerBusy)


async def test_a_third_failure_is_the_last() -> None:
    busy = Turn(error=Answered(503, {"error": "server busy, please try again.  maximum pending requests exceeded"}))
    error = await fail([busy] * 3)
    assert isinstance(error, ServerBusy)
    assert "\n" not in str(error)


async def test_a_failure_that_will_repeat_itself_is_not_tried_again() -> None:
    refused = Turn(error=Answered(500, {"error": {"message": "Failed to parse tool call arguments as JSON: ..."}}))
    assert isinstance(await fail([refused]), RequestRejected)


async def test_a_conversation_that_is_too_long_is_said_to_be_so() -> None:
    body = {"error": {"message": "request (5543 tokens) exceeds the available context size (2048 tokens)"}}
    assert isinstance(await fail([Turn(error=Answered(400, body))]), ContextExceeded)


async def test_a_server_that_takes_no_stream_options_is_asked_without_them_from_then_on() -> None:
    refusal = Turn(error=Answered(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}))
    with ScriptedServer(Script([refusal, Turn("one"), Turn("two")])) as server:
        async with backend_for(server.base_url) as backend:
            replies = [reply_of([part async for part in backend.stream(ASK)]) for _ in range(2)]
    assert [reply.text for reply in replies] == ["one", "two"]
    assert ["stream_options" in request for request in server.requests] == [True, False, False]


async def test_a_wrong_key_is_named_by_where_it_is_set_and_never_shown() -> None:
    error = await fail([Turn("x")], manner="mistral", kind="mistral", api_key="none")
    assert isinstance(error, KeyRejected)
    assert str(error) == "The Mistral API refused the key: check MISTRAL_API_KEY or llm.apiKey."


async def test_a_key_that_the_server_quotes_is_blotted_out() -> None:
    quoted = Turn(error=Answered(400, {"error": {"message": "no quota for sk-secret-1"}}))
    error = await fail([quoted], api_key="sk-secret-1")
    assert "no quota for ***" in str(error)
    assert "sk-secret-1" not in f"{error!r} {error.__cause__!r}"


@pytest.mark.parametrize("manner", ["vllm", "ollama", "mistral"])
async def test_an_unknown_model_is_answered_with_those_there_are(manner: Manner) -> None:
    error = await fail([], manner=manner, model="gpt-2", api_key="some-key")
    assert isinstance(error, ModelNotFound)
    assert "has no model 'gpt-2': set llm.model to one it has (devstral-small-2)" in str(error)


async def test_a_server_that_is_not_there_is_named_with_how_to_start_it() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    async with backend_for(url, kind="vllm") as backend:
        with pytest.raises(ServerUnreachable) as raised:
            await anext(part async for part in backend.stream(ASK) if isinstance(part, Reply))
    assert f"vLLM at {url}: nothing answers; start vLLM (`vllm serve " in str(raised.value)


async def test_a_server_that_redirects_is_not_followed() -> None:
    moved = Turn(error=Answered(307, "", {"Location": "https://elsewhere.example/v1"}))
    error = await fail([moved])
    assert "redirects to https://elsewhere.example/v1: set llm.baseUrl" in str(error)


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_connection_that_breaks_in_the_middle_leaves_what_was_received(manner: Manner) -> None:
    parts, _ = await ask([Turn("so far so good", cut=True)], manner=manner, api_key="some-key")
    reply = reply_of(parts)
    assert (reply.text, text_of(parts), reply.finish) == ("so far so good", "so far so good", "incomplete")
    assert reply.flags == {"connection_lost"}


async def test_a_call_that_was_cut_off_with_the_connection_is_marked_so() -> None:
    turn = Turn("Reading.", calls=[Call("read_file", {"path": "a.py", "limit": 10})], cut=True)
    parts, _ = await ask([turn], ASK_WITH_TOOLS)
    reply = reply_of(parts)
    assert reply.finish == "incomplete"
    assert [(call.name, call.arguments, call.error) for call in reply.calls] == [("read_file", None, "truncated")]


async def test_a_connection_that_breaks_before_the_reply_is_tried_again() -> None:
    parts, server = await ask([Turn(cut=True), Turn("Here.")])
    assert [part.reason for part in parts if isinstance(part, Retrying)]
    assert (reply_of(parts).text, len(server.requests)) == ("Here.", 2)


async def test_a_connection_that_always_breaks_is_reported() -> None:
    error = await fail([Turn(cut=True)] * 3)
    assert isinstance(error, ServerUnreachable)
    assert "the connection broke" in str(error)


async def test_a_silent_server_is_given_up_on() -> None:
    error = await fail([Turn(hang=True)], prompt_timeout=0.05)
    assert isinstance(error, ReplyBroken)
    assert "sent nothing for 0.05 seconds" in str(error)


async def test_reading_the_prompt_may_take_longer_than_a_reply_may_fall_silent() -> None:
    chunks = [{"choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": end}]} for end in (None, "stop")]
    whole = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    role = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    parts, _ = await ask([Turn(raw=[":\n\n", role, ":\n\n", whole], delay=0.1)], idle_timeout=0.02)
    assert (text_of(parts), reply_of(parts).finish) == ("Hi.Hi.", "stop")


async def test_a_reply_in_one_piece_may_take_longer_than_a_stream_may_fall_silent() -> None:
    async with backend_in_one_piece(Turn("Hi.", delay=0.1), idle_timeout=0.02) as backend:
        assert reply_of([part async for part in backend.stream(ASK_WITH_TOOLS)]).text == "Hi."


async def test_a_call_that_nothing_is_certain_of_counts_as_a_reply_that_has_begun() -> None:
    held = [{"choices": [{"index": 0, "delta": {"content": "[TOOL_CALLS]read_"}}]}]
    error = await fail([Turn(raw=held, hang=True)], request=ASK_WITH_TOOLS, idle_timeout=0.05)
    assert "sent nothing for 0.05 seconds: look at its log, or raise llm.idleTimeout." in str(error)


async def test_an_error_frame_in_the_place_of_a_reply_is_an_error_like_any_other() -> None:
    def frame(message: str) -> Turn:
        return Turn(raw=[{"error": {"message": message}}, "data: [DONE]\n\n"])

    parts, _ = await ask([frame("server busy"), Turn("Hi.")])
    assert [type(part) for part in parts[:3]] == [RequestSent, Retrying, RequestSent]
    assert isinstance(await fail([frame("server busy")] * 3), ServerBusy)
    assert isinstance(await fail([frame("registry/x does not support tools")]), ToolsUnsupported)
    error = await fail([frame("no quota for sk-secret-1")] * 3, api_key="sk-secret-1")
    assert "no quota for ***" in str(error)


async def test_what_an_error_in_the_stream_quotes_of_our_key_is_blotted_out() -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    parts, _ = await ask([Turn(raw=[chunk, {"error": {"message": "bad key sk-secret-1"}}])], api_key="sk-secret-1")
    assert reply_of(parts).error == "bad key ***"


async def test_a_server_that_falls_silent_leaves_what_was_received() -> None:
    parts, _ = await ask([Turn("so far", hang=True)], idle_timeout=0.3)
    assert (reply_of(parts).text, reply_of(parts).flags) == ("so far", frozenset({"connection_lost"}))
    assert reply_of(parts).error == "nothing came for 0.3 seconds (llm.idleTimeout)"


async def test_an_error_in_the_stream_ends_the_reply() -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    parts, _ = await ask([Turn(raw=[chunk, {"error": {"message": "EngineCore died"}}, "data: [DONE]\n\n"])])
    reply = reply_of(parts)
    assert (reply.text, reply.finish, reply.error) == ("Hello", "error", "EngineCore died")


async def test_a_reply_without_an_end_is_incomplete() -> None:
    parts, _ = await ask([Turn(raw=[{"choices": [{"index": 0, "delta": {"content": "Hel"}}]}])])
    assert (reply_of(parts).text, reply_of(parts).finish) == ("Hel", "incomplete")
    assert "connection_lost" not in reply_of(parts).flags


async def test_a_server_that_does_not_stream_is_understood() -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}]}
    parts, _ = await ask([Turn(error=Answered(200, body))])
    assert (reply_of(parts).text, text_of(parts)) == ("whole", "whole")


async def test_a_call_that_the_server_lost_while_streaming_is_fetched_without() -> None:
    swallowed = Turn("", usage=(100, 20))
    parts, server = await ask([swallowed, Turn(calls=[Call("read_file", {"path": "a"})])], ASK_WITH_TOOLS)
    assert [type(part) for part in parts[:3]] == [RequestSent, Retrying, RequestSent]
    assert [call.arguments for call in reply_of(parts).calls] == [{"path": "a"}]
    assert [request["stream"] for request in server.requests] == [True, False]


async def test_a_call_that_its_server_closed_at_the_token_limit_is_marked_as_cut_off() -> None:
    turn = Turn(calls=[Call("read_file", {"path": "a"})], usage=(100, 16))
    parts, _ = await ask([turn], ASK_WITH_TOOLS, max_tokens=16)
    assert reply_of(parts).finish == "length"
    assert [(call.arguments, call.error) for call in reply_of(parts).calls] == [(None, "truncated")]


async def test_a_request_can_ask_for_less_than_the_longest_reply_but_not_for_more() -> None:
    for wanted, asked in ((7, 7), (100, 16), (None, 16)):
        _, server = await ask([Turn("a")], replace(ASK_WITH_TOOLS, max_tokens=wanted), max_tokens=16)
        assert server.requests[0]["max_tokens"] == asked


async def test_a_reply_that_is_empty_twice_is_given_back_empty() -> None:
    parts, server = await ask([Turn("", usage=(100, 20))] * 2)
    assert "empty_response" in reply_of(parts).flags
    assert len(server.requests) == 2


async def test_nothing_meant_for_openai_reaches_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "leak")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "leak")
    monkeypatch.setenv("OPENAI_ORG_ID", "leak")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "leak")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://leak.invalid/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer leak\nX-Extra: leak")
    _, server = await ask([Turn("a")])
    assert "leak" not in str(server.headers)
    assert set(server.headers[0]) == {
        "host", "connection", "accept-encoding", "content-length", "accept", "content-type", "user-agent"
    }  # fmt: skip
    _, server = await ask([Turn("a")], api_key="mine")
    assert server.headers[0]["authorization"] == "Bearer mine"


async def test_a_name_and_password_in_the_url_are_sent_as_such() -> None:
    with ScriptedServer(Script([Turn("a")])) as server:
        url = server.base_url.replace("http://", "http://me:p%40ss@")
        async with backend_for(url) as backend:
            assert text_of([part async for part in backend.stream(ASK)]) == "a"
    assert server.headers[0]["authorization"] == f"Basic {base64.b64encode(b'me:p@ss').decode()}"


async def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    parts, _ = await ask([Turn("a")])
    assert text_of(parts) == "a"


async def test_two_replies_can_be_read_at_the_same_time() -> None:
    with ScriptedServer(Script([Turn("first", when="one"), Turn("second", when="two")])) as server:
        async with backend_for(server.base_url) as backend:

            async def text(prompt: str) -> str:
                return text_of([part async for part in backend.stream(Request([UserMessage(prompt)]))])

            second, first = await asyncio.gather(text("two"), text("one"))
    assert (first, second) == ("first", "second")


async def test_a_broken_history_is_sent_in_canonical_form() -> None:
    broken = ToolCall("call_12345", "read_file", None, "truncated", '{"path')
    messages: list[Message] = [UserMessage("a"), AssistantMessage("", (broken,)), UserMessage("b")]
    parts, _ = await ask([Turn("fine")], Request(messages, (READ_FILE,)))
    assert text_of(parts) == "fine"


def test_importing_the_backend_does_not_import_openai() -> None:
    code = (
        "import sys, devstral_ls.llm.openai_backend, devstral_ls.llm.discovery; "
        "print([name for name in ('openai', 'httpx2', 'pydantic') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_a_server_that_was_restarted_is_reached_again() -> None:
    with ScriptedServer(Script([Turn("before")])) as server:
        port = server.port
        async with backend_for(server.base_url) as backend:
            assert text_of([part async for part in backend.stream(ASK)]) == "before"
            server.stop()
            with ScriptedServer(Script([Turn("after")]), port=port):
                parts = [part async for part in backend.stream(ASK)]
    assert text_of(parts) == "after"
