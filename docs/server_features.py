"""What is proven for which model server: the cases of the test suite, decoded here and counted by what they show."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devstral_ls.llm.replay import differences, run_case
from devstral_ls.scripted.manners import MANNERS, Manner, Reply, frames
from devstral_ls.scripted.script import Call, Turn

CASES = Path(__file__).parents[1] / "tests" / "llm"

Case = Mapping[str, Any]

SERVERS = {
    "vLLM": ("vllm",),
    "Ollama": ("ollama",),
    "llama.cpp": ("llama.cpp",),
    "Mistral API": ("mistral",),
    "LM Studio": ("lmstudio",),
    "transformers serve": ("transformers",),
}
"""Titles, and how the names of their cases' servers begin. What is left is said to hold for any server."""


def features_table() -> str:
    """A row per feature, a column per server: how many cases show it, all of them decoded as expected."""
    counts = Counter(
        (feature, _title(case))
        for case in cases()
        if _holds(case)
        for feature, shows in FEATURES.items()
        if shows(case)
    )
    titles = [*SERVERS, "any server"]
    rows = [f"| | {' | '.join(titles)} |", "|---|" + "--:|" * len(titles)]
    for feature in FEATURES:
        cells = [str(counts[feature, title] or "") for title in titles]
        rows.append(f"| {feature} | {' | '.join(cells)} |")
    return "\n".join(rows)


def cases() -> Iterator[Case]:
    """Recorded cases, cases of our own, and what the scripted server says in each manner."""
    for name in ("wire_cases.json", "own_cases.json"):
        yield from json.loads((CASES / name).read_bytes())["cases"]
    turn = Turn("Reading.", "hm", [Call("read_file", {"path": "a & b"}), Call("list")], usage=(9, 5))
    expected = {
        "text": "Reading.",
        "tool_calls": [{"name": "read_file", "arguments": {"path": "a & b"}}, {"name": "list", "arguments": {}}],
        "finish": "tool_calls",
        "reasoning": "hm",
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
    }
    for manner in MANNERS:
        more: dict[str, Any] = {"flags": ["empty_call_dropped"]} if manner == "lmstudio" else {}
        yield (
            _scripted(manner, turn, {**expected, **more})
            if manner != "transformers"
            else _scripted(
                manner,
                # It prints its calls, and knows no reasoning.
                replace(turn, reasoning=""),
                {key: value for key, value in expected.items() if key != "reasoning"}
                | {"recovered": "stripped_marker"},
            )
        )


def _scripted(manner: Manner, turn: Turn, expected: Mapping[str, Any]) -> Case:
    made = frames(manner, Reply(turn, "m", 1, 9, include_usage=True))
    stream = [*made.body, *made.end]
    return {"server": manner, "tools": ["read_file", "list"], "stream": stream, "expected": expected}


def _holds(case: Case) -> bool:
    return not differences(case["expected"], run_case(case))


def _title(case: Case) -> str:
    return next((title for title, names in SERVERS.items() if case["server"].startswith(names)), "any server")


def _calls(case: Case) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = case["expected"].get("tool_calls", [])
    return calls


def _native(case: Case) -> bool:
    return bool(_calls(case)) and "recovered" not in case["expected"]


def _in_pieces(case: Case) -> bool:
    return _native(case) and _call_deltas(case) > len(_calls(case))


def _in_one_piece(case: Case) -> bool:
    return _native(case) and 0 < _call_deltas(case) <= len(_calls(case))


def _call_deltas(case: Case) -> int:
    """How many entries of `tool_calls` the stream has."""
    text = "".join(frame if isinstance(frame, str) else json.dumps(frame) for frame in case.get("stream", ()))
    return text.replace(" ", "").count('"function":{')


def _flagged(*flags: str) -> Callable[[Case], bool]:
    return lambda case: not set(flags).isdisjoint(case["expected"].get("flags", ()))


FEATURES: Mapping[str, Callable[[Case], bool]] = {
    "Calls streamed in pieces": _in_pieces,
    "Calls streamed whole": _in_one_piece,
    "Several calls in one reply": lambda case: len(_calls(case)) > 1,
    "Replies that are not streamed": lambda case: "http" in case and case["http"]["status"] == 200,
    "Reasoning, in whatever field or token": lambda case: "reasoning" in case["expected"],
    "Token counts, wherever they stand": lambda case: "usage" in case["expected"],
    "Streams without `[DONE]`": lambda case: "stream" in case and "[DONE]" not in json.dumps(case["stream"]),
    "Calls that leaked into the text": lambda case: "recovered" in case["expected"],
    "Text that only looks like a call": lambda case: case.get("category") == "false-positive",
    "Names and arguments repaired": lambda case: any(call.get("repaired") for call in _calls(case)),
    "Calls cut off: reported, never run": lambda case: any(call.get("error") == "truncated" for call in _calls(case)),
    "Arguments beyond repair: reported": lambda case: any(
        call.get("error") in ("invalid_json", "not_object") for call in _calls(case)
    ),
    "Replies that the server lost: noticed": _flagged(
        "empty_response", "ollama_swallowed_error", "tool_calls_without_calls"
    ),
    "Errors in the middle of a stream": lambda case: case["expected"].get("finish") == "error",
    "HTTP errors, by what they mean": lambda case: "http" in case and case["http"]["status"] != 200,
    "A conversation too long for the model": lambda case: (
        case["expected"].get("error", {}).get("kind") == "context_overflow"
    ),
}
