"""What goes wrong is said in one clear line, to whoever can do something about it, and the server goes on."""

from __future__ import annotations

import os
import shutil
import socket
from typing import Any

import pytest

from devstral_ls.scripted import Manner
from tests.doubles.editor import HELIX, NEOVIM, VS_CODE, behaving
from tests.e2e.stage import Files, Json, Stage, Stages, call, command, edit, move_folders, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "def f():\n    return 1\n"}


async def fails(at: Stage, **fields: Any) -> str:
    """The one line a failing run tells its user, the same in each of its three places."""
    answer = await at.run(**fields)
    assert answer["state"] == "failed"
    await at.start(**fields)
    line = await at.told(answer["message"])
    await at.settled()
    assert line == answer["message"] == at.editor.log[-1]
    assert "\n" not in line
    assert "Traceback" not in line
    assert [kind for kind, message in at.editor.messages] == [1]
    assert (await at.status())["state"] == "idle"
    return line


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_no_server_reachable(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("There you are.")]) as at:
        url = f"http://127.0.0.1:{unused_port()}/v1"
        await at.configure({"llm": {"baseUrl": url}})
        line = await fails(at)
        assert url.removesuffix("/v1") in line
        assert "nothing answers" in line
        assert (await at.status())["problem"] == line
        # It is looked for again, so a server that came back is found.
        await at.configure({})
        assert (await at.run())["text"] == "There you are."
        assert (await at.status())["problem"] is None


async def test_a_base_url_that_is_none(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES) as at:
        await at.configure({"llm": {"baseUrl": "ftp://my.server"}})
        assert (await fails(at)).startswith("llm.baseUrl can't be used")


@pytest.mark.parametrize("manner", ["vllm", "ollama", "llama.cpp", "mistral"])
async def test_a_wrong_key(stages: Stages, manner: Manner) -> None:
    settings = {"llm": {"apiKey": "sk-wrong"}}
    async with stages.on(NEOVIM, FILES, settings=settings, manner=manner, api_key="sk-right") as at:
        line = await fails(at)
        assert "refused the key" in line
        assert "sk-" not in line


@pytest.mark.parametrize("manner", ["vllm", "ollama", "mistral"])
async def test_an_unknown_model(stages: Stages, manner: Manner) -> None:
    settings = {"llm": {"model": "devstral-9", "apiKey": "sk-any"}}
    async with stages.on(NEOVIM, FILES, settings=settings, manner=manner) as at:
        line = await fails(at)
        assert "devstral-9" in line
        assert "devstral-small-2" in line


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"status": 500, "body": {"error": {"message": "CUDA error: out of memory"}}}, "CUDA error: out of memory"),
        ({"status": 503, "body": "<html><title>503 Service Unavailable</title></html>"}, "503 Service Unavailable"),
        ({"status": 400, "body": {"error": {"message": "temperature must be 0"}}}, "temperature must be 0"),
        (
            {"status": 400, "body": {"error": {"message": "This model's maximum context length is 4096 tokens."}}},
            "does not fit into the model's context window",
        ),
        ({"status": 302, "headers": {"Location": "http://elsewhere/"}}, "redirects to http://elsewhere/"),
        ({"status": 200, "body": "hello, I am no model server"}, ""),
    ],
    ids=["500", "503 html", "400", "context", "redirect", "no stream"],
)
async def test_a_server_that_refuses(stages: Stages, error: Json, told: str) -> None:
    async with stages.on(NEOVIM, FILES, [{"error": error}], on_exhausted="repeat_last") as at:
        answer = await at.run()
        assert answer["state"] == "failed"
        assert told in answer["message"]
        assert "\n" not in answer["message"]
        assert (await at.status())["state"] == "idle"


async def test_a_busy_server_is_asked_again(stages: Stages) -> None:
    busy = {"status": 429, "body": {"message": "Rate limit exceeded"}, "headers": {"Retry-After": "0.1"}}
    async with stages.on(NEOVIM, FILES, [{"error": busy}, say("Now.")]) as at:
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "Now.")
        assert any("rate limit is reached" in line and "Trying again in" in line for line in at.editor.log)
        assert at.editor.messages == []


async def test_a_server_that_asks_for_too_much_patience_is_not_waited_for(stages: Stages) -> None:
    busy = {"status": 429, "body": {"message": "Rate limit exceeded"}, "headers": {"Retry-After": "3600"}}
    async with stages.on(NEOVIM, FILES, [{"error": busy}]) as at:
        answer = await at.run()
        assert answer["message"].startswith("The server's rate limit is reached; try again in a moment.")
        assert len(at.wire.bodies) == 1


async def test_a_server_that_fails_for_a_moment_is_asked_again(stages: Stages) -> None:
    broken = {"error": {"status": 500, "body": {"error": "upstream crashed"}}}
    async with stages.on(NEOVIM, FILES, [read("app.py"), broken, say("Now.")]) as at:
        assert (await at.run())["text"] == "Now."
        assert at.wire.bodies[1] == at.wire.bodies[2]


async def test_a_reply_that_breaks_off_once_is_asked_for_again(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("I was going to", cut=True), say("Here it is.")]) as at:
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "Here it is.")
        assert any(line.startswith("The model's reply broke off") for line in at.editor.log)


async def test_a_server_that_dies_in_every_reply(stages: Stages) -> None:
    cut = say("I was going to", cut=True)
    turns = [read("app.py"), edit("app.py", "return 1", "return 2"), cut, cut, say("I am back.")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        answer = await at.run()
        assert answer["state"] == "failed"
        assert answer["message"].startswith("The model's reply broke off, twice")
        # What was done before stays, pending, and the conversation goes on from there.
        assert answer["edits"]["proposed"] == [at.uri("app.py")]
        assert len(await at.pending()) == 1
        assert (await at.run(prompt="go on", apply="propose"))["text"] == "I am back."
        assert at.model.requests[-1]["messages"][-2] == {"role": "assistant", "content": "I was going to"}


# ------------------------------------------------------------------------------------ calls the model gets wrong


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (call("open_file", path="app.py"), "There is no tool open_file. The tools are: read_file, write_file,"),
        (call("read_file", path="app.py"), "read_file has no parameter `path`; it is called `file_path`."),
        (call("read_file"), "read_file needs the parameter `file_path`"),
        (call("read_file", file_path=["app.py"]), "read_file: `file_path` must be a string"),
        ({"calls": [{"name": "read_file", "arguments": '{"file_path": app.py'}]}, "not valid JSON"),
        (read("nothing.py"), "nothing.py does not exist."),
        (read("src"), "src is a directory"),
        (read("image.png"), "image.png is no PNG, JPEG, GIF or WebP image. Leave it as it is."),
        (read("data.bin"), "data.bin is a binary file. Leave it as it is."),
        (read("latin.txt"), "latin.txt is not UTF-8 text (byte 1). Leave it as it is."),
        (read("huge.log"), "Search it instead."),
        (edit("image.png", "a", "b"), "image.png is a binary file."),
        (read("/etc/passwd"), "outside"),
        (read("../secret.txt"), "outside"),
        (write("../made.txt", "x"), "outside"),
        (write("way-out/made.txt", "x"), "outside"),
        (read(".git/config"), ".git"),
        (write(".GIT/hooks/pre-commit", "x"), ".GIT"),
        (edit("app.py", "return 1", "return 2"), "Call read_file"),
        (call("grep_search", pattern="("), "regular expression"),
        (call("glob_files", pattern="["), "is not valid"),
        (command(" "), "The command is empty."),
        (call("run_command", command="true", working_directory="app.py"), "app.py is a file"),
    ],
)
async def test_the_model_is_told_what_is_wrong_with_its_call(stages: Stages, made: Json, told: str) -> None:
    files: Files = {
        **FILES,
        "src/x.py": "",
        "image.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "data.bin": b"\x00\x01\x02",
        "latin.txt": "aé".encode("latin-1") + b"\n",
        "../secret.txt": "secret",
        "../elsewhere/x.txt": "x",
        ".git/config": "[core]\n",
    }
    if "huge.log" in str(made):
        files = {"huge.log": b"line\n" * (1 << 20) + b"more than five MiB"}
    async with stages.on(NEOVIM, files, [made, say("I see.")]) as at:
        at.path("way-out").symlink_to(at.folder.parent / "elsewhere")
        answer = await at.run()
        assert (answer["state"], answer["text"]) == ("finished", "I see.")
        (result,) = at.results()
        assert told in result
        assert "secret" not in result.replace("secret.txt", "")
        assert answer["edits"]["proposed"] == []
        assert at.editor.messages == []


async def test_a_file_nobody_may_read(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("I see.")]) as at:
        at.path("app.py").chmod(0)
        try:
            if os.access(at.path("app.py"), os.R_OK):
                pytest.skip("this user may read everything")
            await at.run()
            assert "app.py" in at.results()[0]
            assert "permission" in at.results()[0].lower()
        finally:
            at.path("app.py").chmod(0o644)


async def test_a_model_that_repeats_itself_is_told_and_then_stopped(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("nothing.py")], on_exhausted="repeat_last") as at:
        answer = await at.run()
        assert answer["state"] == "finished"
        assert len(at.wire.bodies) == 5
        assert "This exact call has now given this result 3 times." in at.results()[2]
        assert answer["message"] == "Stopped: read nothing.py was tried 5 times with the same result."
        await at.start(prompt="again")
        await at.told("Devstral: Stopped: read nothing.py was tried 5 times with the same result.")
        await at.ends(2)
        # Logged after the progress has ended.
        await at.editor.settles(lambda: at.editor.log[-1] == "stopped: it got nowhere")


async def test_a_model_that_never_ends_is_stopped(stages: Stages) -> None:
    turns = [call("grep_search", pattern=letter) for letter in "abcdef"]
    async with stages.on(NEOVIM, FILES, turns, settings={"agent": {"maxTurns": 3}}) as at:
        answer = await at.run()
        assert (answer["stopReason"], answer["turns"]) == ("max_turn_requests", 3)
        assert at.editor.log[-1] == "stopped: too many turns (agent.maxTurns)"


async def test_a_denied_command_is_not_run_and_the_model_is_told(stages: Stages) -> None:
    async with stages.on(behaving(NEOVIM, picks=("Deny",)), FILES, [command("touch made"), say("I see.")]) as at:
        assert (await at.run())["text"] == "I see."
        assert at.results()[0].startswith("The user did not allow this command.")
        (question,) = at.editor.questions
        assert question["message"].startswith(f"Devstral wants to run in {at.folder}, ")
        assert question["message"].endswith(":\ntouch made")


# ------------------------------------------------------------------------------------------- the editor's side


async def test_a_deleted_workspace_folder(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES) as at:
        shutil.rmtree(at.folder)
        at.disk.clear()
        params = {"command": "devstral.ask", "arguments": ["anything"]}
        error = (await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params)))["error"]
        assert error == {
            "code": -32803,
            "message": f"The workspace folder {at.folder} is not there any more: open another folder.",
        }
        assert (await at.status())["state"] == "idle"


async def test_a_workspace_folder_that_is_deleted_during_a_run(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), read("app.py"), say("I see.")]) as at:
        at.wire.hold(2)
        await at.start()
        await at.wire.asked(2)
        shutil.rmtree(at.folder)
        at.disk.clear()
        await at.wire.release()
        await at.ends()
        assert "open an existing folder" in await at.told(str(at.folder))


async def test_without_a_folder_and_without_a_file_there_is_nothing_to_work_on(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [read("app.py"), say("Found.")]) as at:
        move_folders(at.editor, removed=[at.folder])
        params = {"command": "devstral.ask", "arguments": [{"prompt": "x", "textDocument": {"uri": "untitled:1"}}]}
        error = (await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params)))["error"]
        assert error["message"].startswith("Open a folder or save the file first")
        # A file's own directory will do.
        await at.run(textDocument={"uri": at.uri("app.py")})
        assert "return 1" in at.results()[0]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"command": "devstral.fly"}, -32602),
        ({"command": "devstral.ask", "arguments": [{"promt": "x"}]}, -32602),
        ({"command": "devstral.ask", "arguments": [["x"]]}, -32602),
        ({"command": "devstral.ask", "arguments": ["x", "y", {}, "z"]}, -32602),
        ({"command": "devstral.ask", "arguments": [{"prompt": "x", "range": {"start": {"line": "1"}}}]}, -32602),
        ({"command": "devstral.ask", "arguments": [{"prompt": "x", "images": "x"}]}, -32602),
        ({"command": "devstral.edit", "arguments": [{"prompt": "x", "scope": "world"}]}, -32602),
        ({"command": "devstral.showTranscript", "arguments": [{"sessionId": "x"}]}, -32803),
        ({"arguments": []}, -32602),
        ([], -32602),
    ],
)
async def test_wrong_commands_are_refused_in_one_line(stages: Stages, params: Any, code: int) -> None:
    async with stages.on(VS_CODE, FILES, [say("Still here.")]) as at:
        answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
        assert answer["error"]["code"] == code
        assert len(answer["error"]["message"].splitlines()) == 1
        assert (await at.run())["text"] == "Still here."


async def test_bytes_that_are_no_protocol_are_survived(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, [say("Still here.")]) as at:
        at.wire.hold()
        await at.start()
        await at.wire.asked(1)
        server = at.editor.server
        server.write(b"Content-Length: 5\r\n\r\n{{{{{")
        server.write(b"Content-Type: x\r\n\r\n")
        server.write(b"Content-Length: 3\r\n\r\n\xff\xfe\xfd")
        server.notify("textDocument/didChange", {"textDocument": {"uri": 1}})
        server.send({"jsonrpc": "2.0", "id": "nobody's", "result": {}})
        server.send([])
        await at.settled()
        await at.wire.release()
        await at.ends()
        errors = [message["error"]["code"] for message in server.received if "error" in message]
        assert errors == [-32700, -32700, -32700, -32600]
        assert at.editor.messages == []
        # What cannot be understood may be logged, for whoever looks for it.
        server.stderr = b""
