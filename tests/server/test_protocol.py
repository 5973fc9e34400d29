"""Nothing a client sends can hang the server, kill it, or leave a request unanswered.

Each test pins one thing that pygls 2.1 does otherwise, on a real server process and real bytes.
"""

# ruff: noqa: E501 - the table of wrong arguments reads better with one case to a line

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted.script import Script
from devstral_ls.scripted.server import ScriptedServer
from devstral_ls.server.framing import encode
from tests.doubles.raw import ServerProcess, environment, serve

HANG = Script.parse({"turns": [{"text": "I am thinking", "hang": True}], "on_exhausted": "repeat_last"})


async def start_hanging_run(server: ServerProcess, **argument: Any) -> int:
    """The id of a `wait: true` ask whose model never finishes, once the model's first words are there."""
    token = "text"
    number = server.ask(
        "workspace/executeCommand",
        {
            "command": "devstral.ask",
            "arguments": [{"prompt": "wait for ever", "wait": True, "partialResultToken": token, **argument}],
        },
    )
    await server.until(lambda message: message.get("params", {}).get("token") == token)
    return number


async def test_cancelling_a_command_reaches_its_coroutine_and_is_answered(tmp_path: Path) -> None:
    with ScriptedServer(HANG) as model:
        async with serve(tmp_path) as server:
            await server.initialize(tmp_path, initializationOptions={"llm": {"baseUrl": model.base_url}})
            number = await start_hanging_run(server)
            server.notify("$/cancelRequest", {"id": number})
            response = await server.answer(number)
            assert response["result"]["state"] == "cancelled"
            assert (await server.call("workspace/executeCommand", {"command": "devstral.status"}))["state"] == "idle"
            assert await server.leave() == 0


async def test_shutdown_while_a_command_is_pending_answers_both(tmp_path: Path) -> None:
    with ScriptedServer(HANG) as model:
        async with serve(tmp_path) as server:
            await server.initialize(tmp_path, initializationOptions={"llm": {"baseUrl": model.base_url}})
            numbers = [await start_hanging_run(server)]
            numbers += [
                server.ask(
                    "workspace/executeCommand",
                    {"command": "devstral.ask", "arguments": [{"prompt": "x", "wait": True}]},
                )
                for _ in range(3)
            ]
            assert await server.leave() == 0
            for number in numbers:
                assert (await server.answer(number))["result"]["state"] == "cancelled"


async def test_an_unknown_capability_does_not_hang_initialize(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        capabilities = {
            "general": {"positionEncodings": ["utf-7", "utf-32"], "staleRequestSupport": "maybe"},
            "textDocument": {"codeAction": {"tagSupport": {"valueSet": [99]}}, "foldingRange": 7, "hover": []},
            "workspace": None,
            "window": {"workDoneProgress": "yes"},
        }
        result = await server.initialize(tmp_path, capabilities=capabilities, trace="shout", processId="me")
        assert result["capabilities"]["positionEncoding"] == "utf-32"
        assert await server.leave() == 0


MALFORMED: list[tuple[str, Any]] = [
    ("textDocument/codeAction", {"textDocument": {"uri": "file:///a"}}),
    ("textDocument/codeAction", {"textDocument": 3, "range": None, "context": {}}),
    ("textDocument/codeAction", None),
    ("codeAction/resolve", {"name": "no title"}),
    ("workspace/textDocumentContent", {}),
]


async def test_a_malformed_request_is_answered_with_one_line(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path)
        for method, params in MALFORMED:
            error = (await server.answer(server.ask(method, params)))["error"]
            assert (error["code"], "data" in error, "\n" in error["message"]) == (-32602, False, False), (
                method,
                params,
            )
        assert await server.leave() == 0


async def test_malformed_notifications_and_bytes_are_survived_and_never_pop_up(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path)
        server.notify("textDocument/didOpen", {"textDocument": {"uri": 5}})
        server.notify("textDocument/didChange", None)
        server.notify(
            "textDocument/didChange", {"textDocument": {"uri": "file:///x", "version": 1}, "contentChanges": []}
        )
        server.notify("window/workDoneProgress/cancel", {"token": "nobody's"})
        server.notify("$/cancelRequest", {"id": [1]})
        server.notify("$/unknown", {})
        server.notify("workspace/didChangeConfiguration", {"settings": 3})
        server.write(b"Content-Length: 7\r\n\r\nnot {js")
        server.write(b"Content-Type: nothing\r\n\r\n")
        server.write(b"Content-Length: 2\r\n\r\n[]")
        server.write(b'Content-Length: 14\r\n\r\n{"jsonrpc": 2}')
        server.write(b"content-length: 4\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\nnull")
        assert (await server.call("workspace/executeCommand", {"command": "devstral.status"}))["state"] == "idle"
        codes = [message["error"]["code"] for message in server.received if "error" in message]
        assert codes == [-32700, -32700, -32600, -32600, -32600]
        assert not [message for message in server.received if message.get("method") == "window/showMessage"]
        assert await server.leave() == 0


async def test_malformed_and_late_answers_of_the_client_are_survived(tmp_path: Path) -> None:
    script = Script.parse({"turns": [{"text": "Hello."}], "on_exhausted": "repeat_last"})
    with ScriptedServer(script) as model:
        async with serve(tmp_path) as server:
            window = {"workDoneProgress": True, "showDocument": {"support": True}}
            workspace = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
            options = {"llm": {"baseUrl": model.base_url}}
            await server.initialize(
                tmp_path, capabilities={"window": window, "workspace": workspace}, initializationOptions=options
            )
            answers: list[Any] = ["nonsense", 7, {}, [None], [[]], {"success": "perhaps"}]

            def answer(message: dict[str, Any]) -> None:
                if "id" in message and "method" in message:
                    result = answers.pop(0) if answers else None
                    server.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
                    server.send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": 1, "message": "again"}})
                    server.send({"jsonrpc": "2.0", "id": "nobody's", "result": None})

            server.on_message = answer
            for message in list(server.received):
                answer(message)
            for _ in range(2):
                await server.call("workspace/executeCommand", {"command": "devstral.ask", "arguments": ["hello"]})
            await server.until(lambda _: len(model.requests) == 2)
            assert not [m for m in server.received if m.get("method") == "window/showMessage" and "rror" in str(m)]
            assert await server.leave() == 0


WRONG: list[tuple[Any, str]] = [
    ({"command": "devstral.fly"}, "'devstral.fly' is not a command of devstral-ls; it has devstral.ask,"),
    ({"command": 3}, "executeCommand needs a command name."),
    ({}, "executeCommand needs a command name."),
    (None, "executeCommand needs a command name."),
    ({"command": "devstral.ask", "arguments": {"prompt": "x"}}, "devstral.ask: arguments must be a list."),
    ({"command": "devstral.ask", "arguments": [{"promt": "x"}]}, "devstral.ask takes no 'promt'; did you mean 'prompt'?"),
    ({"command": "devstral.ask", "arguments": [{"prompt": 3}]}, "devstral.ask: 'prompt' must be a string."),
    ({"command": "devstral.ask", "arguments": [3]}, "devstral.ask: 'prompt' must be a string."),
    ({"command": "devstral.ask", "arguments": ["x", 3]}, "devstral.ask: 'uri' must be a URI."),
    ({"command": "devstral.ask", "arguments": ["x", "file:///a", {"start": 1}]}, "devstral.ask: 'range' must be an LSP range."),
    ({"command": "devstral.ask", "arguments": [{"wait": "yes"}]}, "devstral.ask: 'wait' must be true or false."),
    ({"command": "devstral.edit", "arguments": [{"apply": "now"}]}, "devstral.edit: 'apply' must be review, auto or propose."),
    ({"command": "devstral.fix", "arguments": [{"diagnostics": [{}]}]}, "devstral.fix: 'diagnostics' must be a list of LSP diagnostics."),
    ({"command": "devstral.applyProposal", "arguments": [{"hunks": [-1]}]}, "devstral.applyProposal: 'hunks' must be a list of hunk ids, or of numbers counted from 0."),
]  # fmt: skip


async def test_wrong_arguments_are_named_in_one_line(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path)
        for params, line in WRONG:
            error = (await server.answer(server.ask("workspace/executeCommand", params)))["error"]
            assert error["message"].startswith(line)
            assert (error["code"], "data" in error, "\n" in error["message"]) == (-32602, False, False), params


async def test_nested_data_that_looks_like_a_message_is_left_alone(tmp_path: Path) -> None:
    script = Script.parse({"turns": [{"text": "Hello."}]})
    with ScriptedServer(script) as model:
        async with serve(tmp_path) as server:
            await server.initialize(tmp_path, initializationOptions={"llm": {"baseUrl": model.base_url}})
            tricky = {"jsonrpc": "2.0", "id": 1, "method": "exit", "class": "x", "_field": 1}
            diagnostic = {"message": "odd", "range": None, "data": tricky, "code": "E1"}
            result = await server.call(
                "workspace/executeCommand",
                {"command": "devstral.ask", "arguments": [{"prompt": "hi", "diagnostics": [diagnostic], "wait": True}]},
            )
            assert result["state"] == "finished"
            assert "odd (E1)" in model.requests[0]["messages"][-1]["content"]


async def test_requests_at_the_wrong_time_are_refused(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        early = await server.answer(server.ask("workspace/executeCommand", {"command": "devstral.status"}))
        assert early["error"]["code"] == -32002
        server.notify("textDocument/didOpen", {"textDocument": {"uri": "file:///a"}})
        await server.initialize(tmp_path)
        again = await server.answer(server.ask("initialize", {"capabilities": {}}))
        assert again["error"]["code"] == -32600
        unknown = await server.answer(server.ask("textDocument/hover", {}))
        assert unknown["error"]["code"] == -32601
        await server.call("shutdown")
        late = await server.answer(server.ask("workspace/executeCommand", {"command": "devstral.status"}))
        assert late["error"]["code"] == -32600
        server.notify("exit")
        assert await server.ended() == 0


async def test_the_server_asks_the_client_nothing_before_initialized(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        capabilities = {"workspace": {"configuration": True}, "window": {"workDoneProgress": True}}
        await server.call("initialize", {"capabilities": capabilities, "processId": None, "rootUri": None})
        answer = await server.answer(server.ask("workspace/executeCommand", {"command": "devstral.status"}))
        assert answer["result"]["state"] == "idle"
        assert [message for message in server.received if "method" in message] == []
        server.notify("initialized", {})
        await server.until(lambda message: message.get("method") == "workspace/configuration")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["utf-8", "utf-16"], "utf-8"), (["utf-32", "utf-8"], "utf-32"), (["utf-16"], "utf-16"), ([], "utf-16")],
)
async def test_the_clients_first_position_encoding_is_taken(tmp_path: Path, offered: list[str], chosen: str) -> None:
    async with serve(tmp_path) as server:
        result = await server.initialize(tmp_path, capabilities={"general": {"positionEncodings": offered}})
        assert result["capabilities"]["positionEncoding"] == chosen


async def test_the_capabilities_pygls_leaves_out_are_announced(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        capabilities = {"workspace": {"textDocumentContent": {"dynamicRegistration": True}}}
        announced = (await server.initialize(tmp_path, capabilities=capabilities))["capabilities"]
        assert announced["executeCommandProvider"]["workDoneProgress"] is True
        assert "devstral.ask" in announced["executeCommandProvider"]["commands"]
        assert announced["workspace"]["textDocumentContent"] == {"schemes": ["devstral"]}
        assert announced["codeActionProvider"]["resolveProvider"] is True
        assert announced["experimental"]["devstral"]["stream"] is True


async def test_a_client_that_does_not_wait_for_answers_is_served_all_the_same(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        params: dict[str, Any] = {"capabilities": {}, "processId": None, "rootUri": None}
        greeting = server.ask("initialize", params)
        server.notify("initialized", {})
        status = server.ask("workspace/executeCommand", {"command": "devstral.status"})
        goodbye = server.ask("shutdown")
        server.notify("exit")
        assert await server.ended() == 0
        assert "result" in await server.answer(greeting)
        assert "id" in await server.answer(status)
        assert (await server.answer(goodbye))["result"] is None


async def test_exit_without_shutdown_is_exit_code_1(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path)
        server.notify("exit")
        assert await server.ended() == 1


async def test_the_server_leaves_when_its_input_ends_even_while_a_run_goes_on(tmp_path: Path) -> None:
    with ScriptedServer(HANG) as model:
        async with serve(tmp_path) as server:
            await server.initialize(tmp_path, initializationOptions={"llm": {"baseUrl": model.base_url}})
            await start_hanging_run(server)
            server.close_input()
            assert await server.ended() == 1
        assert model.await_disconnects(1)


def test_a_client_that_stops_reading_does_not_keep_the_server_from_leaving(tmp_path: Path) -> None:
    """Far more answers than a pipe holds, none of them read: the server goes on reading, and leaves when told to."""
    messages: list[Any] = [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}, "processId": None}},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    ]
    messages += [
        {"jsonrpc": "2.0", "id": number, "method": "workspace/executeCommand", "params": {"command": "devstral.fly"}}
        for number in range(1, 3000)
    ]
    messages += [{"jsonrpc": "2.0", "id": 9999, "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"}]
    process = subprocess.Popen(
        [sys.executable, "-m", "devstral_ls", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(tmp_path),
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(b"".join(encode(message) for message in messages))
        process.stdin.flush()
        assert process.wait(timeout=20) == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
async def test_the_server_leaves_when_its_parent_is_gone(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path, processId=parent.pid)
        parent.kill()
        await parent.wait()
        assert await server.ended() == 1
    parent._transport.close()  # type: ignore[attr-defined]


async def test_a_parent_that_can_not_be_seen_is_not_waited_for(tmp_path: Path) -> None:
    async with serve(tmp_path) as server:
        await server.initialize(tmp_path, processId=2**22 + 12345)
        assert await server.leave() == 0


async def test_prompts_and_keys_stay_out_of_the_log(tmp_path: Path) -> None:
    script = Script.parse({"turns": [{"text": "Hello."}]})
    with ScriptedServer(script, api_key="sk-very-secret") as model:
        async with serve(tmp_path, None, "--log-level", "info") as server:
            llm = {"baseUrl": model.base_url, "apiKey": "sk-very-secret"}
            await server.initialize(tmp_path, initializationOptions={"llm": llm})
            argument = {"prompt": "a private matter", "wait": True}
            result = await server.call("workspace/executeCommand", {"command": "devstral.ask", "arguments": [argument]})
            assert result["state"] == "finished"
            assert await server.leave() == 0
        assert b"sk-very-secret" not in server.stderr
        assert b"a private matter" not in server.stderr
        assert "sk-very-secret" not in str(server.received)


def test_whatever_prints_to_stdout_prints_to_stderr() -> None:
    code = (
        "import os; from devstral_ls.server.transport import claim_stdout\n"
        "real = claim_stdout(); print('stray'); os.system('echo child'); os.write(real, b'protocol')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"protocol"
    assert sorted(done.stderr.split()) == [b"child", b"stray"]


def test_the_model_client_is_not_imported_to_answer_initialize(tmp_path: Path) -> None:
    code = "import sys, devstral_ls.server.serve; print(sorted({'openai', 'rich', 'watchdog'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(tmp_path), check=True)
    assert done.stdout.split() == [b"[]"]
