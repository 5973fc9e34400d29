"""`devstral-ls ask` from the outside: what it prints, writes and returns."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from devstral_ls.cli.question import parse_file
from devstral_ls.cli.streams import Stopped
from devstral_ls.execution.ladder import find_bwrap
from devstral_ls.scripted import Script, ScriptedServer
from devstral_ls.storage.checks import CheckAnswer, CheckAnswers
from devstral_ls.storage.transcript import state_folder
from tests.llm.pictures import png

from .running import Ran, call, ended, environ, run, script, start

BEFORE = b"def add(a, b):\r\n    return a - b\r\n\r\n\r\nprint(add(1, 2))"
AFTER = BEFORE.replace(b"a - b", b"a + b")

FIX = script(
    {"text": "I'll look.", "calls": [call("read_file", file_path="calc.py")]},
    {"calls": [call("edit_file", file_path="calc.py", old_string="return a - b", new_string="return a + b")]},
    {"text": "It subtracted.", "usage": [1200, 34]},
)
TWO_FILES = script(
    {"calls": [call("read_file", file_path="calc.py")]},
    {
        "calls": [
            call("edit_file", file_path="calc.py", old_string="return a - b", new_string="return a + b"),
            call(
                "write_file", file_path="tests/test_calc.py", content="from calc import add\n\nassert add(1, 2) == 3\n"
            ),
        ]
    },
    {"text": "Done."},
)
COMMAND = script(
    {"calls": [call("run_command", command="echo it ran")]},
    {"text": "That was all."},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "calc.py").write_bytes(BEFORE)
    return folder


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return environ(home)


def left_over(server: ScriptedServer) -> list[str]:
    """Command lines of processes that know this server's address and were not ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = (process / "environ").read_bytes()
        except OSError:
            continue
        if "devstral_ls" in line and f"DEVSTRAL_LS_BASE_URL={server.base_url}".encode() in parent.split(b"\0"):
            found.append(line)
    return found


async def test_apply_writes_the_edit_with_the_files_own_line_endings(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(FIX) as model:
        ran = await run(
            *("ask", "fix add", "--apply", "--file", "calc.py:1-2", "--base-url", model.base_url), cwd=project, env=env
        )
        prompt = json.dumps(model.requests[0]["messages"][-1])
    assert (project / "calc.py").read_bytes() == AFTER
    assert ran.code == 0
    assert ran.out == "I'll look.\nIt subtracted.\n"
    assert "applied to calc.py" in ran.err
    assert "1 file, +1 -1" in ran.err
    assert "fix add" in prompt
    assert "return a - b" in prompt
    assert "print(add(1, 2))" not in prompt


CI = script(
    {"calls": [call("read_file", file_path="calc.py")]},
    {
        "calls": [
            call("edit_file", file_path="calc.py", old_string="return a - b", new_string="return a + b"),
            call("write_file", file_path=".github/workflows/ci.yml", content="on: push\n"),
        ]
    },
    {"text": "Done."},
)


@pytest.mark.parametrize(("flag", "code"), [("--apply", 3), ("--apply-all", 0)])
async def test_what_a_build_server_runs_is_written_only_when_that_was_said(
    project: Path, env: dict[str, str], flag: str, code: int
) -> None:
    with ScriptedServer(CI) as model:
        ran = await run("ask", "fix add", flag, "--base-url", model.base_url, cwd=project, env=env)
    assert (project / "calc.py").read_bytes() == AFTER
    assert (project / ".github/workflows/ci.yml").exists() is (flag == "--apply-all")
    assert ran.code == code
    assert ("not written: .github/workflows/ci.yml" in ran.err) is (flag == "--apply")


async def test_json_tells_everything_about_the_run_and_applies_nothing(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(FIX) as model:
        ran = await run("ask", "-", "--json", "--base-url", model.base_url, cwd=project, env=env, stdin=b"fix add\n")
        assert "fix add" in json.dumps(model.requests[0]["messages"][-1])
    told = json.loads(ran.out)
    assert ran.code == 0
    assert (told["state"], told["stopReason"], told["error"]) == ("finished", "end_turn", None)
    assert told["text"] == "It subtracted."
    assert told["usage"]["promptTokens"] >= 1200
    assert told["usage"]["completionTokens"] >= 34
    assert [(each["name"], each["ok"]) for each in told["toolCalls"]] == [("read_file", True), ("edit_file", True)]
    assert [(each["path"], each["kind"], each["added"], each["removed"]) for each in told["edits"]] == [
        ("calc.py", "edit", 1, 1)
    ]
    assert "+    return a + b\r\n" in told["diff"]
    assert told["applied"] == []
    assert (project / "calc.py").read_bytes() == BEFORE


async def test_the_diff_can_be_piped_to_git_apply(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(TWO_FILES) as model:
        ran = await run("ask", "fix add", "--diff", "--base-url", model.base_url, cwd=project, env=env)
    assert ran.code == 0
    apply = ["git", "apply", "-"]
    await asyncio.to_thread(subprocess.run, apply, cwd=project, input=ran.out.encode(), check=True)
    assert (project / "calc.py").read_bytes() == AFTER
    assert (project / "tests" / "test_calc.py").read_text() == "from calc import add\n\nassert add(1, 2) == 3\n"


async def test_without_flags_and_terminal_the_diff_is_shown_and_nothing_is_written(
    project: Path, env: dict[str, str]
) -> None:
    with ScriptedServer(TWO_FILES) as model:
        ran = await run("ask", "fix add", cwd=project, env={**env, "DEVSTRAL_LS_BASE_URL": model.base_url})
    assert ran.code == 0
    assert ran.out.startswith("Done.\n--- a/calc.py\n")
    assert "nothing was applied; --apply writes the edits" in ran.err
    assert "2 files, +4 -1" in ran.err
    assert (project / "calc.py").read_bytes() == BEFORE
    assert not (project / "tests").exists()


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_command_runs_only_when_it_was_allowed(project: Path, env: dict[str, str], allowed: bool) -> None:
    flags = ["--allow-commands"] if allowed else []
    with ScriptedServer(COMMAND) as model:
        ran = await run("ask", "run it", "--json", *flags, "--base-url", model.base_url, cwd=project, env=env)
    told = json.loads(ran.out)
    assert ran.code == 0
    assert told["toolCalls"][0]["ok"] is allowed
    assert ("it ran" in told["toolCalls"][0]["output"]) is allowed
    assert told["deniedCommands"] == ([] if allowed else ["echo it ran"])
    assert ("1 command was denied" in ran.err) is not allowed


ALLOWED = ["echo it ran", "echo  with\tblanks", "ls", "true && echo a part", "echo", "echo *", "echo it ran twice"]
TRIED = {
    "echo it ran": True,
    "echo with blanks": True,
    "echo a part": True,
    "echo something": False,
    "echo it": False,
    "echo it ran thrice": False,
}


async def test_exactly_what_was_allowed_runs(project: Path, env: dict[str, str]) -> None:
    commands = script({"calls": [call("run_command", command=line) for line in TRIED]}, {"text": "That was all."})
    flags = [f"--allow={command}" for command in ALLOWED]
    with ScriptedServer(commands) as model:
        ran = await run("ask", "run it", "--json", *flags, "--base-url", model.base_url, cwd=project, env=env)
    told = json.loads(ran.out)
    outputs = [made["output"] for made in told["toolCalls"]]
    assert [
        line.removeprefix("echo ") in output.splitlines() for line, output in zip(TRIED, outputs, strict=True)
    ] == list(TRIED.values())
    assert told["deniedCommands"] == [line for line, runs in TRIED.items() if not runs]
    assert "--allow COMMAND allows one, --allow-commands all." in ran.err


@pytest.mark.parametrize(
    ("flags", "runs"), [(["--allow-commands"], True), (["--allow", "print(6*7)"], False), (["--allow", "true"], False)]
)
async def test_python_is_allowed_with_all_commands_and_by_no_single_one(
    project: Path, env: dict[str, str], flags: list[str], runs: bool
) -> None:
    with ScriptedServer(script({"calls": [call("exec_python", code="print(6*7)")]}, {"text": "Done."})) as model:
        ran = await run("ask", "run it", "--json", *flags, "--base-url", model.base_url, cwd=project, env=env)
    told = json.loads(ran.out)
    assert ("42" in told["toolCalls"][0]["output"]) is runs
    assert len(told["deniedCommands"]) == (not runs)


async def test_nothing_can_not_be_allowed(project: Path, env: dict[str, str]) -> None:
    ran = await run("ask", "run it", "--allow", " ", cwd=project, env=env)
    assert ran.code == 2
    assert "must be a command" in ran.last


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes there")
async def test_ctrl_c_cancels_the_run_and_leaves_no_process(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script({"text": "I am thinking about", "hang": True})) as model:
        known = {**env, "DEVSTRAL_LS_BASE_URL": model.base_url}
        process = await start("ask", "think", cwd=project, env=known)
        assert await asyncio.to_thread(model.await_requests, 1)
        process.send_signal(signal.SIGINT)
        ran = await ended(process)
        assert await asyncio.to_thread(model.await_disconnects, 1)
        assert left_over(model) == []
    assert ran.code == 130
    assert ran.last == "devstral-ls: interrupted."


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes there")
async def test_a_reader_that_leaves_ends_the_run_quietly(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(script({"text": "word " * 400, "delay": 0.001, "hang": True})) as model:
        known = {**env, "DEVSTRAL_LS_BASE_URL": model.base_url}
        reading, writing = os.pipe()
        process = await start("ask", "talk", cwd=project, env=known, stdout=writing)
        os.close(writing)
        assert await asyncio.to_thread(os.read, reading, 5) == b"word "
        os.close(reading)
        ran = await ended(process)
        assert ran.code == 130
        assert await asyncio.to_thread(model.await_disconnects, 1)
        assert left_over(model) == []
    assert "Traceback" not in ran.err
    assert "Exception" not in ran.err


async def test_what_keeps_a_run_from_working_is_one_line(project: Path, env: dict[str, str]) -> None:
    with ScriptedServer(FIX, api_key="right") as model, ScriptedServer(script(), "ollama") as gone:
        nowhere = gone.base_url
        gone.stop()

        async def ask(*arguments: str, **more: str) -> Ran:
            return await run("ask", *arguments, cwd=project, env={**env, **more}, stdin=b" \n")

        ran = await asyncio.gather(
            ask("x", "--base-url", model.base_url, DEVSTRAL_LS_API_KEY="wrong-key"),
            ask("x", "--base-url", nowhere),
            ask("x", "--file", "missing.py"),
            ask("x", "--file", "calc.py:3-2"),
            ask("x", "--file", "../outside.py"),
            ask("x", "--workspace", "nowhere"),
            ask(" "),
            ask("-"),
            ask("x", "--apply", "--diff"),
        )
    assert [each.code for each in ran] == [1, 1, 2, 2, 2, 2, 2, 4, 2]
    assert all(each.out == "" for each in ran)
    assert all("Traceback" not in each.err for each in ran)
    assert "key" in ran[0].last
    assert "wrong-key" not in ran[0].err
    assert nowhere in ran[1].last
    assert "missing.py is not a file" in ran[2].last
    assert [len(each.err.strip().splitlines()) for each in ran[2:]] == [1] * 7


async def test_a_failed_run_is_an_exit_code_and_an_error_in_json(project: Path, env: dict[str, str]) -> None:
    broken = script({"error": {"status": 400, "body": {"error": {"message": "no such thing"}}}})
    with ScriptedServer(broken) as model:
        ran = await run("ask", "x", "--json", "--base-url", model.base_url, cwd=project, env=env)
    told = json.loads(ran.out)
    assert ran.code == 1
    assert told["state"] == "failed"
    assert "no such thing" in told["error"]
    assert told["error"] in ran.last


def test_a_file_is_given_with_or_without_lines(tmp_path: Path) -> None:
    assert parse_file("src/a.py") == (Path("src/a.py"), None)
    assert parse_file("src/a.py:7") == (Path("src/a.py"), (7, 7))
    assert parse_file("C:\\src\\a.py:7-9") == (Path("C:\\src\\a.py"), (7, 9))
    odd = tmp_path / "a.py:3"
    if os.name != "nt":
        odd.write_text("")
        assert parse_file(str(odd)) == (odd, None)
    for wrong in ("a.py:0", "a.py:5-4"):
        with pytest.raises(Stopped):
            parse_file(wrong)


async def test_images_from_anywhere_are_shown_to_the_model(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    elsewhere = tmp_path / "shot 1.png"
    elsewhere.write_bytes(png(40, 30))
    (project / "small.png").write_bytes(png(2, 2))
    with ScriptedServer(script({"text": "Red."})) as model:
        flags = ("--image", str(elsewhere), "--image", "small.png", "--base-url", model.base_url)
        ran = await run("ask", "what is it?", *flags, cwd=project, env=env)
        content = model.requests[0]["messages"][-1]["content"]
    assert (ran.code, ran.out.strip()) == (0, "Red.")
    shown = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    assert shown == ["data:image/png;base64," + base64.b64encode(image).decode() for image in (png(40, 30), png(2, 2))]


async def test_an_image_that_is_none_is_said_before_anything_is_started(
    project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.write(png(2, 2))
        file.truncate(20 * 1024 * 1024 + 1)
    cases = {
        "none.png": "none.png can't be read: No such file or directory; --image takes an image file.",
        str(tmp_path): f"{tmp_path} can't be read: Is a directory; --image takes an image file.",
        "calc.py": "calc.py is no PNG, JPEG, GIF or WebP image; --image takes one.",
        str(large): f"{large} is larger than 20 MiB; --image takes a smaller one.",
    }
    for given, said in cases.items():
        ran = await run("ask", "what is it?", "--image", given, cwd=project, env=env)
        assert (ran.code, ran.out, ran.err) == (2, "", f"devstral-ls: {said}\n")


async def test_a_model_without_vision_is_shown_no_image(project: Path, env: dict[str, str]) -> None:
    (project / "small.png").write_bytes(png(2, 2))
    with ScriptedServer(Script.parse({"turns": [], "model": "devstral-small-2507"})) as model:
        flags = ("--image", "small.png", "--base-url", model.base_url)
        ran = await run("ask", "what is it?", *flags, cwd=project, env=env)
        assert model.requests == []
    assert ran.code == 1
    assert "choose a model with vision such as devstral-small-2: the model devstral-small-2507 can't see" in ran.last


CHECKED = {"adding.py": "from calc import add\nassert add(1, 2) == 3, 'wrong sum'\nprint('sums are right')\n"}
WRONG_THEN_RIGHT = script(
    {"calls": [call("read_file", file_path="calc.py")]},
    {"calls": [call("edit_file", file_path="calc.py", old_string="return a - b", new_string="return a * b")]},
    {"text": "Done."},
    {"calls": [call("edit_file", file_path="calc.py", old_string="return a * b", new_string="return a + b")]},
    {"text": "Mended."},
)


@pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap")
async def test_a_check_of_the_command_line_is_run_and_the_model_mends_what_fails(
    project: Path, env: dict[str, str]
) -> None:
    (project / "adding.py").write_text(CHECKED["adding.py"])
    flags = ("--apply", "--check", "python3 adding.py")
    with ScriptedServer(WRONG_THEN_RIGHT) as model:
        ran = await run("ask", "fix add", *flags, "--base-url", model.base_url, cwd=project, env=env)
        told = json.dumps(model.requests[3]["messages"][-1])
    assert ran.code == 0, ran.err
    assert "wrong sum" in told
    assert (project / "calc.py").read_bytes() == AFTER
    lines = [line for line in ran.err.splitlines() if "check" in line]
    assert [line.split(" ", 1)[1] for line in lines[:2]] == [
        "check python3 adding.py  check failed (exit code 1)",
        "check python3 adding.py  check passed",
    ]
    assert lines[2] == "1 file, +1 -1, check passed"


async def test_a_check_of_the_command_line_runs_without_a_sandbox_too(project: Path, env: dict[str, str]) -> None:
    off = {**env, "DEVSTRAL_LS_SANDBOX": "off"}
    with ScriptedServer(FIX) as model:
        flags = ("--json", "--check", "echo 3 passed in 0.1s")
        ran = await run("ask", "fix add", *flags, "--base-url", model.base_url, cwd=project, env=off)
    told = json.loads(ran.out)
    assert told["note"] == "3 tests pass"
    assert [(each["command"], each["passed"], each["summary"]) for each in told["checks"]] == [
        ("echo 3 passed in 0.1s", True, "3 tests pass")
    ]
    assert told["deniedCommands"] == []


@pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap")
async def test_a_terminal_runs_no_check_by_itself_but_one_that_was_confirmed(
    project: Path, env: dict[str, str]
) -> None:
    (project / "Makefile").write_text("test:\n\t@echo 5 passed in 0.1s\n")

    async def note(*flags: str) -> str:
        with ScriptedServer(FIX) as model:
            ran = await run("ask", "fix add", "--json", *flags, "--base-url", model.base_url, cwd=project, env=env)
        return str(json.loads(ran.out)["note"])

    assert await note() == ""
    CheckAnswers(state_folder(env)).add(project, CheckAnswer("make test", runs=True, since="x"))
    assert await note() == "5 tests pass"
    assert await note("--no-check") == ""
    ran = await run("approvals", cwd=project, env=env)
    assert ran.out == "1. make test  (checks Devstral's edits)\n"
    ran = await run("approvals", "--revoke", "make test", cwd=project, env=env)
    assert CheckAnswers(state_folder(env)).of(project) == []
