"""A call's arguments in every state they arrive in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstral_ls.llm.wire.arguments import Arguments, read_arguments


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"path": "a"}', {"path": "a"}),
        (' \n{"path":\t"a"} ', {"path": "a"}),
        ("", {}),
        ("{}", {}),
        ('{"a": "\\u003cb\\ud83d\\ude42"}', {"a": "<b🙂"}),
    ],
)
def test_sound_arguments_need_no_repair(raw: str, value: Any) -> None:
    assert read_arguments(raw, cut=False) == Arguments(value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"a": "x\ny\tz"}', {"a": "x\ny\tz"}),
        ('{"a": "grep \\d+\\."}', {"a": "grep \\d+\\."}),
        ('{"a": "\\u12"}', {"a": "\\u12"}),
        ('[ARGS]{"a": 1}[ARGS]', {"a": 1}),
        ('{"a": 1}</s>', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ("null", {}),
        ('{"a": 1}}]', {"a": 1}),
        ('{"a": 1}{"a": 1}', {"a": 1}),
        ('{}{"a": 1}', {"a": 1}),
        ('{"path": "a.py, "n": 1{"path": "a.py", "n": 1}', {"path": "a.py", "n": 1}),
        ('{"a":, "b": 4{"a": 3, "b": 4}', {"a": 3, "b": 4}),
        ('{"a":{"a": 3}', {"a": 3}),
        ('{"a": "\\ud800"}', {"a": "\ufffd"}),
    ],
)
def test_damaged_arguments_are_repaired(raw: str, value: Any) -> None:
    read = read_arguments(raw, cut=False)
    assert (read.value, read.error) == (value, None)
    assert read.repaired or "ud800" in raw


@pytest.mark.parametrize(
    ("raw", "cut", "error"),
    [
        ('{"a": "x', False, "truncated"),
        ('{"a": "x', True, "truncated"),
        ("", True, "truncated"),
        ('{"a": {"b": 1}', False, "truncated"),
        ('{"a":{"a": 3}', True, "truncated"),
        ('{"a": "b" c"}', False, "invalid_json"),
        ("{a: 1}", False, "invalid_json"),
        ('{"a": NaN}', False, "invalid_json"),
        ('{"a": 01}', False, "invalid_json"),
        ("ls -l", False, "invalid_json"),
        ("[1, 2]", False, "not_object"),
        ('"ls"', False, "not_object"),
        ("3", False, "not_object"),
    ],
)
def test_what_is_no_object_is_told_apart(raw: str, cut: bool, error: str) -> None:
    read = read_arguments(raw, cut=cut)
    assert (read.value, read.error) == (None, error)


def test_prose_behind_the_json_is_handed_back() -> None:
    assert read_arguments('{"a": 1}\n\nDone.', cut=False) == Arguments({"a": 1}, None, True, "\n\nDone.")


@given(st.text(alphabet='{}[]":,\\ \nab1\ud800é', max_size=30), st.booleans())
def test_no_text_raises(raw: str, cut: bool) -> None:
    read = read_arguments(raw, cut=cut)
    assert (read.value is None) == (read.error is not None)


def test_deep_nesting_is_invalid_not_fatal() -> None:
    assert read_arguments('{"a":' * 100_000 + "1" + "}" * 100_000, cut=False).error == "invalid_json"
