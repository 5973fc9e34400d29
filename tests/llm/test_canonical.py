"""The canonical request, proven against mistral-common's validators and the scripted server's rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.llm.backend import Request, ToolChoice
from devstral_ls.llm.canonical import RequestEncoder, arrange, to_wire, tools_to_wire
from devstral_ls.llm.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    ToolSpec,
    UserMessage,
)
from tests.doubles.judges import objection

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("history_rules.json").read_bytes())["cases"]
READ_FILE = ToolSpec(
    "read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
)
SYSTEM = SystemMessage("You are a coding agent.")
IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4"
    "nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)


def call(identity: str = "abcDEF123", name: str = "read_file", **arguments: Any) -> ToolCall:
    return ToolCall(identity, name, arguments)


def result(identity: str = "abcDEF123", text: str = "content", name: str = "read_file") -> ToolMessage:
    return ToolMessage(identity, name, text)


def encode(messages: Sequence[Message], tools: Sequence[ToolSpec] = (READ_FILE,), **options: Any) -> dict[str, Any]:
    choice: ToolChoice = options.pop("tool_choice", "auto")
    body = RequestEncoder().encode(
        Request(messages, tools, choice), model="devstral", temperature=0.15, max_tokens=8192, **options
    )
    decoded: dict[str, Any] = json.loads(body)
    return decoded


def assert_accepted(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The wire form, after every validator has let it pass."""
    body = encode(messages)
    assert objection(body) is None
    wire: list[dict[str, Any]] = body["messages"]
    return wire


def from_openai(message: Mapping[str, Any]) -> Message:
    role, content = message["role"], message.get("content") or ""
    if role == "system":
        return SystemMessage(content)
    if role == "user":
        return UserMessage(content)
    if role == "tool":
        return ToolMessage(message["tool_call_id"], message.get("name", "read_file"), content)
    return AssistantMessage(content, tuple(tool_call(item) for item in message.get("tool_calls") or ()))


def tool_call(wire: Mapping[str, Any]) -> ToolCall:
    text = wire["function"]["arguments"]
    try:
        return ToolCall(wire["id"], wire["function"]["name"], json.loads(text), raw=text)
    except ValueError:
        return ToolCall(wire["id"], wire["function"]["name"], None, "invalid_json", text)


@pytest.mark.parametrize("name", CASES)
def test_every_history_becomes_one_that_all_tokenizer_versions_accept(name: str) -> None:
    messages: list[Message] = [from_openai(message) for message in CASES[name]["messages"]]
    wire = assert_accepted(messages)
    sent = json.dumps(wire)
    for message in messages:
        assert not isinstance(message, UserMessage | ToolMessage) or message.text in sent


def test_a_sound_conversation_goes_out_as_it_is() -> None:
    messages: list[Message] = [
        SYSTEM,
        UserMessage("fix it"),
        AssistantMessage("Reading.", (call(path="a.py"),)),
        result(),
    ]
    assert arrange(messages) == messages
    assert assert_accepted(messages) == [
        {"role": "system", "content": "You are a coding agent."},
        {"role": "user", "content": "fix it"},
        {
            "role": "assistant",
            "content": "Reading.",
            "tool_calls": [
                {
                    "id": "abcDEF123",
                    "type": "function",
                    "function": {"name": "read_file", "arguments": '{"path": "a.py"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "abcDEF123", "name": "read_file", "content": "content"},
    ]


def test_a_user_message_after_a_result_is_bridged_by_the_assistant() -> None:
    wire = assert_accepted([SYSTEM, UserMessage("a"), AssistantMessage("", (call(),)), result(), UserMessage("b")])
    assert [message["role"] for message in wire] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert wire[4]["content"]


def test_consecutive_user_messages_are_merged_with_their_images() -> None:
    wire = assert_accepted([UserMessage("one", (IMAGE,)), AssistantMessage(""), UserMessage("two")])
    assert wire == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "one\n\ntwo"}, {"type": "image_url", "image_url": {"url": IMAGE}}],
        }
    ]


def test_an_unanswered_call_gets_a_result() -> None:
    calls = (call("aaaaaaaaa"), call("bbbbbbbbb"))
    wire = assert_accepted([UserMessage("a"), AssistantMessage("", calls), result("bbbbbbbbb", "b"), UserMessage("c")])
    assert [(message["tool_call_id"], message["content"]) for message in wire if message["role"] == "tool"] == [
        ("aaaaaaaaa", "No result: the call was not run."),
        ("bbbbbbbbb", "b"),
    ]


def test_a_late_result_stands_at_its_call() -> None:
    wire = assert_accepted([UserMessage("a"), AssistantMessage("", (call(),)), UserMessage("b"), result(text="late")])
    assert [message["role"] for message in wire] == ["user", "assistant", "tool", "assistant", "user"]
    assert wire[2]["content"] == "late"


def test_a_result_of_no_call_is_told_as_the_users_words() -> None:
    wire = assert_accepted([UserMessage("a"), result(text="stray")])
    assert wire == [{"role": "user", "content": "a\n\nResult of read_file:\nstray"}]


def test_a_broken_call_stands_in_the_history_as_an_empty_object() -> None:
    broken = ToolCall("abcDEF123", "read_file", None, "truncated", '{"path": ')
    wire = assert_accepted([UserMessage("a"), AssistantMessage("", (broken,)), result(text="cut off, try again")])
    assert wire[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert wire[2]["content"] == "cut off, try again"


def test_a_name_the_model_made_up_is_spelled_in_allowed_letters() -> None:
    messages: list[Message] = [
        UserMessage("a"),
        AssistantMessage("", (call(name="my.tool/é"),)),
        result(name="my.tool/é"),
    ]
    wire = assert_accepted(messages)
    assert wire[1]["tool_calls"][0]["function"]["name"] == wire[2]["name"] == "my_tool__"


def test_a_repeated_or_foreign_id_is_replaced_the_same_way_every_time() -> None:
    foreign = call("call_abcd1234"), call("call_abcd1234"), call("ok1234567")
    messages: list[Message] = [
        UserMessage("a"),
        AssistantMessage("", foreign),
        result("call_abcd1234", "1"),
        result("call_abcd1234", "2"),
        result("ok1234567", "3"),
        AssistantMessage("", (call("ok1234567"),)),
        result("ok1234567", "4"),
    ]
    wire = assert_accepted(messages)
    assert [message["content"] for message in wire if message["role"] == "tool"] == ["1", "2", "3", "4"]
    assert wire == to_wire(messages)


def test_a_history_that_begins_or_ends_with_the_assistant_is_completed() -> None:
    wire = assert_accepted([SYSTEM, AssistantMessage("x"), AssistantMessage("y", (call(),)), result()])
    assert [message["role"] for message in wire] == ["system", "user", "assistant", "tool"]
    assert wire[2]["content"] == "x\n\ny"
    assert assert_accepted([SYSTEM, UserMessage("a"), AssistantMessage("b")])[-1] == {
        "role": "user",
        "content": "Continue.",
    }


def test_only_the_first_system_message_is_one() -> None:
    wire = assert_accepted([SYSTEM, SystemMessage("More."), UserMessage("a"), SystemMessage("Summary.")])
    assert wire == [
        {"role": "system", "content": "You are a coding agent.\n\nMore."},
        {"role": "user", "content": "a\n\nSummary."},
    ]


def test_arguments_keep_their_order_and_letters() -> None:
    wire = assert_accepted([UserMessage("a"), AssistantMessage("", (call(z="é😀", a=[1, 1.5]),)), result()])
    assert wire[1]["tool_calls"][0]["function"]["arguments"] == '{"z": "é😀", "a": [1, 1.5]}'


def test_what_json_can_not_say_is_made_sayable() -> None:
    messages: list[Message] = [
        UserMessage("half an emoji: \ud83d, a whole one: \ud83d\ude00"),
        AssistantMessage("", (call(n=float("nan"), deep=[{"m": float("inf")}]),)),
        result(),
    ]
    wire = assert_accepted(messages)
    assert wire[0]["content"] == "half an emoji: \ufffd, a whole one: 😀"
    assert json.loads(wire[1]["tool_calls"][0]["function"]["arguments"]) == {"n": None, "deep": [{"m": None}]}


def test_the_request_names_the_limits_and_nothing_that_is_empty() -> None:
    body = encode([UserMessage("a")], ())
    assert body == {
        "model": "devstral",
        "temperature": 0.15,
        "max_tokens": 8192,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "a"}],
    }
    assert "stream_options" not in encode([UserMessage("a")], include_usage=False)
    assert encode([UserMessage("a")], stream=False)["stream"] is False
    assert "stream_options" not in encode([UserMessage("a")], stream=False)


def test_the_tool_choice_goes_with_the_tools() -> None:
    body = encode([UserMessage("a")], tool_choice="required")
    assert body["tool_choice"] == "required"
    assert "tool_choice" not in encode([UserMessage("a")], (), tool_choice="none")


def test_a_tool_without_parameters_is_offered_with_an_object_schema() -> None:
    assert tools_to_wire([ToolSpec("go", "Go.")])[0]["function"]["parameters"] == {"type": "object", "properties": {}}


def test_the_bytes_before_the_new_messages_are_the_same_in_every_turn() -> None:
    encoder = RequestEncoder()
    messages: list[Message] = [SYSTEM, UserMessage("fix it")]
    previous = b""
    for turn in range(20):
        identity = f"{turn:09d}"
        body = encoder.encode(Request(messages, (READ_FILE,)), model="m", temperature=0.15, max_tokens=1)
        assert body.startswith(previous)
        previous = body.removesuffix(b"]}")
        messages += [AssistantMessage(f"turn {turn}", (call(identity, path="é"),)), result(identity)]
        if turn % 5 == 4:
            messages += [UserMessage("go on")]


@dataclass(frozen=True)
class CountingMapping(Mapping[str, Any]):
    """Arguments that count how often they are read."""

    reads: list[str]

    def __getitem__(self, key: str) -> Any:
        self.reads.append(key)
        return "value"

    def __iter__(self) -> Any:
        return iter(["path"])

    def __len__(self) -> int:
        return 1


def test_a_message_is_encoded_once() -> None:
    encoder, reads = RequestEncoder(), list[str]()
    request = Request(
        [UserMessage("a"), AssistantMessage("", (ToolCall("abcDEF123", "f", CountingMapping(reads)),)), result()]
    )
    bodies = {encoder.encode(request, model="m", temperature=0.15, max_tokens=1) for _ in range(3)}
    assert len(bodies) == 1
    assert reads == ["path"]


TEXTS = st.text(max_size=20)
IDS = st.sampled_from(["abcDEF123", "abcDEF124", "call_1", "", "null"])
CALLS = st.builds(
    ToolCall,
    IDS,
    st.sampled_from(["read_file", "", "bad name!", "x" * 80]),
    st.none() | st.dictionaries(TEXTS, st.none() | TEXTS | st.floats() | st.integers(), max_size=2),
)
MESSAGES = st.one_of(
    st.builds(SystemMessage, TEXTS),
    st.builds(UserMessage, TEXTS, st.sampled_from([(), (IMAGE,)])),
    st.builds(AssistantMessage, TEXTS, st.lists(CALLS, max_size=3).map(tuple)),
    st.builds(ToolMessage, IDS, st.sampled_from(["read_file", "other"]), TEXTS),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(MESSAGES, max_size=12))
def test_any_history_at_all_is_accepted(messages: list[Message]) -> None:
    assert_accepted(messages)
