"""The scripted server over plain sockets and http.client: no code of ours reads what it sends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn
from devstral_ls.scripted.manners import MANNERS

ASK: dict[str, Any] = {
    "model": "devstral-small-2",
    "temperature": 0.15,
    "max_tokens": 10,
    "stream": True,
    "stream_options": {"include_usage": True},
    "messages": [{"role": "user", "content": "hi"}],
}
PLAIN = {key: value for key, value in ASK.items() if not key.startswith("stream")}
KEY = {"Authorization": "Bearer some-key"}
ARGUMENTS = {"path": "a<b>.py", "n": [1, {"x": None}]}
FULL = Turn("I'll  look at\nit. ", "Hm, so", [Call("read_file", ARGUMENTS), Call("bash", {})])


class Client:
    """One connection to the server."""

    def __init__(self, server: ScriptedServer) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)

    def send(self, method: str, path: str, body: Any = None, headers: Any = KEY) -> tuple[int, str, dict[str, str]]:
        content = None if body is None else json.dumps(body)
        self.connection.request(method, path, content, headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())

    def chat(self, body: Any = ASK) -> tuple[int, str]:
        status, text, _ = self.send("POST", "/v1/chat/completions", body)
        return status, text

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def events(stream: str, *, done: bool = True) -> list[dict[str, Any]]:
    assert stream.endswith("data: [DONE]\n\n") == done
    frames = [frame for frame in stream.split("\n\n")[: -2 if done else -1] if not frame.startswith(":")]
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def joined(chunks: list[dict[str, Any]]) -> tuple[str, str, dict[int, tuple[str, str]], list[str]]:
    """(text, reasoning, calls by index as (name, arguments), finish reasons) of a stream."""
    text = reasoning = ""
    calls: dict[int, tuple[str, str]] = {}
    finish: list[str] = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            content = delta.get("content") or ""
            if isinstance(content, list):
                reasoning += content[0]["thinking"][0]["text"]
            else:
                text += content
            reasoning += delta.get("reasoning", "") + delta.get("reasoning_content", "")
            for call in delta.get("tool_calls", []):
                name, arguments = calls.get(call["index"], ("", ""))
                function = call["function"]
                if call.get("id") != "":  # LM Studio's phantom
                    calls[call["index"]] = (name or function["name"], arguments + function["arguments"])
            finish += [choice["finish_reason"]] if choice.get("finish_reason") else []
    return text, reasoning, calls, finish


CALLING = [manner for manner in MANNERS if manner != "transformers"]
"""Those that have a field for calls; the last puts them into the text."""


@pytest.mark.parametrize("manner", CALLING)
def test_every_manner_says_the_same_reply(manner: Manner) -> None:
    with ScriptedServer(Script([FULL]), manner) as server, Client(server) as client:
        status, stream = client.chat()
    text, reasoning, calls, finish = joined(events(stream))
    assert (status, text, reasoning, finish) == (200, FULL.text, FULL.reasoning, ["tool_calls"])
    assert [name for name, _ in calls.values()] == ["read_file", "bash"]
    assert [json.loads(arguments) for _, arguments in calls.values()] == [ARGUMENTS, {}]


@pytest.mark.parametrize("manner", CALLING)
def test_every_manner_says_it_in_one_body_too(manner: Manner) -> None:
    with ScriptedServer(Script([FULL]), manner) as server, Client(server) as client:
        status, text = client.chat(PLAIN)
    body = json.loads(text)
    message = body["choices"][0]["message"]
    assert status == 200
    assert FULL.text in json.dumps(message["content"]).encode().decode("unicode_escape")
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["read_file", "bash"]
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == ARGUMENTS
    assert body["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize("manner", MANNERS)
def test_text_comes_in_words_and_usage_where_each_server_puts_it(manner: Manner) -> None:
    with ScriptedServer(Script([Turn("one two three", usage=(7, 3))]), manner) as server, Client(server) as client:
        chunks = events(client.chat()[1], done=manner != "transformers")
    words = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    assert [word for word in words if word] == ["one", " two", " three"]
    usage = [chunk for chunk in chunks if chunk.get("usage")]
    assert usage == chunks[-1:]
    assert usage[0]["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert bool(usage[0]["choices"]) == (manner in ("mistral", "transformers"))
    if manner == "mistral":
        assert all(chunk["p"] for chunk in chunks)


@pytest.mark.parametrize(("manner", "whole"), [("vllm", 0), ("llama.cpp", 0), ("ollama", 2), ("mistral", 2)])
def test_arguments_come_in_pieces_or_whole(manner: Manner, whole: int) -> None:
    turn = Turn(calls=[Call("a", {"x": "y z"}), Call("b", {"x": "<&>"})])
    with ScriptedServer(Script([turn]), manner) as server, Client(server) as client:
        chunks = events(client.chat()[1])
    pieces = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
    assert sum(piece["function"]["arguments"].endswith("}") and "{" in piece["function"]["arguments"]
               for piece in pieces) == whole  # fmt: skip
    if manner == "ollama":
        assert pieces[1]["function"]["arguments"] == '{"x":"\\u003c\\u0026\\u003e"}'


def test_usage_is_sent_only_when_asked_for() -> None:
    with ScriptedServer(Script([Turn("a")])) as server, Client(server) as client:
        stream = client.chat({**PLAIN, "stream": True})[1]
    assert not [chunk for chunk in events(stream) if "usage" in chunk]


def test_a_raw_turn_goes_out_as_it_is() -> None:
    turn = Turn(raw=[{"any": ["thing"]}, ": comment\n\n", "data: \u2028\r\r"])
    with ScriptedServer(Script([turn]), "ollama") as server, Client(server) as client:
        assert client.chat() == (200, 'data: {"any":["thing"]}\n\n: comment\n\ndata: \u2028\r\r')


def test_an_error_turn_is_an_http_error() -> None:
    turn = Turn(error=Answered(429, {"message": "slow down"}, {"Retry-After": "2"}))
    with ScriptedServer(Script([turn])) as server, Client(server) as client:
        status, text, headers = client.send("POST", "/v1/chat/completions", ASK)
    assert (status, json.loads(text), headers["Retry-After"]) == (429, {"message": "slow down"}, "2")


@pytest.mark.refused_requests
def test_a_request_no_real_server_takes_is_refused_and_kept() -> None:
    with ScriptedServer(Script([Turn("a")])) as server, Client(server) as client:
        status, text = client.chat({**ASK, "tools": []})
        assert (status, "tools must not be an empty array" in text) == (400, True)
        assert client.chat()[0] == 200
        assert [("tools" in request) for request in server.requests] == [True, False]


def test_an_exhausted_script_says_so() -> None:
    with ScriptedServer(Script([])) as server, Client(server) as client:
        status, text = client.chat()
    assert (status, "no turn left" in text) == (400, True)


def test_connections_are_kept_alive() -> None:
    with ScriptedServer(Script([Turn("a"), Turn("b")])) as server, Client(server) as client:
        assert client.chat()[0] == client.chat()[0] == client.send("GET", "/v1/models")[0] == 200
        assert server.connections == 1


@pytest.mark.parametrize(
    ("manner", "status", "words"),
    [
        ("vllm", 404, "The model `x` does not exist."),
        ("ollama", 404, "model 'x' not found"),
        ("mistral", 400, "Invalid model: x"),
        ("llama.cpp", 200, "chat.completion"),
        ("lmstudio", 404, "Model not found: x"),
        ("transformers", 500, "Internal Server Error"),
    ],
)
def test_an_unknown_model_gets_each_servers_answer(manner: Manner, status: int, words: str) -> None:
    with ScriptedServer(Script([Turn("a")]), manner) as server, Client(server) as client:
        answered, text = client.chat({**ASK, "model": "x"})
    assert (answered, words in text) == (status, True)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_wrong_key_is_refused(manner: Manner) -> None:
    with ScriptedServer(Script([Turn("a")]), manner, api_key="right") as server, Client(server) as client:
        assert client.send("POST", "/v1/chat/completions", ASK, {"Authorization": "Bearer wrong"})[0] == 401
        assert client.send("GET", "/v1/models", None, {})[0] == 401
        assert client.send("POST", "/v1/chat/completions", ASK, {"Authorization": "Bearer right"})[0] == 200


def test_the_mistral_manner_demands_a_key() -> None:
    with ScriptedServer(Script([Turn("a")]), "mistral") as server, Client(server) as client:
        assert client.send("POST", "/v1/chat/completions", ASK, {})[0] == 401
        assert client.chat()[0] == 200


@pytest.mark.parametrize(
    ("manner", "path", "key"),
    [
        ("vllm", "/version", "version"),
        ("ollama", "/api/version", "version"),
        ("ollama", "/api/tags", "models"),
        ("ollama", "/api/ps", "models"),
        ("llama.cpp", "/props", "build_info"),
        ("mistral", "/v1/models", "data"),
        ("lmstudio", "/api/v0/models", "data"),
        ("lmstudio", "/api/v1/models", "models"),
        ("transformers", "/openapi.json", "info"),
    ],
)
def test_each_manner_has_its_own_pages(manner: Manner, path: str, key: str) -> None:
    with ScriptedServer(Script([]), manner) as server, Client(server) as client:
        status, text, _ = client.send("GET", path)
        assert client.send("GET", "/nothing")[0] == 404
    assert (status, key in json.loads(text)) == (200, True)


def test_ollama_shows_a_model() -> None:
    with ScriptedServer(Script([]), "ollama", context_length=777) as server, Client(server) as client:
        _, text, _ = client.send("POST", "/api/show", {"model": "devstral-small-2:latest"})
        assert client.send("POST", "/api/show", {"model": "x"})[0] == 404
    assert "num_ctx 777" in json.loads(text)["parameters"]


@pytest.mark.parametrize("manner", MANNERS)
def test_a_cut_reply_ends_without_its_end(manner: Manner) -> None:
    with ScriptedServer(Script([Turn("so far", cut=True)]), manner) as server, Client(server) as client:
        client.connection.request("POST", "/v1/chat/completions", json.dumps(ASK), KEY)
        with pytest.raises(http.client.IncompleteRead) as raised:
            client.connection.getresponse().read()
    assert b" far" in raised.value.partial
    assert b'"stop"' not in raised.value.partial


def test_a_hanging_reply_ends_when_the_client_leaves() -> None:
    with ScriptedServer(Script([Turn("so far", hang=True), Turn(hang=True)])) as server:
        for count in (1, 2):
            with Client(server) as client:
                client.connection.request("POST", "/v1/chat/completions", json.dumps(ASK), KEY)
                if count == 1:
                    assert client.connection.getresponse().read1().startswith(b"data: ")
                assert server.await_requests(count)
                client.connection.close()
            assert server.await_disconnects(count)


def test_stopping_ends_connections_that_wait_and_leaves_no_thread() -> None:
    before = threading.active_count()
    server = ScriptedServer(Script([Turn("x", hang=True)])).start()
    with Client(server) as hanging, socket.create_connection(("127.0.0.1", server.port)) as idle:
        hanging.connection.request("POST", "/v1/chat/completions", json.dumps(ASK), KEY)
        assert server.await_requests(1)
        server.stop()
        server.stop()
        assert idle.recv(1) == b""
    assert threading.active_count() == before


def test_a_stopped_server_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        ScriptedServer(Script([])).base_url  # noqa: B018


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM ends a process there without asking it")
def test_the_command_prints_the_base_url_and_that_it_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"turns": [{"text": "hello"}]}')
    command = [sys.executable, "-m", "devstral_ls.scripted", str(tmp_path / "s.json"), "--manner", "ollama"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/v1"), timeout=10)
        connection.request("POST", "/v1/chat/completions", json.dumps(ASK))
        assert b"hello" in connection.getresponse().read()
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert "a script, not a model" in process.stderr.read()


def test_the_command_says_what_is_wrong_with_a_script(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "devstral_ls.scripted", str(tmp_path / "none.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, "can't be read" in ran.stderr) == (2, True)


def test_transformers_serve_prints_its_calls_and_ends_without_a_done() -> None:
    with ScriptedServer(Script([FULL, FULL]), "transformers") as server, Client(server) as client:
        streamed = events(client.chat()[1], done=False)
        whole = json.loads(client.chat(PLAIN)[1])["choices"][0]
    text, _, calls, finish = joined(streamed)
    assert (calls, finish) == ({}, ["stop"])
    assert text == f"Hm, soI'll  look at\nit. read_file{json.dumps(ARGUMENTS)}bash{{}}"
    assert (whole["message"], whole["finish_reason"]) == ({"role": "assistant", "content": text}, "stop")


@pytest.mark.refused_requests
def test_transformers_serve_refuses_what_it_does_not_know_and_crashes_over_null_calls() -> None:
    null = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": None}]
    with ScriptedServer(Script([Turn("a")]), "transformers") as server, Client(server) as client:
        status, text = client.chat({**ASK, "top_k": 3})
        assert (status, "top_k" in json.loads(text)["detail"]) == (422, True)
        assert client.chat({**ASK, "messages": [*null, *ASK["messages"]]}) == (500, "Internal Server Error")


@pytest.mark.parametrize(
    ("manner", "sent"),
    [
        ("lmstudio", 'event: error\ndata: {"error": "he said \\"no\\""}\n\n'),
        ("transformers", 'data: {"error": "he said "no""}\n\n'),
    ],
)
def test_some_servers_fail_in_a_stream_that_has_begun(manner: Manner, sent: str) -> None:
    failing = Turn(error=Answered(500, {"error": {"message": 'he said "no"'}}))
    with ScriptedServer(Script([failing, failing]), manner) as server, Client(server) as client:
        assert client.chat() == (200, sent)
        assert client.chat(PLAIN)[0] == 500


def test_lm_studio_sends_a_phantom_before_its_calls() -> None:
    with ScriptedServer(Script([FULL]), "lmstudio") as server, Client(server) as client:
        chunks = events(client.chat()[1])
    entries = [
        call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])
    ]
    assert (entries[0]["id"], "name" in entries[0]["function"]) == ("", False)
    assert [entry["id"].isdecimal() for entry in entries[1:] if "id" in entry] == [True, True]


def test_lm_studio_takes_no_json_object_and_prints_the_calls_of_models_without_tools() -> None:
    with ScriptedServer(Script([FULL], tools=False), "lmstudio") as server, Client(server) as client:
        status, text = client.chat({**ASK, "response_format": {"type": "json_object"}})
        assert (status, json.loads(text)) == (400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
        said, _, calls, _ = joined(events(client.chat()[1]))
    assert calls == {}
    assert said.count("[TOOL_REQUEST]") == said.count("[END_TOOL_REQUEST]") == 2


@pytest.mark.parametrize("loaded", [True, False])
def test_lm_studio_tells_its_window_only_of_a_loaded_model(loaded: bool) -> None:
    with ScriptedServer(Script([]), "lmstudio", context_length=777, loaded=loaded) as server, Client(server) as client:
        older = json.loads(client.send("GET", "/api/v0/models")[1])["data"][0]
        newer = json.loads(client.send("GET", "/api/v1/models")[1])["models"][0]
    assert older.get("loaded_context_length") == (777 if loaded else None)
    assert [one["config"]["context_length"] for one in newer["loaded_instances"]] == ([777] if loaded else [])


def test_an_old_vllm_loses_calls_in_streams_and_prints_those_with_braces() -> None:
    flat, nested = Turn(calls=[Call("a", {"x": "y"})]), Turn(calls=[Call("b", {"x": {"y": 1}})])
    script = Script([flat, flat, nested])
    with ScriptedServer(script, "vllm", version="0.12.0") as server, Client(server) as client:
        chunks = events(client.chat()[1])
        first, second = (json.loads(client.chat(PLAIN)[1])["choices"][0] for _ in range(2))
    assert joined(chunks) == ("", "", {}, ["stop"])
    assert chunks[-1]["usage"]["completion_tokens"] > 5
    assert [call["function"]["name"] for call in first["message"]["tool_calls"]] == ["a"]
    assert (second["message"]["content"], second["finish_reason"]) == ('b{"x": {"y": 1}}', "stop")
