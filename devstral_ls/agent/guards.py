"""What ends a run that is going nowhere: calls made again and again, replies that keep failing the same way."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from devstral_ls.llm.backend import Reply
from devstral_ls.llm.messages import ToolCall

TELL_AT = 3
END_AT = 5
"""How often the same call may give the same result until the model is told, and until the run ends."""

TRUNCATIONS = 2
"""How often in a run the model is asked to write smaller pieces."""

REPEATED = (
    "\n\nThis exact call has now given this result {count} times. Do something else, or answer with what you know."
)
SMALLER = (
    "This call was cut off by the reply's length limit, so nothing was done. Write smaller pieces: create a file with "
    "its first part and add the rest with edit_file, or make several small edits."
)
EMPTY = (
    "Your last reply arrived empty. If you meant to call a tool, call it again. If the task is done, say what you did."
)
PRINTED = (
    "Your last reply contains a tool call printed as text, so nothing was run. If you meant to call the tool, make a "
    "real tool call now. If it was an example, say so."
)
UNREADABLE = (
    "Your last reply could not be read, most likely because of a malformed tool call. Use only the tools that are "
    "offered, with their arguments as one valid JSON object."
)

NUDGES = frozenset({EMPTY, PRINTED, UNREADABLE})
"""What the loop says in the user's place."""


@dataclass(slots=True)
class Repeats:
    """Counts calls that gave the same result before. A staged change is progress, after which looking again is fine."""

    _looks: Counter[tuple[str, str]] = field(default_factory=Counter)
    _changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, call: ToolCall, output: str, *, staged: bool) -> int:
        """How often this call has given this output, this time included. Durations and the like don't make another."""
        arguments = call.raw if call.arguments is None else json.dumps(call.arguments, sort_keys=True, default=str)
        key = (f"{call.name} {arguments}", re.sub(r"\bid \S+|\d+", "0", output))
        if staged:
            self._looks.clear()
        counter = self._changes if staged else self._looks
        counter[key] += 1
        return counter[key]


@dataclass(slots=True)
class Patience:
    """What this run has put up with so far."""

    truncations: int = 0
    bugs: int = 0
    broken: int = 0
    _nudged: set[str] = field(default_factory=set)

    def nudge(self, reply: Reply) -> str | None:
        """What to say to the model about a reply without calls, or None when that reply ends the run.

        Each kind of trouble is mentioned once in a run.
        """
        if reply.finish == "length":
            return None
        if not reply.text.strip():
            return self._once(EMPTY)
        if "suspected_call" in reply.flags:
            return self._once(PRINTED)
        return None

    def _once(self, text: str) -> str | None:
        if text in self._nudged:
            return None
        self._nudged.add(text)
        return text
