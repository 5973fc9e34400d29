"""How vLLM up to 0.12 treated the tool calls of Devstral Small 1.1 and newer."""

from __future__ import annotations

import re
from dataclasses import replace

from devstral_ls.scripted.reply import printed
from devstral_ls.scripted.script import Turn

FIXED = (0, 13)
"""The first version that streams them."""


def is_old(version: str | None) -> bool:
    """Whether this version of vLLM still did it; None is a recent one."""
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < FIXED


def as_streamed(turn: Turn) -> Turn:
    """The turn as it was streamed: its calls vanish, and the finish reason knows nothing of them."""
    return replace(turn, calls=(), finish="stop", usage=turn.usage or (100, 20)) if turn.calls else turn


def in_one_piece(turn: Turn) -> Turn:
    """The turn as it was sent whole: calls are found up to the first brace, and come as text when that is too soon."""
    if all(_is_flat(call.text) for call in turn.calls):
        return turn
    return replace(turn, text=turn.text + printed(list(turn.calls)), calls=(), finish="stop")


def _is_flat(arguments: str) -> bool:
    return "}" not in arguments.strip()[:-1]
