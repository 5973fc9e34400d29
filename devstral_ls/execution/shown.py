"""What a program printed, as the model reads it: bounded, plain, and named as the workspace names it."""

from __future__ import annotations

from collections.abc import Callable

from devstral_ls.execution.output import Collected
from devstral_ls.execution.process import FLOOD


def shown(collected: Collected, restored: Callable[[str], str]) -> tuple[str, int]:
    """(text, bytes left out of it)."""
    head, tail, cut = collected.shown()
    text = restored(head)
    if cut:
        text = f"{text.rstrip()}\n[... {cut} bytes left out ...]\n{restored(tail)}"
    return text, cut


def flooded(text: str) -> str:
    """`text` with the reason why there is no more."""
    return f"{text.rstrip()}\n[killed: it printed more than {FLOOD // 1024 // 1024} MB]"
