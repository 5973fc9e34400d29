"""The command line itself: its flags, its speed to start, and the server it starts."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import devstral_ls
from devstral_ls.cli.client import LanguageClient, RequestFailed, frame, read_message
from devstral_ls.cli.handshake import initialize_params
from devstral_ls.cli.main import address, main
from devstral_ls.cli.server_process import server_command

from .running import environ, run, start


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environ(tmp_path)


async def refuse(method: str, params: Any) -> Any:
    raise RequestFailed(-32601, method)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"devstral-ls {devstral_ls.__version__}\n"


@pytest.mark.parametrize(
    "wrong",
    [[], ["fly"], ["serve", "--tcp", "80"], ["serve", "--log-level", "loud"], ["ask"], ["demo", "--manner", "gpt"]],
)
def test_a_wrong_flag_is_one_line_that_says_where_help_is(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(wrong)
    said = capsys.readouterr()
    assert left.value.code == 2
    assert said.out == ""
    assert re.fullmatch(r"devstral-ls.*: .+ \(see `devstral-ls.* --help`\)\n", said.err)


def test_an_address_is_a_host_and_a_port() -> None:
    assert address("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert address("[::1]:0") == ("::1", 0)
    assert address(":9") == ("127.0.0.1", 9)
    for wrong in ("localhost", "localhost:", "localhost:70000", "localhost:x"):
        with pytest.raises(argparse.ArgumentTypeError):
            address(wrong)


async def test_nothing_heavy_is_imported_before_it_is_known_what_runs(env: dict[str, str]) -> None:
    code = "import sys, devstral_ls.cli.main; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=env, stdout=asyncio.subprocess.PIPE)
    loaded = {name.partition(".")[0] for name in (await process.communicate())[0].decode().split()}
    assert "argparse" in loaded
    assert not loaded & {"rich", "pygls", "lsprotocol", "openai", "httpx2", "watchdog", "asyncio"}


async def test_serve_speaks_the_protocol_on_stdio_and_logs_to_a_file(tmp_path: Path, env: dict[str, str]) -> None:
    # `--stdio` and `--clientProcessId` are what editors' libraries add by themselves.
    log = tmp_path / "server.log"
    command = [*server_command(), "--stdio", "--clientProcessId=1", "--log-level", "debug", "--log-file", str(log)]
    async with LanguageClient.started(command, refuse, lambda *_: None, env) as client:
        told = await client.request("initialize", initialize_params(tmp_path, {"llm": {"apiKey": "very-secret"}}))
        client.notify("initialized", {})
        status = await client.request("workspace/executeCommand", {"command": "devstral.status", "arguments": []})
    assert told["serverInfo"]["name"] == "devstral-ls"
    assert status["version"] == devstral_ls.__version__
    assert log.exists()
    assert "very-secret" not in log.read_text()


async def test_serve_takes_one_client_over_tcp(tmp_path: Path, env: dict[str, str]) -> None:
    process = await start("serve", "--tcp", "127.0.0.1:0", cwd=tmp_path, env=env)
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    found = re.fullmatch(r"devstral-ls listens on 127\.0\.0\.1:(\d+)\n", line)
    assert found is not None, line
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))

    async def ask(ident: int, method: str, params: Any = None) -> Any:
        writer.write(frame({"id": ident, "method": method, "params": params}))
        while (message := await read_message(reader)) is not None:
            if message.get("id") == ident:
                return message["result"]
        raise AssertionError(f"{method} was not answered")

    assert "capabilities" in await ask(1, "initialize", initialize_params(tmp_path, {}))
    assert await ask(2, "shutdown") is None
    writer.write(frame({"method": "exit"}))
    await reader.read()
    writer.close()
    out, _ = await process.communicate()
    assert (process.returncode, out) == (0, b"")


async def test_a_port_that_is_taken_and_a_log_that_cannot_be_written_are_one_line(
    tmp_path: Path, env: dict[str, str]
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    busy, nowhere = await asyncio.gather(
        run("serve", "--tcp", f"127.0.0.1:{port}", cwd=tmp_path, env=env),
        run("serve", "--log-file", str(tmp_path / "no" / "such" / "folder.log"), cwd=tmp_path, env=env),
    )
    taken.close()
    await taken.wait_closed()
    assert (busy.code, nowhere.code) == (1, 2)
    assert f"127.0.0.1:{port} can't be listened on" in busy.err
    assert "can't be written" in nowhere.err
    assert all(len(each.err.splitlines()) == 1 for each in (busy, nowhere))
