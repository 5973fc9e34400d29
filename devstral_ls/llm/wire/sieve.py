"""Separates what a model says from calls and reasoning that leaked into its text.

Text that might still become a call is held back; everything else passes at once. Each character is looked at a
bounded number of times, however the text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from devstral_ls.llm.backend import CallPart, Part, ReasoningPart, TextPart
from devstral_ls.llm.wire.arguments import read_arguments
from devstral_ls.llm.wire.bodies import Body, Outcome, body_of
from devstral_ls.llm.wire.envelopes import EnvelopeScanner, Found, found
from devstral_ls.llm.wire.heads import END_OF_TEXT, LONGEST, MARKER, THINK_END, Head, Heads, Place
from devstral_ls.llm.wire.json_scan import Scan
from devstral_ls.llm.wire.markdown import CodeTracker

_SPACE = re.compile(r"\s*")
_AFTER_SUSPECT = re.compile(r"[\s.!?)\"'*_]*")


@dataclass(frozen=True, slots=True)
class Sifted:
    """The end of a text. recovered: how calls were found, None when there are none."""

    parts: list[Part]
    text: str
    calls: list[Found]
    recovered: str | None
    suspected_call: bool


@dataclass(slots=True)
class _Group:
    """Calls that stand or fall together, with everything that was written for them."""

    head: Head
    raw: list[str] = field(default_factory=list)
    calls: list[Found] = field(default_factory=list)
    closed: bool = False
