from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.errors import EditRefused, ForModel, NotText, PathRefused
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import call

Given = Callable[..., ToolContext]


def staged(context: ToolContext, name: str) -> str:
    return context.view.read(context.view.resolve(name)).text


async def write(context: ToolContext, name: str, content: str) -> str:
    return await call(context, "write_file", file_path=name, content=content)


async def refusal(context: ToolContext, name: str, content: str = "new\n") -> str:
    with pytest.raises(ForModel) as error:
        await write(context, name, content)
    return str(error.value)


async def test_a_new_file_is_staged_with_its_directories(given: Given, tmp_path: Path) -> None:
    context = given({})
    assert await write(context, "a/b/c.py", "one\ntwo") == "Created a/b/c.py (2 lines)."
    assert staged(context, "a/b/c.py") == "one\ntwo"
    assert not (tmp_path / "a").exists()


async def test_a_created_file_can_be_edited_and_written_again_without_reading(given: Given) -> None:
    context = given({})
    await write(context, "a.py", "one\n")
    await call(context, "edit_file", file_path="a.py", old_string="one", new_string="two")
    await write(context, "a.py", "three\n")
    assert staged(context, "a.py") == "three\n"


async def test_an_existing_file_must_be_read_first_and_whole(given: Given) -> None:
    context = given({"a.txt": "".join(f"{number}\n" for number in range(3000))})
    assert "was not read yet" in await refusal(context, "a.txt")
    await call(context, "read_file", file_path="a.txt")
    assert "Only a part of a.txt was read" in await refusal(context, "a.txt")
    await call(context, "read_file", file_path="a.txt", offset=2001)
    await write(context, "a.txt", "new\n")


async def test_a_file_with_a_line_that_was_cut_was_not_read_whole(given: Given) -> None:
    context = given({"a.txt": "x" * 5000})
    await call(context, "read_file", file_path="a.txt")
    assert "Only a part of a.txt was read" in await refusal(context, "a.txt")


async def test_a_file_changed_since_is_refused(given: Given, tmp_path: Path) -> None:
    context = given({"a.txt": "one\n"})
    await call(context, "read_file", file_path="a.txt")
    (tmp_path / "a.txt").write_text("two\n")
    assert "was changed on disk" in await refusal(context, "a.txt")


async def test_rewriting_shows_what_changed(given: Given) -> None:
    context = given({"a.txt": "1\n2\n3\n4\n5\n6\n7\n"})
    await call(context, "read_file", file_path="a.txt")
    text = await write(context, "a.txt", "1\n2\nthree\n4\n5\n6\n7\n")
    assert text.splitlines() == [
        "Rewrote a.txt (7 lines, +1 -1). Changed lines:",
        "     2\t2",
        "     3\tthree",
        "     4\t4",
    ]


async def test_line_endings_and_final_newline_of_the_file_are_kept(given: Given) -> None:
    context = given({"a.txt": b"one\r\ntwo\r\n"})
    await call(context, "read_file", file_path="a.txt")
    text = await write(context, "a.txt", "one\n2")
    assert staged(context, "a.txt") == "one\r\n2\r\n"
    assert "CRLF line endings were kept" in text
    assert "final newline was kept" in text


async def test_content_with_its_own_carriage_returns_is_left_alone(given: Given) -> None:
    context = given({"a.txt": b"one\r\ntwo\r\n"})
    await call(context, "read_file", file_path="a.txt")
    await write(context, "a.txt", "one\r\nmixed\nx\n")
    assert staged(context, "a.txt") == "one\r\nmixed\nx\n"


async def test_the_same_content_is_refused(given: Given) -> None:
    context = given({"a.txt": "one\n"})
    await call(context, "read_file", file_path="a.txt")
    assert "already has exactly this content" in await refusal(context, "a.txt", "one\n")


async def test_a_file_can_be_emptied(given: Given) -> None:
    context = given({"a.txt": "one\n"})
    await call(context, "read_file", file_path="a.txt")
    await write(context, "a.txt", "")
    assert staged(context, "a.txt") == ""


async def test_copied_line_numbers_are_refused(given: Given) -> None:
    assert "line numbers" in await refusal(given({}), "a.txt", "     1\tone\n     2\ttwo\n")


async def test_directories_binaries_and_places_outside_are_refused(given: Given) -> None:
    context = given({"src/a.py": "x", "b.bin": b"\x00\xff"})
    assert "src is a directory" in await refusal(context, "src")
    assert "is a directory" in await refusal(context, "new/")
    assert "src/a.py is a file" in await refusal(context, "src/a.py/b.py")
    with pytest.raises(NotText):
        await write(context, "b.bin", "text")
    for path in ("../x.py", ".git/hooks/pre-commit", "/tmp/x.py"):
        with pytest.raises(PathRefused):
            await write(context, path, "x")
    with pytest.raises(EditRefused):
        await write(context, "src", "x")
