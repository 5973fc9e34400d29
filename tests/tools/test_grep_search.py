from __future__ import annotations

from collections.abc import Callable

import pytest

from devstral_ls.errors import SearchFailed
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]

FILES = {
    "a.py": "import os\n\ndef total(x):\n    return x\n",
    "src/b.py": "def sub_total():\n    pass\n",
    "c.txt": "total\n",
}


async def test_matches_name_file_and_line(given: Given) -> None:
    text = await call(given(FILES), "grep_search", pattern=r"def \w*total", file_pattern="*.py")
    assert text == "a.py:3: def total(x):\nsrc/b.py:1: def sub_total():"


async def test_context_lines_are_marked(given: Given) -> None:
    text = await call(given(FILES), "grep_search", pattern="def", context_lines=1)
    assert text.splitlines() == [
        "a.py-2- ",
        "a.py:3: def total(x):",
        "a.py-4-     return x",
        "--",
        "src/b.py:1: def sub_total():",
        "src/b.py-2-     pass",
    ]


async def test_case_is_ignored_on_request(given: Given) -> None:
    context = given(FILES)
    assert await call(context, "grep_search", pattern="TOTAL", path="c.txt", case_insensitive=True) == "c.txt:1: total"
    assert await call(context, "grep_search", pattern="TOTAL") == "No line matches TOTAL. Try case_insensitive."


async def test_staged_text_is_what_is_searched(given: Given) -> None:
    context = given(FILES)
    await call(context, "read_file", file_path="c.txt")
    await call(context, "edit_file", file_path="c.txt", old_string="total", new_string="sum")
    assert await call(context, "grep_search", pattern="^sum$") == "c.txt:1: sum"
    assert (await call(context, "grep_search", pattern="total", path="c.txt")).startswith("No line matches")


async def test_nothing_found_explains_regular_expressions(given: Given) -> None:
    text = await call(given(FILES), "grep_search", pattern="total[(]y[)]", path="src", file_pattern="*.py")
    assert text.startswith("No line matches total[(]y[)] in src in files named *.py. The pattern is a regular")


async def test_a_broken_pattern_is_explained(given: Given) -> None:
    with pytest.raises(SearchFailed):
        await call(given(FILES), "grep_search", pattern="total(")


async def test_many_and_long_matches_are_bounded_and_counted(given: Given) -> None:
    context = given({"a.txt": "x\n" * 1000, "min.js": "x" + "y" * 5000})
    lines = (await call(context, "grep_search", pattern="x", path="a.txt")).splitlines()
    assert len(lines) == 201
    assert lines[-1].startswith("[200 of 1000 matches in 1 file shown; narrow with path, file_pattern")
    text = await call(context, "grep_search", pattern="x", path="min.js")
    assert len(text) < 700
