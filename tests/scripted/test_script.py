from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted.script import Answered, Call, Playback, Script, ScriptInvalid, Turn


def test_a_script_is_read_from_json(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(
        """{"model": "m", "on_exhausted": "repeat_last", "turns": [
            {"text": "hi", "calls": [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": "{\\"a"}]},
            {"error": {"status": 429, "body": {"message": "slow"}, "headers": {"Retry-After": "1"}}},
            {"when": "x", "usage": [3, 4], "delay": 0.5, "hang": true}]}"""
    )
    assert Script.read(path) == Script(
        [
            Turn("hi", calls=(Call("f", {"a": 1}), Call("g", '{"a'))),
            Turn(error=Answered(429, {"message": "slow"}, {"Retry-After": "1"})),
            Turn(when="x", usage=(3, 4), delay=0.5, hang=True),
        ],
        "m",
        "repeat_last",
    )


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, 'needs "turns"'),
        ({"turns": [], "modle": "x"}, "unknown key 'modle'"),
        ({"turns": [{"txt": "hi"}]}, "Turn 1: unknown key 'txt'"),
        ({"turns": [{}, {"calls": [{"arguments": {}}]}]}, 'Turn 2: a call needs "name"'),
        ({"turns": [{"error": {"body": 1}}]}, 'error needs "status"'),
        ({"turns": [{"text": 1}]}, "text must be a str"),
        ({"turns": [{"delay": "1"}]}, "delay must be a number"),
        ({"turns": [], "on_exhausted": "panic"}, "on_exhausted"),
        ({"turns": ["hi"]}, "must be an object"),
    ],
)
def test_a_wrong_script_is_refused_with_the_place(data: Any, complaint: str) -> None:
    with pytest.raises(ScriptInvalid, match=complaint):
        Script.parse(data)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptInvalid, match="can't be read"):
        Script.read(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ScriptInvalid, match="is not JSON"):
        Script.read(tmp_path / "bad.json")


def test_turns_come_in_order_and_then_none() -> None:
    playback = Playback(Script([Turn("1"), Turn("2")]))
    assert [playback.take("") for _ in range(3)] == [Turn("1"), Turn("2"), None]


def test_a_turn_waits_for_the_request_it_is_for() -> None:
    playback = Playback(Script([Turn("tests", when="run the tests"), Turn("other")]))
    assert playback.take("hello") == Turn("other")
    assert playback.take("hello") is None
    assert playback.take("please run the tests now") == Turn("tests", when="run the tests")


def test_the_last_turn_can_be_repeated_for_ever() -> None:
    playback = Playback(Script([Turn("1"), Turn("2")], on_exhausted="repeat_last"))
    assert [turn.text for turn in (playback.take("") for _ in range(4)) if turn] == ["1", "2", "2", "2"]
    assert Playback(Script([], on_exhausted="repeat_last")).take("") is None
