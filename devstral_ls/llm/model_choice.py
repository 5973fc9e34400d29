"""Which of a server's models to use."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOT_FOR_CHAT = re.compile(r"embed|rerank|(^|[/_-])(bge|e5|gte|minilm|nomic-bert|whisper|tts|ocr|moderation)", re.I)


def choose_model(names: Sequence[str], wanted: str | None) -> str | None:
    """The model to ask: the wanted one as the server spells it, else the best Devstral, else the first for chat.

    None when the server has no model for chat. A wanted model that the server doesn't list is still the answer: the
    list may be incomplete.
    """
    if wanted:
        return next((name for name in names if same_model(name, wanted)), wanted)
    suitable = [name for name in names if not _NOT_FOR_CHAT.search(name)]
    # `max` keeps the first of equals, so the server's own order decides between quantisations.
    return max(suitable, key=_rank, default=None)


def same_model(listed: str, wanted: str) -> bool:
    """Whether two spellings name one model: Ollama leaves `:latest` out at will, letter case is no difference."""
    return listed.lower().removesuffix(":latest") == wanted.lower().removesuffix(":latest")


def is_devstral(name: str) -> bool:
    """Whether the name says it is a Devstral model."""
    return "devstral" in name.lower()


def _rank(name: str) -> tuple[int, bool]:
    """(generation, whether it is the small one); 0 for what is no Devstral."""
    low = name.lower()
    if not is_devstral(low):
        return 0, False
    if re.search(r"2512|devstral-((small|medium)-)?(2(?![0-9])|latest)", low):
        generation = 3
    else:
        generation = 2 if re.search(r"2507|1\.1", low) else 1
    return generation, "small" in low
