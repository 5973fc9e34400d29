"""Calling tools in JSON, for servers and models that have no tool calling."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from devstral_ls.llm.backend import CallPart, Finish, Part, Remark, Reply, Request, RequestSent, TextPart
from devstral_ls.llm.canonical import arrange
from devstral_ls.llm.direct import DirectBackend
from devstral_ls.llm.direct_reader import DirectReader
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)

READ = ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
EDIT = ToolSpec("edit_file", "Edit a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
TOOLS = (READ, EDIT)


def read(text: str, finish: Finish = "stop", *, size: int = 1) -> tuple[list[Part], Reply]:
    """The reply `text`, arriving in pieces of `size` characters."""
    reader = DirectReader([tool.name for tool in TOOLS])
    parts: list[Part] = []
    for start in range(0, len(text), size):
        parts += reader.feed(text[start : start + size])
    last, reply = reader.finish(Reply(text, finish=finish))
    return parts + last, reply


def calls(reply: Reply) -> list[tuple[str, Any, str | None]]:
    return [(call.name, call.arguments, call.error) for call in reply.calls]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("text", "said", "made"),
    [
        ('{"tool": "read_file", "arguments": {"path": "a"}}', "", [("read_file", {"path": "a"})]),
        ('{"say": "I look.", "tool": "read_file", "arguments": {"path": "a}"}}', "I look.", [("read_file", {"path": "a}"})]),
        ('\n```json\n{"tool": "read_file", "arguments": {"path": "a"}}\n```\n', "", [("read_file", {"path": "a"})]),
        ('Let me look.\n\n{"tool": "read_file", "arguments": {"path": "a"}}', "Let me look.", [("read_file", {"path": "a"})]),
        ('Sure:\n```json\n{"tool": "read_file", "arguments": {}}\n```', "Sure:", [("read_file", {})]),
        ('{"tool": "read_file"}', "", [("read_file", {})]),
        ('{"name": "read_file", "parameters": {"path": "a"}}', "", [("read_file", {"path": "a"})]),
        ('{"tool": "read_file", "arguments": "{\\"path\\": \\"a\\"}"}', "", [("read_file", {"path": "a"})]),
        ('{"read_file": {"path": "a"}}', "", [("read_file", {"path": "a"})]),
        ('{"tool": "reed_file", "arguments": {"path": "a"}}', "", [("reed_file", {"path": "a"})]),
        (
            '{"tool": "read_file", "arguments": {"path": "a"}}\n{"tool": "edit_file", "arguments": {"path": "b"}}',
            "",
            [("read_file", {"path": "a"}), ("edit_file", {"path": "b"})],
        ),
        ('[{"tool": "read_file", "arguments": {"path": "a"}}]', "", [("read_file", {"path": "a"})]),
        (
            '{"tool_calls": [{"function": {"name": "read_file", "arguments": "{\\"path\\": \\"a\\"}"}}]}',
            "",
            [("read_file", {"path": "a"})],
        ),
        ('{"tool": "edit_file", "arguments": {"path": "a\nb"}}', "", [("edit_file", {"path": "a\nb"})]),
        ('[TOOL_CALLS]read_file[ARGS]{"path": "a"}', "", [("read_file", {"path": "a"})]),
        ('{"answer": "Done:\\n\\"a\\" \\u00e9\\ud83d\\ude00 \\\\d {}"}', 'Done:\n"a" é😀 \\d {}', []),
        ('```json\n{"answer": "Done."}\n```', "Done.", []),
        ('{"say": "Well.", "answer": "Done."}', "Well.\n\nDone.", []),
        ('{"tool": null, "answer": "Done."}', "Done.", []),
        ('{"answer": {"files": 2}}', '{\n  "files": 2\n}', []),
        ("It is done, `a` and a[0] < 3.", "It is done, `a` and a[0] < 3.", []),
        ('Use {"a": 1} there.', 'Use {"a": 1} there.', []),
        ('{"name": "demo", "version": 2}', '{"name": "demo", "version": 2}', []),
        ("```python\nx = {}\n```", "```python\nx = {}\n```", []),
        (
            'To read it I would write\n{"tool": "read_file", "arguments": {}}\nand wait.',
            'To read it I would write\n{"tool": "read_file", "arguments": {}}\nand wait.',
            [],
        ),
    ],
)  # fmt: skip
def test_a_reply_is_read_however_it_is_cut(text: str, said: str, made: list[tuple[str, Any]], size: int) -> None:
    parts, reply = read(text, size=size)
    assert (reply.text, calls(reply)) == (said, [(*call, None) for call in made])
    assert reply.finish == ("tool_calls" if made else "stop")
    assert [part.name for part in parts if isinstance(part, CallPart)][: len(made)] == [name for name, _ in made][
        : len([part for part in parts if isinstance(part, CallPart)])
    ]
    assert "".join(part.text for part in parts if isinstance(part, TextPart)) == said
    assert all(len(call.id) == 9 and call.id.isalnum() for call in reply.calls)


def test_an_answer_is_given_out_while_it_is_written() -> None:
    reader = DirectReader(["read_file"])
    given = [reader.feed(piece) for piece in ('{"ans', 'wer": "It', " is\\", "n\\u00", 'e9 done"', "}")]
    assert given == [[], [TextPart("It")], [TextPart(" is")], [TextPart("\n")], [TextPart("é done")], []]


def test_a_call_is_announced_before_its_arguments_are_complete() -> None:
    reader = DirectReader(["edit_file"])
    assert reader.feed('{"tool": "edit_file", "argu') == [CallPart("edit_file")]
    assert reader.feed('ments": {"path": "a"}}') == []


@pytest.mark.parametrize("finish", ["length", "stop"])
@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "edit_file", "arguments": {"path": "a.py", "content": "x = 1',
        '{"tool": "edit_file", "arguments": {"path": "a.py"',
        '{"say": "Now.", "tool": "edit_file", "arguments": {"path": "a.py"}',
        '```json\n{"tool": "edit_file", "arguments": {}',
    ],
)
def test_a_call_that_was_cut_off_is_never_run(text: str, finish: Finish) -> None:
    _, reply = read(text, finish)
    assert calls(reply) == [("edit_file", None, "truncated")]
    assert reply.finish == ("length" if finish == "length" else "tool_calls")


def test_of_two_calls_only_the_cut_one_is_broken() -> None:
    _, reply = read('{"tool": "read_file", "arguments": {"path": "a"}}\n{"tool": "edit_file", "argum', "length")
    assert calls(reply) == [("read_file", {"path": "a"}, None), ("edit_file", None, "truncated")]


def test_a_call_with_broken_json_is_told_to_the_model() -> None:
    _, reply = read('{"tool": "edit_file", "arguments": {"path": a}}')
    assert calls(reply) == [("edit_file", None, "invalid_json")]


@pytest.mark.parametrize("text", ['{"answer": "It is a lo', '{"answer": "It is a lo\\', '{"answer": "It is a lo\\u00'])
def test_a_cut_answer_keeps_what_there_is(text: str) -> None:
    parts, reply = read(text, "length")
    assert (reply.text, reply.finish, reply.calls) == ("It is a lo", "length", ())
    assert "".join(part.text for part in parts if isinstance(part, TextPart)) == "It is a lo"


class Scripted:
    """A backend that says one text and keeps what it was asked."""

    model = "plain"

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        self.requests.append(request)
        text = self._texts.pop(0)
        yield RequestSent()
        for character in text:
            yield TextPart(character)
        yield Reply(text)


async def ask(inner: Scripted, messages: Sequence[Message], backend: DirectBackend | None = None) -> list[Part]:
    return [part async for part in (backend or DirectBackend(inner)).stream(Request(messages, TOOLS))]


HISTORY: list[Message] = [
    SystemMessage("You code."),
    UserMessage("fix a", ("data:image/png;base64,AAAA",)),
    AssistantMessage("I look.", (ToolCall("aaaaaaaaa", "read_file", {"path": "a"}),)),
    ToolMessage("aaaaaaaaa", "read_file", "x = 1"),
    AssistantMessage("It is x."),
    UserMessage("and b?"),
]


async def test_the_model_is_told_of_tools_calls_and_results_in_words() -> None:
    inner = Scripted('{"answer": "Done."}')
    parts = await ask(inner, HISTORY)
    request = inner.requests[0]
    assert (request.tools, request.json) == ((), True)
    system, user, call, result, answer, last = request.messages
    assert isinstance(system, SystemMessage)
    assert system.text.startswith("You code.\n\nHow you use tools here")
    assert '- read_file: Read a file.\n  {"type": "object", "properties"' in system.text
    assert user is HISTORY[1]
    assert call == AssistantMessage('{"say": "I look.", "tool": "read_file", "arguments": {"path": "a"}}')
    assert result == UserMessage("Result of read_file:\nx = 1")
    assert answer == AssistantMessage('{"answer": "It is x."}')
    assert last is HISTORY[5]
    assert [type(message) for message in arrange(request.messages)] == [
        *(SystemMessage, UserMessage, AssistantMessage, UserMessage, AssistantMessage, UserMessage)
    ]
    assert isinstance(parts[-1], Reply)
    assert parts[-1].text == "Done."


async def test_what_was_sent_stays_the_same_from_turn_to_turn() -> None:
    inner = Scripted('{"answer": "1"}', '{"answer": "2"}')
    backend = DirectBackend(inner)
    await ask(inner, HISTORY, backend)
    await ask(inner, [*HISTORY, AssistantMessage("1"), UserMessage("more")], backend)
    first, second = (request.messages for request in inner.requests)
    assert all(one is other for one, other in zip(first, second, strict=False))


async def test_a_made_up_result_is_left_out_and_that_is_said() -> None:
    inner = Scripted('{"tool": "read_file", "arguments": {"path": "a"}}\nResult of read_file:\nx = 2')
    parts = await ask(inner, HISTORY)
    reply = parts[-1]
    assert isinstance(reply, Reply)
    assert (reply.text, [call.name for call in reply.calls]) == ("", ["read_file"])
    assert any(isinstance(part, Remark) and "wrote on" in part.text for part in parts)


async def test_without_tools_a_request_is_passed_on_as_it_is() -> None:
    inner = Scripted('{"tool": "read_file"}')
    parts = [part async for part in DirectBackend(inner).stream(Request([UserMessage("hi")]))]
    assert inner.requests == [Request([UserMessage("hi")])]
    assert parts[-1] == Reply('{"tool": "read_file"}')
    assert json.loads('{"tool": "read_file"}')


@pytest.mark.parametrize("filler", [" ", "\n", "[", "{", '"', "`", "<", "\\", "a"])
def test_a_model_that_has_run_wild_costs_no_time(filler: str) -> None:
    run = filler * 100_000
    for text in (
        run,
        f"a{run}b",
        f'{run}{{"tool": "read_file"}}',
        f'{{"answer": "{run}',
        f'{{"tool": "read_file", "x": {run}',
    ):
        parts, reply = read(text, "length", size=5000)
        assert len(reply.text) <= len(text)
        assert sum(isinstance(part, CallPart) for part in parts) <= 1
