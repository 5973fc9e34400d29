"""What a turn costs at the end of a conversation that fills a context window of 256k tokens."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.figures import Figure
from devstral_ls.agent.prompt import system_prompt
from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Request
from devstral_ls.llm.canonical import RequestEncoder
from devstral_ls.llm.envelope import Tally
from devstral_ls.llm.messages import AssistantMessage, Message, SystemMessage, UserMessage
from devstral_ls.tools import TOOLS

SPECS = tuple(tool.spec for tool in TOOLS)


def conversation(pairs: int) -> list[Message]:
    """Short messages, the most there can be: 12,000 pairs have a quarter of a million tokens."""
    messages: list[Message] = [SystemMessage(system_prompt())]
    for number in range(pairs):
        messages += [
            UserMessage(f"And now for something else, please: {number}."),
            AssistantMessage("Again? As you like."),
        ]
    return [*messages, UserMessage("What was it all about?")]


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds."""
    start = time.perf_counter()
    tokens.load()
    loaded = time.perf_counter() - start
    figures = [Figure("load the vocabulary", "ms", [loaded * 1000])]
    for pairs in (6_000, 12_000):
        messages = conversation(pairs)
        tally, encoder = Tally(), RequestEncoder()
        first, counting, encoding = [], [], []
        for run in range(runs):
            start = time.perf_counter()
            size = Tally().size(messages, SPECS, "v13")
            first.append(time.perf_counter() - start)
            tally.size(messages, SPECS, "v13")
            _encode(encoder, messages)
            messages += [AssistantMessage("Nothing."), UserMessage(f"Really? {run}")]
            start = time.perf_counter()
            tally.size(messages, SPECS, "v13")
            counted = time.perf_counter()
            _encode(encoder, messages)
            counting.append(counted - start)
            encoding.append(time.perf_counter() - counted)
        what = f"{2 * pairs + 2} messages, {size.total // 1000}k tokens"
        figures += [
            Figure(f"{what}: count them all", "ms", [value * 1000 for value in first]),
            Figure(f"{what}: count one more turn", "ms", [value * 1000 for value in counting], "< 0.1"),
            Figure(f"{what}: write the next request", "ms", [value * 1000 for value in encoding], "< 50"),
        ]
    return figures


def _encode(encoder: RequestEncoder, messages: list[Message]) -> bytes:
    return encoder.encode(Request(messages, SPECS), model="devstral", temperature=0.15, max_tokens=8192)
