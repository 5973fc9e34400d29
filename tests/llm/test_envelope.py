"""Counts compared with Mistral's own tokenizer, token for token."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from devstral_ls.agent.prompt import system_prompt
from devstral_ls.llm import tokens
from devstral_ls.llm.canonical import to_wire, tools_to_wire
from devstral_ls.llm.envelope import Size, Tally, message_size, tools_size
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from devstral_ls.llm.picture import picture
from devstral_ls.llm.profiles import Tokenizer
from devstral_ls.tools import TOOLS
from tests.llm.pictures import png

SPECS = tuple(tool.spec for tool in TOOLS)
Theirs = MistralTokenizer[Any, Any, Any, Any, Any]
TEMPLATES: tuple[Tokenizer, ...] = ("v7", "v11", "v13")


@pytest.fixture(autouse=True)
def exact() -> None:
    tokens.load()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("tekken")


@cache
def source() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(files("mistral_common").joinpath("data", "tekken_240911.json").read_bytes())
    return value


@pytest.fixture(scope="session", params=TEMPLATES)
def both(request: pytest.FixtureRequest, folder: Any) -> tuple[Tokenizer, Theirs]:
    """A template and Mistral's tokenizer of that version: its vocabulary is the same, its special tokens are more."""
    template: Tokenizer = request.param
    special: list[dict[str, Any]] = [dict(token) for token in Tekkenizer.DEPRECATED_SPECIAL_TOKENS]
    special += [
        {"rank": rank, "token_str": {32: "[ARGS]", 33: "[CALL_ID]"}.get(rank, f"<SPECIAL_{rank}>"), "is_control": True}
        for rank in range(len(special), 1000)
    ]
    config = {**source()["config"], "version": template}
    path = folder / f"tekken_{template}.json"
    path.write_text(json.dumps({"vocab": source()["vocab"][:130_072], "config": config, "special_tokens": special}))
    return template, MistralTokenizer.from_file(str(path))


def theirs(tokenizer: Theirs, messages: list[Message], *, tools: bool = True) -> int:
    body: dict[str, Any] = {"messages": to_wire(messages)}
    if tools:
        body["tools"] = tools_to_wire(SPECS)
    return len(tokenizer.encode_chat_completion(ChatCompletionRequest(**body)).tokens)


def call(number: int, **arguments: Any) -> ToolCall:
    return ToolCall(f"call{number:05}", "edit_file", arguments)


WHOLE: list[Message] = [
    SystemMessage(system_prompt()),
    UserMessage("Ersetze »a« durch b.\n\n\tUnd zwar   überall 🎉 12345."),
    AssistantMessage("I look first.  ", (call(1, file_path="a.py", old_string='x = "é"\n', replace_all=True),)),
    ToolMessage("call00001", "edit_file", "     1\tx = 'é'\n     2\t" + "y" * 300),
    AssistantMessage("", (call(2, n=1.5, deep={"a": [1, None]}), call(3))),
    ToolMessage("call00002", "edit_file", '{"ok": true}'),
    ToolMessage("call00003", "edit_file", "no"),
    UserMessage("Stop, do something else."),
    AssistantMessage("Done."),
    UserMessage("Thanks."),
]


def test_a_conversation_has_as_many_tokens_as_mistrals_own_tokenizer_counts(
    both: tuple[Tokenizer, Theirs],
) -> None:
    template, tokenizer = both
    for end in (2, 4, 7, 8, 10):
        assert Tally().size(WHOLE[:end], SPECS, template).total == theirs(tokenizer, WHOLE[:end]), end
    assert Tally().size(WHOLE[:2], (), template).total == theirs(tokenizer, WHOLE[:2], tools=False)


def test_images_are_counted_apart_from_the_text() -> None:
    plain, shown = UserMessage("What is this?"), UserMessage("What is this?", (picture(png(29, 28)).uri,))
    assert message_size(shown, "v13") == message_size(plain, "v13") + Size(0, 3)


def test_a_growing_conversation_is_counted_message_by_message(both: tuple[Tokenizer, Theirs]) -> None:
    template, _ = both
    tally = Tally()
    for end in range(1, len(WHOLE) + 1):
        assert tally.size(WHOLE[:end], SPECS, template) == Tally().size(WHOLE[:end], SPECS, template)
    shorter = [WHOLE[0], WHOLE[1]]
    assert tally.size(shorter, SPECS, template) == Tally().size(shorter, SPECS, template)


def test_the_prompt_and_the_tools_are_short(both: tuple[Tokenizer, Theirs]) -> None:
    template, _ = both
    assert message_size(WHOLE[0], template).total + tools_size(SPECS).total < 1700


def test_an_empty_assistant_message_costs_nothing_since_it_is_not_sent() -> None:
    assert message_size(AssistantMessage(" \n"), "v13").total == 0
