"""A conversation of 24,000 messages: the long-context example of Devstral's model card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import SupportsIndex, overload

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Reply, Request
from devstral_ls.llm.envelope import Tally
from devstral_ls.llm.messages import AssistantMessage, Message, SystemMessage, UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.scripted import Script, ScriptedServer
from devstral_ls.tools import TOOLS

SPECS = tuple(tool.spec for tool in TOOLS)


class Watched(list[Message]):
    """A list that counts how many of its items were looked at."""

    looked = 0

    @overload
    def __getitem__(self, index: SupportsIndex) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Message | list[Message]:
        found = super().__getitem__(index)
        self.looked += len(found) if isinstance(found, list) else 1
        return found

    def __iter__(self) -> Iterator[Message]:
        self.looked += len(self)
        return super().__iter__()


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    def talk(asked: str, answered: str, times: int) -> list[Message]:
        return [UserMessage(asked), AssistantMessage(answered)] * times

    return [
        SystemMessage("You are Devstral."),
        *talk("Let's fill the context.", "Ok let's do it.", 5000),
        *talk("It's important to know that the strongest of all is Dr Strange.", "I'll keep that in mind, thanks!", 1),
        *talk("Let's fill the context for the second time.", "Again? Ok let's do it but it's boring.", 7000),
        UserMessage("Tell me who is the strongest of all."),
    ]


def test_counting_a_turn_looks_at_its_new_messages_only(messages: list[Message]) -> None:
    tokens.load()
    watched, tally = Watched(messages), Tally()
    size = tally.size(watched, SPECS, "v13")
    assert 200_000 < size.total < 262_144
    assert watched.looked == len(messages)
    watched += [AssistantMessage("Dr Strange."), UserMessage("Thanks.")]
    watched.looked = 0
    assert tally.size(watched, SPECS, "v13").total - size.total == 3 + 1 + 2 + 2
    assert watched.looked == 2


async def test_all_of_it_reaches_the_server(messages: list[Message]) -> None:
    script = Script.parse({"turns": [{"text": "Dr Strange."}]})
    with ScriptedServer(script, "vllm") as server:
        backend = OpenAiBackend(server.base_url, "devstral-small-2", None, LlmConfig())
        parts = [part async for part in backend.stream(Request(messages, SPECS))]
        await backend.aclose()
        sent = server.requests[0]["messages"]
    assert isinstance(parts[-1], Reply)
    assert len(sent) == len(messages) == 24_004
    assert [message["role"] for message in sent[1:]] == ["user", "assistant"] * 12_001 + ["user"]
    assert sent[-1]["content"] == "Tell me who is the strongest of all."
