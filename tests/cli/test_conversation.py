"""The client's side of the conversation: what it answers, and what it makes of what it hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli.client import RequestFailed
from devstral_ls.cli.conversation import Conversation, line_range
from devstral_ls.cli.editor import OpenDocument
from devstral_ls.cli.streams import Stopped


def test_lines_become_a_range_without_the_last_ending() -> None:
    document = OpenDocument("file:///a", Path("/a"), 1, "one\r\n😀 two\r\nthree")
    assert line_range(document, 1, 2) == {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 6}}
    assert line_range(document, 3, 99) == {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 5}}


@pytest.mark.parametrize(("text", "line", "reason"), [("one\n", 2, "has 1 lines"), ("", 1, "has 0 lines")])
def test_lines_that_are_not_there_are_a_wrong_usage(text: str, line: int, reason: str) -> None:
    with pytest.raises(Stopped, match=reason) as stop:
        line_range(OpenDocument("file:///a", Path("/a"), 1, text), line, line + 3)
    assert stop.value.code == 2


async def test_a_question_that_is_not_about_a_command_stays_open(tmp_path: Path) -> None:
    talk = Conversation(tmp_path, {})
    actions = [{"title": "Apply"}, {"title": "Discard"}]
    question = {"type": 3, "message": "Devstral proposes 1 file", "actions": actions}
    assert await talk.answer("window/showMessageRequest", question) is None


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("workspace/configuration", {"items": [{"section": "devstral"}]}, [{"llm": {"model": "m"}}]),
        ("window/workDoneProgress/create", {"token": "t"}, None),
        ("client/registerCapability", {"registrations": []}, None),
        ("workspace/textDocumentContent/refresh", {}, None),
        ("window/showDocument", {"uri": "file:///a"}, {"success": False}),
    ],
)
async def test_what_a_server_may_ask_is_answered(tmp_path: Path, method: str, params: Any, answer: Any) -> None:
    assert await Conversation(tmp_path, {"llm": {"model": "m"}}).answer(method, params) == answer


async def test_anything_else_is_not_supported(tmp_path: Path) -> None:
    with pytest.raises(RequestFailed, match="not supported") as caught:
        await Conversation(tmp_path, {}).answer("workspace/somethingNew", {})
    assert caught.value.code == -32601
