from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.errors import NotFound
from devstral_ls.tools.reads import Reads
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View
from tests.tools.workspaces import Opened, call

Given = Callable[..., ToolContext]

FILES = {"a.py": "", "src/b.py": "", "src/c.txt": "", "src/deep/d.py": "", ".gitignore": "*.log\n", "x.log": ""}


async def test_names_are_listed_with_directories_marked(given: Given) -> None:
    text = await call(given(FILES), "list_directory", path=".")
    assert text.splitlines() == ["./ (4 entries)", ".gitignore", "a.py", "src/", "x.log"]


async def test_staged_files_and_directories_are_listed(given: Given) -> None:
    context = given(FILES)
    await call(context, "write_file", file_path="fresh/new.py", content="x")
    assert "fresh/" in (await call(context, "list_directory", path=".")).splitlines()


async def test_all_files_below_are_listed_except_ignored_ones(given: Given) -> None:
    text = await call(given(FILES), "list_directory", path=".", recursive=True)
    assert text.splitlines()[1:] == [".gitignore", "a.py", "src/b.py", "src/c.txt", "src/deep/d.py"]


async def test_a_pattern_narrows_the_list(given: Given) -> None:
    context = given(FILES)
    assert await call(context, "list_directory", path="src", pattern="*.py") == "src/ (1 entry)\nb.py"
    text = await call(context, "list_directory", path="src", recursive=True, pattern="*.py")
    assert text.splitlines()[1:] == ["b.py", "deep/d.py"]
    text = await call(context, "list_directory", path=".", pattern="**/*.py")
    assert text.splitlines()[1:] == ["a.py", "src/b.py", "src/deep/d.py"]
    assert await call(context, "list_directory", path="src", pattern="*.rs") == "Nothing in src matches *.rs."


async def test_a_long_list_is_bounded_and_says_how_to_narrow(given: Given) -> None:
    context = given({f"f{number:04}": "" for number in range(700)})
    text = await call(context, "list_directory", path=".")
    assert text.splitlines()[-1].startswith("[500 of 700 shown; list a subdirectory or give a pattern")


async def test_an_empty_directory_a_file_and_nothing_are_told_apart(given: Given, tmp_path: Path) -> None:
    context = given(FILES)
    (tmp_path / "empty").mkdir()
    assert await call(context, "list_directory", path="empty") == "empty is empty."
    with pytest.raises(NotFound, match="is a file"):
        await call(context, "list_directory", path="a.py")
    with pytest.raises(NotFound, match="does not exist"):
        await call(context, "list_directory", path="none")


async def test_several_workspace_folders_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("front", "back"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text("x")
    context = ToolContext(View([tmp_path / "front", tmp_path / "back"], Opened(), Overlay()), Reads())
    text = await call(context, "list_directory", path=".")
    assert text.splitlines()[1:] == ["front/", "back/"]
    assert (await call(context, "list_directory", path="back")).splitlines() == ["back/ (1 entry)", "main.py"]
    assert (await call(context, "glob_files", pattern="*.py")).splitlines() == ["front/main.py", "back/main.py"]
