from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.errors import InvalidArguments, NotFound, NotText, PathRefused
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]


async def test_lines_are_numbered(given: Given) -> None:
    context = given({"a.py": "one\r\n\n\tthree"})
    assert await call(context, "read_file", file_path="a.py") == "     1\tone\n     2\t\n     3\t\tthree"


async def test_the_editors_unsaved_text_is_read(given: Given) -> None:
    context = given({"a.py": "disk\n"}, {"a.py": "unsaved\n"})
    assert await call(context, "read_file", file_path="a.py") == "     1\tunsaved"


async def test_only_line_endings_separate_lines(given: Given) -> None:
    context = given({"a.txt": "a\x0cb\u2028c\x85d\n"})
    assert await call(context, "read_file", file_path="a.txt") == "     1\ta\x0cb\u2028c\x85d"


async def test_a_part_says_where_it_is(given: Given) -> None:
    context = given({"a.txt": "".join(f"l{number}\n" for number in range(1, 11))})
    text = await call(context, "read_file", file_path="a.txt", offset=3, limit=2)
    assert text == "     3\tl3\n     4\tl4\n[lines 3-4 of 10; call read_file with offset=5 for more]"
    assert await call(context, "read_file", file_path="a.txt", offset=10) == "    10\tl10\n[lines 10-10 of 10]"
    assert await call(context, "read_file", file_path="a.txt", offset=-1) == "    10\tl10\n[lines 10-10 of 10]"
    assert (await call(context, "read_file", file_path="a.txt", offset=0)).startswith("     1\tl1\n")


async def test_a_long_file_is_shown_in_pieces(given: Given) -> None:
    context = given({"a.txt": "".join(f"l{number}\n" for number in range(1, 5322))})
    text = await call(context, "read_file", file_path="a.txt")
    assert text.splitlines()[-1] == "[lines 1-2000 of 5321; call read_file with offset=2001 for more]"
    text = await call(context, "read_file", file_path="a.txt", limit=100_000)
    assert text.count("\n") == 2000


async def test_a_wide_file_is_bounded_in_bytes_and_long_lines_are_cut(given: Given) -> None:
    context = given({"a.txt": ("é" * 1500 + "\n") * 100, "min.js": "x" * 10_000})
    text = await call(context, "read_file", file_path="a.txt")
    assert len(text.encode()) < 62_000
    assert text.endswith("call read_file with offset=21 for more]")
    text = await call(context, "read_file", file_path="min.js")
    assert text == f"     1\t{'x' * 2000}… [cut: 8000 more characters in this line]"


async def test_an_empty_file_is_said_to_be_empty(given: Given) -> None:
    assert await call(given({"a.txt": ""}), "read_file", file_path="a.txt") == "[a.txt is empty: 0 lines]"


async def test_an_offset_past_the_end_is_refused_with_the_length(given: Given) -> None:
    with pytest.raises(InvalidArguments, match=r"a\.txt has only 2 lines; offset=9 is past its end"):
        await call(given({"a.txt": "1\n2\n"}), "read_file", file_path="a.txt", offset=9)


async def test_a_directory_is_refused_with_the_right_tool(given: Given) -> None:
    with pytest.raises(NotText, match=r'src is a directory\. Call list_directory with \{"path": "src"\}'):
        await call(given({"src/a.py": ""}), "read_file", file_path="src")


async def test_a_missing_file_is_refused_with_files_of_that_name(given: Given) -> None:
    context = given({"lib/deep/app.py": "x", "other.py": ""})
    with pytest.raises(NotFound, match=r"src/app\.py does not exist\. Did you mean lib/deep/app\.py\?"):
        await call(context, "read_file", file_path="src/app.py")
    with pytest.raises(NotFound, match=r"no\[1\]\.py does not exist\. Use glob_files"):
        await call(context, "read_file", file_path="no[1].py")


async def test_binary_files_and_paths_outside_are_refused(given: Given, tmp_path: Path) -> None:
    context = given({"a.bin": b"\x00\x01\xff", ".git/config": "x"})
    with pytest.raises(NotText):
        await call(context, "read_file", file_path="a.bin")
    for path in ("../secret", "/etc/passwd", ".git/config", ".GIT/config"):
        with pytest.raises(PathRefused):
            await call(context, "read_file", file_path=path)
    os.symlink("/etc/passwd", tmp_path / "link")  # noqa: PTH211
    with pytest.raises(PathRefused):
        await call(context, "read_file", file_path="link")
