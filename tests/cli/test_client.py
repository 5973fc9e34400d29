"""The client against servers that behave, and against servers that don't."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli import server_process
from devstral_ls.cli.client import METHOD_NOT_FOUND, LanguageClient, RequestFailed, ServerStopped, frame, read_message
from devstral_ls.cli.server_process import server_environ

# A server in a few lines: the test's own words decide what it does with a message.
SERVER = """
import json, os, sys
def read():
    length = 0
    while (line := sys.stdin.buffer.readline()) not in (b"\\r\\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name == b"Content-Length" else length
    body = sys.stdin.buffer.read(length)
    return json.loads(body) if body else None
def send(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\nX-Other: 1\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
while (message := read()) is not None:
    method, ident = message.get("method"), message.get("id")
    if method == "exit":
        break
    elif method == "shutdown":
        send(id=ident, result=None)
    else:
        BODY
"""


async def refuse(method: str, params: Any) -> Any:
    raise RequestFailed(METHOD_NOT_FOUND, f"{method} is not supported")


def ignore(method: str, params: Any) -> None:
    """These tests' servers send nothing that matters."""


@asynccontextmanager
async def server(
    body: str, answer: Any = refuse, notice: Any = ignore, patience: float = 5.0
) -> AsyncIterator[LanguageClient]:
    code = SERVER.replace("BODY", body.replace("\n", "\n        "))
    async with LanguageClient.started([sys.executable, "-c", code], answer, notice, patience=patience) as client:
        yield client


async def test_a_request_gets_its_own_answer() -> None:
    async with server("send(id=ident, result=[method, message['params']])") as client:
        answers = await asyncio.gather(*(client.request("echo", {"text": f"é{n}"}) for n in range(3)))
    assert answers == [["echo", {"text": f"é{n}"}] for n in range(3)]


async def test_an_error_answer_is_raised_with_its_code() -> None:
    async with server("send(id=ident, error={'code': -32602, 'message': 'no such command'})") as client:
        with pytest.raises(RequestFailed, match="no such command") as caught:
            await client.request("x")
    assert caught.value.code == -32602


async def test_the_servers_own_requests_and_notifications_are_served() -> None:
    asked: list[Any] = []
    heard: list[Any] = []

    async def answer(method: str, params: Any) -> Any:
        asked.append((method, params))
        return {"applied": True}

    body = (
        "if method == 'go':\n    going = ident\n    send(method='log', params='hello')\n"
        "    send(id='s1', method='workspace/applyEdit', params={'edit': {}})\n"
        "else:\n    send(id=going, result=message)"
    )
    async with server(body, answer, lambda method, params: heard.append((method, params))) as client:
        back = await client.request("go")
    assert asked == [("workspace/applyEdit", {"edit": {}})]
    assert heard == [("log", "hello")]
    assert (back["id"], back["result"]) == ("s1", {"applied": True})


async def test_a_request_that_is_not_supported_is_answered_so() -> None:
    body = (
        "if method == 'go':\n    going = ident\n    send(id=9, method='x')\nelse:\n    send(id=going, result=message)"
    )
    async with server(body) as client:
        back = await client.request("go")
    assert back["error"] == {"code": -32601, "message": "x is not supported"}


async def test_cancelling_a_request_tells_the_server() -> None:
    body = (
        "if method == 'wait':\n    waiting = ident\n"
        "elif method == 'what':\n    send(id=ident, result=cancelled)\n"
        "elif method == '$/cancelRequest':\n    cancelled = message['params']['id'] == waiting"
    )
    async with server(body) as client:
        waiting = asyncio.ensure_future(client.request("wait"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await client.request("what") is True


async def test_a_server_that_dies_says_its_last_words() -> None:
    async with server("sys.stderr.write('a\\nno module named pygls\\n')\nsys.exit(3)") as client:
        with pytest.raises(ServerStopped, match=r"stopped.*no module named pygls"):
            await client.request("initialize")
        with pytest.raises(ServerStopped):
            await client.request("again")


async def test_output_that_is_no_message_ends_the_conversation() -> None:
    async with server("print('Hello, I am no protocol\\r\\n\\r\\n', flush=True)") as client:
        with pytest.raises(ValueError, match="no message"):
            await client.request("initialize")


async def test_a_talkative_server_does_not_stop_for_its_log() -> None:
    async with server("sys.stderr.write('x' * 1_000_000)\nsys.stderr.flush()\nsend(id=ident, result=1)") as client:
        assert await client.request("initialize") == 1


async def test_a_handler_that_breaks_is_not_waited_for() -> None:
    async def broken(method: str, params: Any) -> Any:
        raise KeyError("edit")

    async with server("send(id=1, method='workspace/applyEdit')", broken) as client:
        with pytest.raises(KeyError):
            await client.request("go")


@pytest.mark.skipif(os.name == "nt", reason="looks for the process by signal")
@pytest.mark.parametrize("body", ["send(id=ident, result=1)\nwhile True: sys.stdin.buffer.read(1)", "sys.exit(0)"])
async def test_no_process_stays_behind(body: str) -> None:
    async with server(body, patience=0.2) as client:
        pid = client.pid
        await asyncio.gather(client.request("go"), return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_messages_are_read_in_pieces_of_any_size() -> None:
    whole = frame({"method": "a"}) + frame({"method": "é"})
    for size in (1, 7, len(whole)):
        stream = asyncio.StreamReader()
        for at in range(0, len(whole), size):
            stream.feed_data(whole[at : at + size])
        stream.feed_eof()
        read = [await read_message(stream), await read_message(stream), await read_message(stream)]
        assert read == [{"jsonrpc": "2.0", "method": "a"}, {"jsonrpc": "2.0", "method": "é"}, None]


def test_a_source_tree_is_on_the_servers_path() -> None:
    home = str(Path(server_process.__file__).resolve().parents[2])
    if Path(home).name != "site-packages":
        assert server_environ({"PYTHONPATH": "/mine"})["PYTHONPATH"] == os.pathsep.join(["/mine", home])
