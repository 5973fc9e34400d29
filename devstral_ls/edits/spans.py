"""What exact replacements did to a text, one after another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """`old`, which stands at offset `start`, becomes `new`; of several, each is of the text the one before made."""

    start: int
    old: str
    new: str
