"""Text and reasoning in the shapes that servers give them."""

from __future__ import annotations

from typing import Any

import pytest

from devstral_ls.llm.wire.content import text_and_reasoning

_THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "a"}, ("a", "")),
        ({"content": None}, ("", "")),
        ({}, ("", "")),
        ({"content": [{"type": "text", "text": "a"}, "b", {"type": "image_url"}, 3]}, ("ab", "")),
        ({"content": [_THOUGHT, {"type": "text", "text": "a"}]}, ("a", "Hm")),
        ({"content": {"type": "text", "text": "a"}}, ("a", "")),
        ({"content": [{"type": "thinking", "thinking": "Hm"}]}, ("", "Hm")),
        ({"content": "a", "reasoning": "Hm"}, ("a", "Hm")),
        ({"content": "a", "reasoning": None, "reasoning_content": "Hm"}, ("a", "Hm")),
        ({"content": "a", "reasoning": "Hm", "reasoning_content": "Hm"}, ("a", "Hm")),
        ({"content": 3, "reasoning": ["x"]}, ("", "x")),
        ({"content": None, "reasoning": 3}, ("", "")),
    ],
)
def test_text_and_reasoning_are_found(message: dict[str, Any], expected: tuple[str, str]) -> None:
    assert text_and_reasoning(message) == expected
