"""Texts made of the pieces that calls are made of, and ways to cut them up."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

NAMES = ("read_file", "edit_file", "bash", "read")

_PIECES = (
    *NAMES,
    *("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "abcDEF123", "[THINK]", "[/THINK]", "</s>", "<s>", "[TOOL_", "[", "<"),
    *("<tool_call>", "</tool_call>", "<function=bash>", "</function>", "<parameter=command>", "</parameter>"),
    *("[TOOL_REQUEST]", "[END_TOOL_REQUEST]", "```", "```json\n", "`", "~~~", "\n", "\n\n", " ", ". ", ".", ":", "="),
    *(
        '{"path": "a"}',
        '{"command": "ls"}',
        '{"command": "ls',
        "{}",
        "{",
        "}",
        "]",
        '"',
        "\\d",
        "{x}",
        "Done",
        "é",
        "🙂",
    ),
    '[{"name": "bash", "arguments": {"command": "ls"}}]',
    '{"name": "read_file", "arguments": {"path": "a"}}',
    '{"name": "read_file", "arguments": ',
    '[{"name": "nope", "arguments": {}}]',
    '{"name": "bash"',
    "I will look",
)

texts = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


def cut(text: str, seeds: Sequence[int]) -> list[str]:
    """`text` in pieces whose lengths follow from `seeds`."""
    pieces = []
    for seed in seeds:
        pieces.append(text[:seed])
        text = text[seed:]
    return [*pieces, text]
