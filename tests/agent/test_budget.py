"""What is learned about a context window that nobody told the truth about."""

from __future__ import annotations

import subprocess
import sys

import pytest

from devstral_ls.agent.budget import Budget, prompt_in, window_in
from devstral_ls.agent.session import Session
from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Usage
from devstral_ls.llm.direct_messages import in_words
from devstral_ls.llm.envelope import Tally
from devstral_ls.llm.messages import AssistantMessage, ToolCall, ToolMessage, ToolSpec, UserMessage
from devstral_ls.llm.profiles import DEVSTRAL_SMALL_2, GENERIC, profile_of


@pytest.fixture(autouse=True)
def exact() -> None:
    tokens.load()


@pytest.fixture
def session() -> Session:
    """A conversation of about 10,000 tokens."""
    session = Session.new()
    session.messages.append(UserMessage("word " * 10_000))
    return session


async def test_the_servers_count_corrects_ours(session: Session) -> None:
    budget = Budget(DEVSTRAL_SMALL_2, 1024, 100_000)
    before = await budget.used(session, ())
    assert await budget.learn(session, (), Usage(round(before * 1.1), 10)) is None
    assert await budget.used(session, ()) == pytest.approx(before * 1.1, abs=2)


@pytest.mark.parametrize(("counted", "ratio"), [(1, 0.85), (10**9, 2.0)])
async def test_a_count_that_can_not_be_right_is_not_believed(session: Session, counted: int, ratio: float) -> None:
    await Budget(DEVSTRAL_SMALL_2, 1024, 100_000, kind="vllm").learn(session, (), Usage(counted, 1))
    assert session.ratio == ratio


async def test_what_ollama_drops_in_silence_is_said_once_with_the_fix(session: Session) -> None:
    budget = Budget(DEVSTRAL_SMALL_2, 1024, kind="ollama")
    notice = await budget.learn(session, (), Usage(4010, 10))
    sent = session.tally.size(session.messages, (), "v13").total
    assert notice == (
        f"The server read only 4010 of about {sent} tokens, so the beginning of the conversation was lost: its context "
        "window is 4096 tokens. To give it a larger one, restart it with `OLLAMA_CONTEXT_LENGTH=32768 ollama serve`."
    )
    assert (budget.window, budget.certain) == (4096, True)
    assert await budget.learn(session, (), Usage(4010, 10)) is None


async def test_ollama_is_asked_for_the_window_it_really_has(session: Session) -> None:
    async def answer() -> int:
        return 5000

    budget = Budget(DEVSTRAL_SMALL_2, 1024, 131_072, kind="ollama", ask_window=answer)
    notice = await budget.learn(session, (), Usage(4010, 10))
    assert notice is not None
    assert "its context window is 5000 tokens" in notice
    assert budget.window == 5000


async def test_a_server_that_counts_only_what_is_new_to_it_raises_no_alarm(session: Session) -> None:
    async def answer() -> int:
        return 32_768

    budget = Budget(DEVSTRAL_SMALL_2, 1024, 32_768, kind="ollama", ask_window=answer)
    assert await budget.learn(session, (), Usage(12, 10)) is None
    assert budget.window == 32_768


async def test_with_another_tokenizer_a_low_count_alone_proves_nothing(session: Session) -> None:
    assert await Budget(GENERIC, 1024, kind="ollama").learn(session, (), Usage(8000, 10)) is None


async def test_images_do_not_count_when_looking_for_lost_text(session: Session) -> None:
    session.messages.append(UserMessage("Look.", ("data:image/png;base64,AAAA",) * 2))
    sent = session.tally.size(session.messages, (), "v13")
    budget = Budget(DEVSTRAL_SMALL_2, 1024, kind="ollama")
    assert await budget.learn(session, (), Usage(sent.text, 10)) is None


async def test_a_window_nobody_told_is_asked_for_once_the_model_is_loaded(session: Session) -> None:
    asked = []

    async def answer() -> int:
        asked.append(1)
        return 20_000

    budget = Budget(DEVSTRAL_SMALL_2, 1024, kind="ollama", ask_window=answer)
    for _ in range(2):
        size = session.tally.size(session.messages, (), "v13").total
        assert await budget.learn(session, (), Usage(size, 10)) is None
    assert (budget.window, len(asked)) == (20_000, 1)


async def test_a_server_without_usage_teaches_nothing(session: Session) -> None:
    budget = Budget(DEVSTRAL_SMALL_2, 1024, kind="ollama")
    assert await budget.learn(session, (), None) is None
    assert await budget.learn(session, (), Usage(0, 10)) is None
    assert (session.ratio, budget.window) == (1.0, 262_144)


def test_a_refusal_without_numbers_makes_the_window_smaller_than_what_was_sent() -> None:
    budget = Budget(DEVSTRAL_SMALL_2, 1024)
    budget.exceeded(100_000, "too long")
    assert budget.limit < 100_000


def test_a_refusal_within_the_window_means_that_our_count_was_too_low() -> None:
    budget = Budget(DEVSTRAL_SMALL_2, 1024, 32_768)
    assert budget.exceeded(30_000, "maximum context length is 32768 tokens") * 30_000 > budget.limit


@pytest.mark.parametrize(
    ("error", "window"),
    [
        ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens", 4096),
        ("request (5543 tokens) exceeds the available context size (2048 tokens), try increasing it", 2048),
        ("Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)", 7424),
        ("the model is loaded with context length of only 4096 tokens, which is not enough", 4096),
        ("Reached context length of 8192 tokens with model (arch: x)", 8192),
        ("max_tokens=9000 cannot be greater than max_model_len=8192", 8192),
        ("the prompt is longer than the context length currently available to the model", None),
        ("prompt is too long", None),
    ],
)
def test_the_window_is_read_from_what_servers_say(error: str, window: int | None) -> None:
    assert window_in(error) == window


def test_the_loop_keeps_turning_while_the_vocabulary_is_loaded() -> None:
    program = """
import asyncio
from devstral_ls.agent.budget import Budget
from devstral_ls.agent.session import Session
from devstral_ls.llm import tokens
from devstral_ls.llm.messages import UserMessage
from devstral_ls.llm.profiles import profile_of

async def main():
    session, turns = Session.new(), 0
    session.messages.append(UserMessage("word " * 20_000))
    counting = asyncio.create_task(Budget(profile_of("devstral-small-2"), 1000, 20_000).used(session, ()))
    await asyncio.sleep(0)
    assert not tokens.is_exact()
    while not counting.done():
        turns += 1
        await asyncio.sleep(0)
    assert tokens.is_exact()
    print(turns, await counting > 20_000)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    turns, counted = done.stdout.split()
    # Loaded on the loop, it would turn twice.
    assert int(turns) > 10
    assert counted == "True"


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        ("request (5543 tokens) exceeds the available context size (2048 tokens), try increasing it", 5543),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 9120 tokens (5024 in the "
            "messages, 4096 in the completion). Please reduce the length of the messages or completion.",
            5024,
        ),
        ("This model's maximum context length is 4096 tokens. However, your request has 5120 input tokens.", 5120),
        ("However, your prompt contains at least 4097 input tokens, which exceeds this limit", None),
        ("However, your prompt contains 5000 input tokens, which exceeds this limit", 5000),
        ("maximum context length is 32768 tokens and your request has 30000 input tokens (9000 > 2768).", 30_000),
        ("the prompt is longer than the context length currently available to the model", None),
    ],
)
def test_the_prompts_size_is_read_from_what_servers_say(error: str, tokens: int | None) -> None:
    assert prompt_in(error) == tokens


def test_a_refusal_that_counts_the_prompt_corrects_our_count() -> None:
    budget = Budget(profile_of("qwen3-coder"), 500, 100_000)
    error = "request (9100 tokens) exceeds the available context size (8192 tokens)"
    assert budget.exceeded(7000, error) == 1.3
    assert budget.window == 8192


async def test_tools_that_are_told_in_words_are_counted_as_they_are_told() -> None:
    session = Session.new()
    session.messages += [
        UserMessage("look"),
        AssistantMessage("", (ToolCall("abcdefghi", "read_file", {"path": "a"}),)),
        ToolMessage("abcdefghi", "read_file", "x = 1"),
    ]
    tools = (ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}}),)
    told = False
    budget = Budget(GENERIC, 1024, 100_000, asks_in_words=lambda: told)
    native = await budget.used(session, tools)
    told = True
    sent = [in_words(message, tools) for message in session.messages]
    assert await budget.used(session, tools) == Tally().size(sent, (), "v13").total != native
    session.messages.append(AssistantMessage("done"))
    sent.append(in_words(session.messages[-1], tools))
    assert await budget.used(session, tools) == Tally().size(sent, (), "v13").total
