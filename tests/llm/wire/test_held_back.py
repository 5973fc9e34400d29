"""How much of a message is held back while it arrives, against the least that any decoder would have to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.llm.backend import TextPart
from devstral_ls.llm.wire.sieve import Sieve

NAMES = ("read_file", "read", "edit_file", "bash")
MARKERS = (
    *("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "</s>"),
    *("<tool_call>", "<function=", "[TOOL_REQUEST]"),
)
_ID_OR_ARGS = re.compile(r"[A-Za-z0-9]{0,9}(?:\[(?:A(?:R(?:G(?:S)?)?)?|C(?:A(?:L(?:L(?:_(?:I(?:D)?)?)?)?)?)?)?)?")

# Words that begin like names, and signs that begin like markers, in the middle of lines: nothing here is a call.
_WORDS = (
    *("read", "reads", "reading", "read_", "read_files", "re", "edit", "edited", "edit_file", "bash", "bashful"),
    *("rebash", "bash's", "bash-like", "the", "file", "Fichier", "été", "日本", "😀"),
    *("a[0]", "x[i] = {}", "{y}", "dict{"),
    *("[TOOL", "[1]", "[link](url)", "<b>", "</b>", "</", "<", "a < b", "e.g.", "1.5", "`x`", "``", "f(x)", "bash(1)"),
)
prose = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=12).flatmap(
    lambda words: st.lists(
        st.sampled_from([" ", " ", ", ", "\nthe ", " - "]), min_size=len(words), max_size=len(words)
    ).map(lambda gaps: "So " + "".join(word + gap for word, gap in zip(words, gaps, strict=True)) + "end.")
)


def least_to_hold(text: str) -> int:
    """The length of the longest end of `text` that a call or a marker might still begin with."""
    for start in range(max(0, len(text) - 40), len(text)):
        end = text[start:]
        if any(marker.startswith(end) for marker in MARKERS):
            return len(end)
        before = text[:start][-1:]
        inside_word = before != "" and (before.isalnum() or before in "_-") and before < "\u2e80"
        if not inside_word:
            beginning = any(name.startswith(end) for name in NAMES)
            named = any(end.startswith(name) and _ID_OR_ARGS.fullmatch(end[len(name) :]) for name in NAMES)
            if beginning or named:
                return len(end)
    return 0


@settings(max_examples=300)
@given(prose)
def test_prose_streams_as_it_comes_but_for_what_may_begin_a_call(text: str) -> None:
    sieve = Sieve(NAMES)
    passed = 0
    for end, char in enumerate(text, 1):
        passed += sum(len(part.text) for part in sieve.feed(char) if isinstance(part, TextPart))
        assert end - passed <= least_to_hold(text[:end]), (text[:end], end - passed)
    _, sifted = sieve.finish(cut=False)
    assert sifted.text == text


@pytest.mark.parametrize(
    ("text", "decided_at"),
    [
        ('{"color": "red"}', '{"co'),
        ('{"nam": 1}', '{"nam"'),
        ('{"name": "nope", "arguments": {}}', '{"name": "n'),
        ('{"name": "bass"}', '{"name": "bass'),
        ('{"name": ["x"]}', '{"name": ["'),
        ('[{"id": 1, "title": "x"}]', '[{"id": 1, "ti'),
        ("[1, 2]", "[1"),
        ("[ ]", "[ ]"),
        ('["read_file"]', '["'),
        ("{x}", "{x"),
        ('```json\n{"scripts": {}}', '```json\n{"s'),
        ("```python\nx = 1", "```p"),
        ("```\nx = 1", "```\nx"),
        ('{"name": "bash", "version": 2}', '{"name": "bash", "v'),
        ('{"name": "bash", "arguments": [1]}', '{"name": "bash", "arguments": [1'),
        ('{"type": "object", "properties"', '{"type": "o'),
        ('bash{"command": 1} is', 'bash{"command": 1} i'),
        ("bash {", "bash "),
        ("[TOOL_CALLS], they say", "[TOOL_CALLS],"),
        ("[TOOL_CALLS] is a token", "[TOOL_CALLS] is a"),
        ("[THINKING", "[THINKI"),
        ("<tool_calls", "<tool_calls"),
        ("<function=nope>", "<function=nope>"),
        ("<tool_call>x", "<tool_call>x"),
        ("[TOOL_REQUEST] x", "[TOOL_REQUEST] x"),
    ],
)
@pytest.mark.parametrize("before", ["", "First.\n", "First.\n\n"])
def test_an_opening_passes_with_the_character_that_makes_a_call_impossible(
    text: str, decided_at: str, before: str
) -> None:
    if before and text.startswith("```"):
        # Behind other text a fence is an example, whatever is in it.
        decided_at = "```"
    sieve = Sieve(NAMES)
    passed = ""
    for char in before + text:
        passed += "".join(part.text for part in sieve.feed(char) if isinstance(part, TextPart))
        if passed == before + decided_at:
            return
    pytest.fail(f"{decided_at!r} was not passed when it was complete")
