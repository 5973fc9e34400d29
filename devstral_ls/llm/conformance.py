"""Runs the published scenarios against a server: what came, whether it is right, how long it took."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from devstral_ls.errors import ModelError
from devstral_ls.llm.backend import Reply, Request
from devstral_ls.llm.fitted import FittedBackend
from devstral_ls.llm.messages import AssistantMessage, Message, ToolCall, ToolMessage
from devstral_ls.llm.scenarios import SCENARIOS, TOOLS, Asked, Scenario
from devstral_ls.llm.trials import describe

TURNS = 12
"""How often a model is asked in one scenario; the longest takes six."""


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario's outcome.

    passed: None where it does not apply. came: the problem, or the last reply in one line. mode: how tools were called.
    Tokens are the server's counts: those of the longest prompt and of all replies together.
    """

    model: str
    scenario: str
    passed: bool | None
    came: str
    mode: str
    turns: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


async def run_scenarios(backend: FittedBackend, asked: Asked) -> AsyncIterator[Row]:
    """The rows, one by one as they come. Never raises because of a server."""
    for scenario in SCENARIOS:
        if scenario.needs_vision and backend.abilities.vision is False:
            yield Row(asked.model, scenario.name, None, "the model has no vision", _mode(backend, ()))
        else:
            yield await _run(backend, scenario, asked)


async def _run(backend: FittedBackend, scenario: Scenario, asked: Asked) -> Row:
    begun = time.perf_counter()
    messages = scenario.messages(asked)
    replies: list[Reply] = []
    problem: str | None = None
    try:
        for _ in range(TURNS):
            reply = await _ask(backend, messages)
            replies.append(reply)
            if not reply.calls or reply.finish in ("incomplete", "error"):
                break
            messages.append(AssistantMessage(reply.text, reply.calls))
            messages += [ToolMessage(call.id, call.name, answer(call)) for call in reply.calls]
        problem = scenario.problem(replies, asked)
    except ModelError as error:
        problem = " ".join(str(error).split())
    last = describe(replies[-1]) if replies else "no reply"
    usages = [reply.usage for reply in replies if reply.usage]
    return Row(
        asked.model,
        scenario.name,
        problem is None,
        last if problem is None else f"{problem}; the last reply: {last}" if replies else problem,
        _mode(backend, replies),
        len(replies),
        round(time.perf_counter() - begun, 1),
        max((usage.prompt_tokens for usage in usages), default=0),
        sum(usage.completion_tokens for usage in usages),
    )


async def _ask(backend: FittedBackend, messages: list[Message]) -> Reply:
    async with aclosing(backend.stream(Request(tuple(messages), TOOLS))) as parts:
        async for part in parts:
            if isinstance(part, Reply):
                return part
    raise ModelError("The server sent no reply.")


def _mode(backend: FittedBackend, replies: list[Reply] | tuple[()]) -> str:
    if backend.asks_in_words:
        return "direct"
    return "native, from text" if any(reply.recovered for reply in replies) else "native"


def answer(call: ToolCall) -> str:
    """What the tool of a scenario says. None of them does anything: code from a model is not run here."""
    if call.arguments is None:
        return f"error: the arguments are {call.error}"
    tool = _ANSWERS.get(call.name)
    if tool is None:
        return f"error: there is no tool {call.name}"
    try:
        return tool(call.arguments)
    except (KeyError, TypeError, ValueError) as error:
        return f"error: {type(error).__name__}: {error}"


def _of_numbers(operation: Callable[[float, float], float]) -> Callable[[Mapping[str, Any]], str]:
    return lambda given: str(operation(float(given["a"]), float(given["b"])))


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "add_number": _of_numbers(lambda a, b: a + b),
    "multiply_number": _of_numbers(lambda a, b: a * b),
    "substract_number": _of_numbers(lambda a, b: a - b),
    "write_a_story": lambda given: "A long time ago in a galaxy far far away...",
    "terminal": lambda given: "found nothing",
    "python": lambda given: "error: Python can't be run here",
}
