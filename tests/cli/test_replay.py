"""`devstral-ls replay`, and the recordings that `--record` leaves for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli.main import main
from devstral_ls.scripted import ScriptedServer
from tests.cli.running import call, environ, run, script

CASES = Path(__file__).parents[1] / "llm" / "wire_cases.json"
HELLO: dict[str, Any] = {
    "id": "hello",
    "tools": [],
    "content": "Hello.",
    "expected": {"text": "Hello.", "tool_calls": [], "finish": "stop"},
}


def written(folder: Path, content: Any) -> Path:
    file = folder / "cases.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_file_whose_cases_are_as_expected_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(CASES)]) == 0
    total = len(json.loads(CASES.read_bytes())["cases"])
    assert capsys.readouterr().out == f"{total} cases, none differ\n"


def test_a_case_that_differs_is_shown_part_by_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = HELLO | {"id": "wrong", "expected": {"text": "Bye.", "tool_calls": [], "finish": "stop", "flags": ["x"]}}
    assert main(["replay", str(written(tmp_path, {"cases": [HELLO, wrong]}))]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "wrong",
        '  flags: expected ["x"], got nothing',
        '  text: expected "Bye.", got "Hello."',
        "2 cases, 1 differs",
    ]


def test_cases_may_stand_by_their_names_and_say_nothing_of_tools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"one": {"content": "Hi."}, "two": {"content": "bash{}", "tools": None}}
    assert main(["replay", str(written(tmp_path, {"cases": cases})), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [(name, reply["text"]) for name, reply in answer.items()] == [("one", "Hi."), ("two", "bash{}")]


def test_half_a_surrogate_pair_in_a_case_is_no_obstacle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = ['data: {"choices": [{"delta": {"content": "a\ud83d"}}]}\n\n']
    assert main(["replay", str(written(tmp_path, [{"id": "half", "stream": stream}]))]) == 0
    assert capsys.readouterr().out == "1 case, none differ\n"


def test_json_gives_every_cases_reply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [HELLO, {"id": "bare", "content": "Hi."}, HELLO | {"id": "wrong", "expected": {}}]
    assert main(["replay", str(written(tmp_path, cases)), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["hello", "bare", "wrong"]
    assert answer["hello"] == HELLO["expected"]
    assert answer["bare"]["text"] == "Hi."


def test_several_files_and_folders_are_replayed_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "recorded"
    folder.mkdir()
    for name, text in (("2", "Bye."), ("1", "Hello.")):
        case = HELLO | {"expected": {"text": text, "tool_calls": [], "finish": "stop"}}
        (folder / f"{name}.json").write_text(json.dumps([case]))
    alone = written(tmp_path, [HELLO])
    assert main(["replay", str(folder), str(alone)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}/2.json: hello",
        '  text: expected "Bye.", got "Hello."',
        "3 cases, 1 differs",
    ]
    assert main(["replay", "--json", str(folder), str(alone)]) == 1
    assert list(json.loads(capsys.readouterr().out)) == [
        f"{file}: hello" for file in (folder / "1.json", folder / "2.json", alone)
    ]


def test_a_folder_without_records_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"devstral-ls: {tmp_path} holds no records: they are files that end with .json.\n"


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[" * 100_000,
        "[]",
        "3",
        {"cases": {}},
        {"cases": [3]},
        {"cases": [{"content": "no id"}]},
        {"cases": [HELLO, HELLO]},
        {"cases": [{"id": "nothing to decode"}]},
        {"cases": [{"id": "two shapes", "content": "", "stream": []}]},
        {"cases": [{"id": "x", "stream": [3]}]},
        {"cases": [{"id": "x", "content": 3}]},
        {"cases": [{"id": "x", "http": {"body": ""}}]},
        {"cases": [HELLO | {"tools": [{"name": "x"}]}]},
        {"cases": [HELLO | {"request": []}]},
        {"cases": [HELLO | {"expected": "Hello."}]},
    ],
)
def test_a_file_that_holds_no_cases_is_one_line(
    content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, content)
    assert main(["replay", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"devstral-ls: {file}")
    assert len(said.err.splitlines()) == 1


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.json")]) == 2
    assert "none.json can't be read: No such file" in capsys.readouterr().err


async def test_ask_records_what_the_model_server_sent(tmp_path: Path) -> None:
    """Refused at first, then two turns: three files, and each of them replays."""
    workspace, folder = tmp_path / "workspace", tmp_path / "recorded"
    workspace.mkdir()
    (workspace / "a.py").write_text("one = 1\n")
    busy = {"error": {"status": 503, "body": {"error": "busy with sk-very-secret"}}}
    turns = script(busy, {"text": "Reading.", "calls": [call("read_file", file_path="a.py")]}, {"text": "It is one."})
    with ScriptedServer(turns, "vllm", api_key="sk-very-secret") as server:
        env = environ(tmp_path, DEVSTRAL_LS_API_KEY="sk-very-secret")
        flags = ("--workspace", str(workspace), "--base-url", server.base_url, "--record", str(folder))
        done = await run("ask", "what is it?", "--json", *flags, cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    files = sorted(folder.iterdir())
    assert len(files) == 3
    for file in files:
        assert "sk-very-secret" not in file.read_text()
        assert (await run("replay", str(file), cwd=tmp_path, env=env)).out == "1 case, none differ\n"
    refused, called, said = (json.loads(file.read_bytes())["cases"][0] for file in files)
    assert refused["expected"]["error"] == {"kind": "server", "retryable": True, "message": "busy with ***"}
    assert [made["name"] for made in called["expected"]["tool_calls"]] == ["read_file"]
    assert called["server"].startswith("vllm")
    assert "read_file" in called["tools"]
    assert said["request"]["messages"][-1]["content"] == "     1\tone = 1"
    assert said["expected"]["text"] == "It is one."


@pytest.mark.parametrize("command", [["serve"], ["ask", "hello"]])
async def test_a_folder_that_cannot_be_written_is_one_line(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = await run(*command, "--record", str(tmp_path / "file" / "x"), cwd=tmp_path, env=environ(tmp_path))
    assert ran.code == 2
    assert "can't be written to" in ran.err
    assert len(ran.err.splitlines()) == 1
