"""One measured figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """values: one per run, in `unit`. goal: what it should be, in words, or empty."""

    what: str
    unit: str
    values: Sequence[float]
    goal: str = ""
