from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.edits.spans import Edit
from devstral_ls.errors import EditRefused, NotFound
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import Opened, call, workspace

Given = Callable[..., ToolContext]

APP = "".join(f"line {number}\n" for number in range(1, 21))


def staged(context: ToolContext, name: str) -> str:
    return context.view.read(context.view.resolve(name)).text


async def edit(context: ToolContext, name: str, old: str, new: str, **more: object) -> str:
    return await call(context, "edit_file", file_path=name, old_string=old, new_string=new, **more)


async def refusal(context: ToolContext, name: str, old: str, new: str = "new", **more: object) -> str:
    with pytest.raises(EditRefused) as error:
        await edit(context, name, old, new, **more)
    return str(error.value)


async def test_an_edit_is_staged_and_shown_with_fresh_line_numbers(given: Given, tmp_path: Path) -> None:
    context = given({"a.py": APP})
    await call(context, "read_file", file_path="a.py")
    text = await edit(context, "a.py", "line 10\n", "ten\nand a half\n")
    assert text.splitlines() == [
        "Edited a.py in 1 place. It now reads:",
        "     7\tline 7",
        "     8\tline 8",
        "     9\tline 9",
        "    10\tten",
        "    11\tand a half",
        "    12\tline 11",
        "    13\tline 12",
        "    14\tline 13",
        "[lines after 11 moved by +1]",
    ]
    assert "ten\nand a half\n" in staged(context, "a.py")
    assert (tmp_path / "a.py").read_text() == APP


async def test_a_next_edit_needs_no_new_read(given: Given) -> None:
    context = given({"a.py": "one\ntwo\n"})
    await call(context, "read_file", file_path="a.py")
    await edit(context, "a.py", "one", "1")
    await edit(context, "a.py", "two", "2")
    assert staged(context, "a.py") == "1\n2\n"


async def test_what_edits_did_to_a_file_is_kept_until_it_is_rewritten(given: Given) -> None:
    context = given({"a.py": "one\ntwo\n"})
    await call(context, "read_file", file_path="a.py")
    await edit(context, "a.py", "one  \n", "1\n")
    await edit(context, "a.py", "two", "2")
    path = context.view.resolve("a.py")
    made = context.view.overlay.get(path)
    assert made is not None
    assert made.edits == (Edit(0, "one\n", "1\n"), Edit(2, "two", "2"))
    await call(context, "write_file", file_path="a.py", content="1\n2\n3\n")
    made = context.view.overlay.get(path)
    assert made is not None
    assert made.edits is None


async def test_an_edit_of_an_unread_file_is_refused(given: Given) -> None:
    context = given({"a.py": "one\n"})
    assert await refusal(context, "a.py", "one") == (
        "a.py was not read yet. Call read_file on it first, then make the change."
    )


async def test_an_edit_of_a_file_changed_since_it_was_read_is_refused(given: Given, tmp_path: Path) -> None:
    context = given({"a.py": "one\n"})
    await call(context, "read_file", file_path="a.py")
    (tmp_path / "a.py").write_text("one\ntwo\n")
    assert "was changed on disk since you read it" in await refusal(context, "a.py", "one")
    await call(context, "read_file", file_path="a.py")
    await edit(context, "a.py", "one", "1")


async def test_typing_in_the_editor_counts_as_a_change(tmp_path: Path) -> None:
    view = workspace(tmp_path, {"a.py": "one\n"}, {"a.py": "one\n"})
    documents = Opened({tmp_path / "a.py": "one\n"})
    view = type(view)([tmp_path], documents, view.overlay)
    from devstral_ls.tools.reads import Reads

    context = ToolContext(view, Reads())
    await call(context, "read_file", file_path="a.py")
    documents.texts[tmp_path / "a.py"] = "one!\n"
    assert "was changed in the editor since you read it" in await refusal(context, "a.py", "one")


async def test_every_occurrence_is_replaced_on_request(given: Given) -> None:
    context = given({"a.py": "x\n" * 3 + "y\n" * 20 + "x\n"})
    await call(context, "read_file", file_path="a.py")
    text = await edit(context, "a.py", "x", "z", replace_all=True)
    assert staged(context, "a.py") == "z\n" * 3 + "y\n" * 20 + "z\n"
    assert "     1\tz" in text
    assert "   ..." in text
    assert "    24\tz" in text


async def test_many_places_are_shown_in_part(given: Given) -> None:
    context = given({"a.py": "x\n\n\n\n\n\n\n\n" * 100})
    await call(context, "read_file", file_path="a.py")
    text = await edit(context, "a.py", "x", "z", replace_all=True)
    assert text.startswith("Edited a.py in 100 places.")
    assert len(text.splitlines()) < 80
    assert "more changed places not shown]" in text


async def test_line_endings_of_the_file_are_kept(given: Given) -> None:
    context = given({"a.txt": b"one\r\ntwo\r\nthree"})
    await call(context, "read_file", file_path="a.txt")
    await edit(context, "a.txt", "one\ntwo\n", "1\n2\n2b\n")
    assert staged(context, "a.txt") == "1\r\n2\r\n2b\r\nthree"


async def test_the_relaxation_that_was_needed_is_told(given: Given) -> None:
    context = given({"a.py": "if x:\n    y = 1   \n    z = 2\n"})
    await call(context, "read_file", file_path="a.py")
    text = await edit(context, "a.py", "    y = 1\n    z = 2\n", "    y = 3\n    z = 2\n")
    assert "Note: old_string matched " in text


async def test_a_second_failure_suggests_another_way(given: Given) -> None:
    context = given({"a.py": "one\n"})
    await call(context, "read_file", file_path="a.py")
    assert "write_file" not in await refusal(context, "a.py", "completely different text")
    assert "write the whole file with write_file" in await refusal(context, "a.py", "also not in there")
    await edit(context, "a.py", "one", "1")
    assert "write the whole" not in await refusal(context, "a.py", "completely different text")


async def test_text_that_stands_in_another_file_is_found_there(given: Given) -> None:
    context = given({"a.py": "one\n", "b.py": "zero\ndef target():\n"})
    for name in ("a.py", "b.py"):
        await call(context, "read_file", file_path=name)
    text = await refusal(context, "a.py", "def target():\n")
    assert "old_string occurs in b.py, line 2: did you mean that file?" in text


async def test_an_ambiguous_text_is_refused_with_its_lines(given: Given) -> None:
    context = given({"a.py": "x = 1\ny\nx = 1\n"})
    await call(context, "read_file", file_path="a.py")
    text = await refusal(context, "a.py", "x = 1")
    assert "1" in text
    assert "3" in text
    assert staged(context, "a.py") == "x = 1\ny\nx = 1\n"


async def test_a_missing_file_and_a_directory_are_refused(given: Given) -> None:
    context = given({"src/a.py": "x"})
    with pytest.raises(NotFound, match="To create a file use write_file"):
        await edit(context, "none.py", "", "text")
    assert "src is a directory" in await refusal(context, "src", "x")


async def test_a_read_only_file_is_mentioned(given: Given, tmp_path: Path) -> None:
    context = given({"a.py": "one\n"})
    (tmp_path / "a.py").chmod(0o444)
    await call(context, "read_file", file_path="a.py")
    assert "read-only on disk" in await edit(context, "a.py", "one", "1")
