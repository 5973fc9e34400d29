"""Calls that leaked into text: found, held back while undecided, and never dropped."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.backend import CallPart, Part, ReasoningPart, TextPart
from devstral_ls.llm.wire.passed import Sifted
from devstral_ls.llm.wire.sieve import Sieve

from .strategies import NAMES, cut, texts


def sift(*pieces: str, cut: bool = False, names: tuple[str, ...] = NAMES) -> tuple[list[Part], Sifted]:
    sieve = Sieve(names)
    parts = [part for piece in pieces for part in sieve.feed(piece)]
    last, sifted = sieve.finish(cut=cut)
    return parts + last, sifted


def calls(sifted: Sifted) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments if call.error is None else call.error) for call in sifted.calls]


def said(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextPart))


BASH = ("bash", {"command": "ls"})
READ = ("read_file", {"path": "a"})


@pytest.mark.parametrize(
    ("text", "expected", "rest", "recovered"),
    [
        ('[TOOL_CALLS][{"name": "bash", "arguments": {"command": "ls"}, "id": "abcDEF123"}]</s>', [BASH], "", "marker"),
        ('[TOOL_CALLS] [{"name": "bash", "arguments": {"command": "ls"}}]', [BASH], "", "marker"),
        ('[TOOL_CALLS]{"name": "bash", "arguments": {"command": "ls"}}', [BASH], "", "marker"),
        ('Look.[TOOL_CALLS]bash[CALL_ID]abcDEF123[ARGS]{"command": "ls"}', [BASH], "Look.", "marker"),
        ('[TOOL_CALLS]bash[ARGS]{"command": "ls"}[TOOL_CALLS]read_file[ARGS]{"path": "a"}', [BASH, READ], "", "marker"),
        ('Look.\n[TOOL_CALLS]bash{"command": "ls"}', [BASH], "Look.", "marker"),
        ('[TOOL_CALLS][TOOL_CALLS] bash [ARGS] {"command": "ls"}', [BASH], "", "marker"),
        ('Look.\n\n[TOOL_CALLS]bash[ARGS]{"command": "ls"}\n\nDone.', [BASH], "Look.\n\nDone.", "marker"),
        ('[TOOL_CALLS]nope[ARGS]{"x": 1}', [("nope", {"x": 1})], "", "marker"),
        ("[TOOL_CALLS]read_file[ARGS]", [("read_file", {})], "", "marker"),
        ('[TOOL_CALLS]bash[ARGS]{"command": "echo "hi""}', [("bash", "invalid_json")], "", "marker"),
        ("[TOOL_CALLS]bash[ARGS][1, 2]", [("bash", "not_object")], "", "marker"),
        ('[TOOL_CALLS]bash[ARGS]{"command": "l', [("bash", "truncated")], "", "marker"),
        ('bash[ARGS]{"command": "ls"} and on', [BASH], "and on", "stripped_marker"),
        ('Look.bash{"command": "ls"}read_file{"path": "a"}', [BASH, READ], "Look.", "stripped_marker"),
        ('bashabcDEF123{"command": "ls"}', [BASH], "", "stripped_marker"),
        ('{"name": "bash", "arguments": {"command": "ls"}}', [BASH], "", "json"),
        ('{"name": "bash", "parameters": {"command": "ls"}}', [BASH], "", "json"),
        ('{"name": "bash", "arguments": "{\\"command\\": \\"ls\\"}"}', [BASH], "", "json"),
        ('[{"type": "function", "function": {"name": "bash", "arguments": {"command": "ls"}}}]', [BASH], "", "json"),
        (
            '{"name": "bash", "arguments": {"command": "ls"}}\n{"name": "read_file", "arguments": {"path": "a"}}',
            [BASH, READ],
            "",
            "json",
        ),
        ('```json\n[{"name": "bash", "arguments": {"command": "ls"}}]\n```', [BASH], "", "json"),
        ('Look:\n\n{"name": "bash", "arguments": {"command": "ls"}}', [BASH], "Look:", "json_after_text"),
        ('Look.[{"name": "bash", "arguments": {"command": "ls"}}]', [BASH], "Look.", "json_after_text"),
        ('<tool_call>\n{"name": "bash", "arguments": {"command": "ls"}}', [BASH], "", "xml"),
        ('[TOOL_REQUEST]{"name": "bash", "arguments": {"command": "ls"}}[END_TOOL_REQUEST]', [BASH], "", "xml"),
        ("<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>", [BASH], "", "xml"),
    ],
)
def test_every_leaked_syntax_is_a_call(text: str, expected: list[Any], rest: str, recovered: str) -> None:
    _, sifted = sift(text)
    assert (calls(sifted), sifted.text, sifted.recovered) == (expected, rest, recovered)


@pytest.mark.parametrize(
    "text",
    [
        "The format is [TOOL_CALLS]name[ARGS]{...}, then more.",
        'The format is [TOOL_CALLS]bash[ARGS]{"key": value} here.',
        'Use `[TOOL_CALLS]bash[ARGS]{"command": "ls"}`.',
        'Like this:\n```\n[TOOL_CALLS]bash[ARGS]{"command": "ls"}\n```',
        '~~~\nbash[ARGS]{"command": "ls"}\n~~~',
        'nope[ARGS]{"x": 1}',
        "Then return read_file{}",
        'rebash{"command": "ls"}',
        'bash{"command": "ls"} lists files.',
        'bash{"command": "l',
        '{"name": "nope", "arguments": {}}',
        '{"name": "bash", "arguments": ["-l"]}',
        '{"name": "bash", "arguments": {"command": "ls"}, "version": 1}',
        '{"name": "bash", "arguments": {"command": "ls"}} lists files.',
        '[{"name": "bash", "arguments": {"command": "ls"}}, 1]',
        '{"name": "bash", "parameters": {"type": "object", "properties": {"command": {}}}}',
        'For example:\n```json\n{"name": "bash", "arguments": {"command": "ls"}}\n```',
        '```json\n{"name": "bash", "arguments": {"command": "ls"}}\n```\nlists files.',
        'tools = [{"name": "bash", "arguments": {"command": "ls"}}]',
        'Write <tool_call>{"name": "bash", "arguments": {}}</tool_call> for that.',
        "<function=nope><parameter=x>1</parameter></function>",
        "[1, 2]\n[link](there)\n{}\n[]",
        "<s>old</s>",
        "the [THINK] token",
    ],
)
def test_what_only_resembles_a_call_stays_text(text: str) -> None:
    parts, sifted = sift(text)
    assert (sifted.text, sifted.calls, sifted.suspected_call) == (text, [], False)
    assert said(parts) == text


@pytest.mark.parametrize(
    ("text", "expected", "recovered"),
    [
        ('[TOOL_CALLS]bash[ARGS]{"command": "l', [("bash", "truncated")], "marker"),
        ("[TOOL_CALLS]bash[ARGS]", [("bash", "truncated")], "marker"),
        ("[TOOL_CALLS]edit_fi", [("edit_fi", "truncated")], "marker"),
        ('bash{"command": "l', [("bash", "truncated")], "stripped_marker"),
        ('[{"name": "bash", "arguments": {"comm', [("bash", "truncated")], "json_truncated"),
        (
            '[{"name": "bash", "arguments": {"command": "ls"}}, {"name": "read_file", "arguments": {',
            [BASH, ("read_file", "truncated")],
            "json_truncated",
        ),
        ("<function=bash><parameter=command>l", [("bash", "truncated")], "xml"),
    ],
)
def test_a_call_that_was_cut_off_is_surfaced_without_arguments(text: str, expected: list[Any], recovered: str) -> None:
    _, sifted = sift(text, cut=True)
    assert (calls(sifted), sifted.text, sifted.recovered) == (expected, "", recovered)


@pytest.mark.parametrize(
    "text",
    [
        'Sure: {"name": "bash", "arguments": {"command": "ls"}}',
        'For example, one could send [{"name": "bash", "arguments": {"command": "ls"}}].',
    ],
)
def test_a_call_printed_behind_text_on_its_line_is_suspected(text: str) -> None:
    _, sifted = sift(text)
    assert (sifted.text, sifted.calls, sifted.suspected_call) == (text, [], True)


@pytest.mark.parametrize("text", ['[{"name": "bash", "arguments": {}}]', '[TOOL_CALLS]bash[ARGS]{"command": "ls"}'])
def test_without_tools_on_offer_text_is_text(text: str) -> None:
    _, sifted = sift(text, names=())
    assert (sifted.text, sifted.calls) == (text, [])


def test_leaked_reasoning_is_reasoning_and_calls_after_it_open_the_message() -> None:
    parts, sifted = sift("[THINK]Hm, [/", 'THINK][{"name": "bash", "arguments": {"command": "ls"}}]')
    assert (sifted.reasoning, sifted.recovered) == ("Hm, ", "json")
    assert parts == [ReasoningPart("Hm, "), CallPart("bash")]


@pytest.mark.parametrize(
    ("pieces", "passed"),
    [
        (["Hello", " there", " {x}"], ["Hello", " there", " {x}"]),
        (["See [", "1]"], ["See ", "[1]"]),
        (["[", "link"], ["", "[link"]),
        (['{"na', 'me": "n', "o"], ["", '{"name": "n', "o"]),
        (['{"', 'color": 1'], ["", '{"color": 1']),
        (["use ba", "sh or r", "un"], ["use ", "bash or ", "run"]),
        (["bash", "ing", " "], ["", "", "bashing "]),
        (["a <", "p>"], ["a ", "<p>"]),
        (["```py", "thon\n["], ["```py", "thon\n["]),
        (["```js", "on\n", "{", '"x'], ["", "", "", '```json\n{"x']),
        (['{"name": "ba', "rk"], ["", '{"name": "bark']),
    ],
)
def test_no_more_is_held_back_than_might_become_a_call(pieces: list[str], passed: list[str]) -> None:
    sieve = Sieve(NAMES)
    assert [said(sieve.feed(piece)) for piece in pieces] == passed


def test_a_marked_call_is_announced_while_its_arguments_arrive() -> None:
    sieve = Sieve(NAMES)
    assert sieve.feed("Look.[TOOL_CALLS]bash[ARGS]{") == [TextPart("Look."), CallPart("bash")]
    assert sieve.feed('"command": "ls"}') == []
    assert sieve.feed("\nDone.") == [TextPart("\nDone.")]


def test_a_native_call_turns_what_was_held_back_into_text() -> None:
    sieve = Sieve(NAMES)
    held = '[TOOL_CALLS]bash[ARGS]{"command": "ls"}[{"name": "bash", '
    assert said(sieve.feed(held)) == ""
    assert said(sieve.stop_recovering()) == held
    assert said(sieve.feed('"arguments": {}}]')) == '"arguments": {}}]'
    _, sifted = sieve.finish(cut=False)
    assert (sifted.text, sifted.calls) == (held + '"arguments": {}}]', [])


@given(texts, st.lists(st.integers(0, 20), max_size=20), st.booleans())
def test_how_the_text_is_cut_makes_no_difference(text: str, seeds: list[int], end: bool) -> None:
    assert sift(*cut(text, seeds), cut=end)[1] == sift(text, cut=end)[1]
    assert sift(*text, cut=end)[1] == sift(text, cut=end)[1]


@given(texts, st.lists(st.integers(0, 20), max_size=20), st.booleans())
def test_text_without_calls_passes_whole(text: str, seeds: list[int], end: bool) -> None:
    parts, sifted = sift(*cut(text, seeds), cut=end)
    assert "".join(said(parts).split()) == "".join(sifted.text.split())
    if not sifted.calls and not sifted.reasoning and "[THINK]" not in text:
        assert sifted.text in (text, text.rstrip().removesuffix("</s>"))
