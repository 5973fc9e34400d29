from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.diff import Hunk, apply_hunks, diff_lines, diff_sequences
from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.sliding import settled

PYTHON = "@cache\ndef f():\n    return 1\n\n\n@cache\ndef h():\n    return 3\n"
ADDED = "@cache\ndef g():\n    return 2\n\n\n"
BRACES = "void f() {\n    a();\n}\n\nvoid h() {\n    a();\n}\n"


@pytest.mark.parametrize(
    ("old", "new", "hunk"),
    [
        pytest.param(
            PYTHON,
            PYTHON.replace("@cache\ndef h", ADDED + "@cache\ndef h"),
            Hunk(5, 5, tuple(split_lines(ADDED))),
            id="a decorated function",
        ),
        pytest.param(
            PYTHON.replace("@cache\ndef h", ADDED + "@cache\ndef h"), PYTHON, Hunk(5, 10, ()), id="the same deleted"
        ),
        pytest.param(
            BRACES,
            BRACES.replace("void h", "void g() {\n    a();\n}\n\nvoid h"),
            Hunk(4, 4, ("void g() {\n", "    a();\n", "}\n", "\n")),
            id="a function in braces",
        ),
        pytest.param(
            BRACES,
            BRACES + "\nvoid i() {\n    a();\n}\n",
            Hunk(7, 7, ("\n", "void i() {\n", "    a();\n", "}\n")),
            id="a last function in braces",
        ),
        pytest.param(
            "if a:\n    x()\n    if b:\n        y()\n",
            "if a:\n    x()\n    if c:\n        y()\n    if b:\n        y()\n",
            Hunk(2, 2, ("    if c:\n", "        y()\n")),
            id="a nested block",
        ),
    ],
)
def test_a_block_stands_where_a_reader_would_see_it(old: str, new: str, hunk: Hunk) -> None:
    assert diff_lines(old, new) == (hunk,)


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  a\n", "\t}\n"]), max_size=20)


@settings(deadline=None)
@given(LINES, LINES)
def test_moving_blocks_changes_no_text_and_keeps_them_apart(old: list[str], new: list[str]) -> None:
    found = diff_sequences(old, new)
    hunks = settled(old, found)
    assert apply_hunks("".join(old), hunks) == "".join(new)
    sizes = [[(hunk.old_end - hunk.old_start, len(hunk.new_lines)) for hunk in some] for some in (found, hunks)]
    assert sizes[0] == sizes[1]
    end = -1
    for hunk in hunks:
        assert end < hunk.old_start <= hunk.old_end <= len(old)
        end = hunk.old_end
