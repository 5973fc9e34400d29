"""Names and arguments of native calls, as parsers leave them."""

from __future__ import annotations

import pytest

from devstral_ls.llm.wire.native import clean_name, read_native

from .strategies import NAMES


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("bash", "bash"),
        (" bash\n", "bash"),
        ("[TOOL_CALLS]bash", "bash"),
        ("bash[ARGS]", "bash"),
        ("bashabcDEF123", "bash"),
        ("read_fileabcDEF123[ARGS]", "read_file"),
        ("bash[CALL_ID]abcDEF123[ARGS]", "bash"),
        ("frobnicates", "frobnicates"),
        ("nopeabcDEF123", "nopeabcDEF123"),
    ],
)
def test_a_name_is_cleaned_of_special_tokens(name: str, clean: str) -> None:
    assert clean_name(name, NAMES) == clean
    calls, _ = read_native(name, "{}", NAMES, cut=False)
    assert [(call.name, call.repaired) for call in calls] == [(clean, clean != name)]


def test_arguments_that_spilled_into_the_name_are_put_back() -> None:
    calls, _ = read_native('bash{"command": ', '"ls"}', NAMES, cut=False)
    assert [(call.name, call.arguments) for call in calls] == [("bash", {"command": "ls"})]


def test_an_array_of_calls_taken_for_one_call_is_read_as_all_of_them() -> None:
    calls, _ = read_native(
        "[", '{"name": "bash", "arguments": {}}, {"name": "read", "arguments": {}}]', NAMES, cut=False
    )
    assert [(call.name, call.repaired) for call in calls] == [("bash", False), ("read", False)]


def test_a_cut_array_of_calls_keeps_the_complete_ones() -> None:
    calls, _ = read_native("[", '{"name": "bash", "arguments": {}}, {"name": "read", "argum', NAMES, cut=True)
    assert [(call.name, call.error) for call in calls] == [("bash", None), ("read", "truncated")]


def test_text_behind_the_arguments_is_handed_back() -> None:
    calls, trailing = read_native("bash", "{}\nDone.", NAMES, cut=False)
    assert ([call.arguments for call in calls], trailing) == ([{}], "\nDone.")


def test_an_entry_without_a_name_is_no_call() -> None:
    assert read_native("", "", NAMES, cut=False) == ([], "")
    assert read_native("[ARGS]", "{}", NAMES, cut=False) == ([], "")
