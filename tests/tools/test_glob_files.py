from __future__ import annotations

from collections.abc import Callable

import pytest

from devstral_ls.errors import NotFound, PathRefused
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]

FILES = {"a.py": "", "src/b.py": "", "src/c.ts": "", ".gitignore": "build\n", "build/x.py": ""}


async def test_paths_are_relative_to_the_workspace(given: Given) -> None:
    context = given(FILES)
    assert (await call(context, "glob_files", pattern="**/*.py")).splitlines() == ["a.py", "src/b.py"]
    assert await call(context, "glob_files", pattern="*.{ts,tsx}", path="src") == "src/c.ts"


async def test_staged_files_are_found(given: Given) -> None:
    context = given(FILES)
    await call(context, "write_file", file_path="new/z.py", content="x")
    assert "new/z.py" in (await call(context, "glob_files", pattern="**/*.py")).splitlines()


async def test_nothing_found_says_what_is_not_searched(given: Given) -> None:
    text = await call(given(FILES), "glob_files", pattern="**/*.rs")
    assert text.startswith("No file matches **/*.rs. Files that .gitignore names are not searched")


async def test_many_files_are_bounded(given: Given) -> None:
    text = await call(given({f"f{number:04}": "" for number in range(400)}), "glob_files", pattern="*")
    assert text.splitlines()[-1] == "[300 of 400 files shown; narrow the pattern or give `path`]"


async def test_a_file_or_a_place_outside_can_not_be_searched(given: Given) -> None:
    context = given(FILES)
    with pytest.raises(NotFound, match="must be a directory"):
        await call(context, "glob_files", pattern="*", path="a.py")
    with pytest.raises(PathRefused):
        await call(context, "glob_files", pattern="*", path="..")
