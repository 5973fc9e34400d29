"""What a WorkspaceEdit makes of files: positions, overlaps, versions, creations, deletions, renames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli.workspace_edit import Content, EditConflict, apply_text_edits, plan


def change(start: tuple[int, int], end: tuple[int, int], new: str) -> dict[str, Any]:
    positions = [{"line": line, "character": character} for line, character in (start, end)]
    return {"range": {"start": positions[0], "end": positions[1]}, "newText": new}


@dataclass
class InMemory:
    """Files as a dict; `/name` is the path of `file:///name`."""

    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, int] = field(default_factory=dict[str, int])

    def path(self, uri: str) -> Path:
        return Path("/" + uri.removeprefix("file:///"))

    def kind(self, path: Path) -> str | None:
        return "file" if path.name in self.texts else None

    def text(self, path: Path) -> str:
        return self.texts[path.name]

    def version(self, uri: str) -> int | None:
        return self.versions.get(uri)


def edit_of(name: str, version: int | None, *edits: Mapping[str, Any]) -> dict[str, Any]:
    return {"textDocument": {"uri": f"file:///{name}", "version": version}, "edits": list(edits)}


@pytest.mark.parametrize(
    ("text", "edits", "expected"),
    [
        ("one\ntwo\n", [change((1, 0), (1, 3), "2")], "one\n2\n"),
        ("one\r\ntwo\r\n", [change((0, 3), (0, 3), "!"), change((1, 0), (1, 0), "> ")], "one!\r\n> two\r\n"),
        ("a\rb\r", [change((1, 0), (1, 1), "c")], "a\rc\r"),
        ("a\x0cb\u2028c\nd", [change((1, 0), (1, 1), "e")], "a\x0cb\u2028c\ne"),
        ("", [change((0, 0), (0, 0), "new\n")], "new\n"),
        ("last", [change((0, 4), (0, 4), "\n")], "last\n"),
        ("ab", [change((0, 1), (0, 1), "1"), change((0, 1), (0, 1), "2")], "a12b"),
        ("abc", [change((0, 2), (0, 3), "C"), change((0, 0), (0, 1), "A")], "AbC"),
        ("abc", [change((0, 0), (0, 1), "x"), change((0, 1), (0, 2), "y")], "xyc"),
        ("a\nb\nc\n", [change((0, 0), (2, 0), "")], "c\n"),
    ],
)
def test_edits_give_the_text_that_lsp_says(text: str, edits: list[dict[str, Any]], expected: str) -> None:
    assert apply_text_edits(text, edits) == expected


def test_an_astral_character_counts_two_positions() -> None:
    assert apply_text_edits("😀é = 1\n", [change((0, 3), (0, 3), "_")]) == "😀é_ = 1\n"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (change((0, 1), (0, 1), "x"), "line 1 has no position 1"),
        (change((0, 9), (0, 9), "x"), "line 1 has no position 9"),
        (change((0, -1), (0, 0), "x"), "line 1 has no position -1"),
        (change((7, 0), (7, 0), "x"), "there is no line 8; the file has 2"),
        (change((0, 2), (0, 0), "x"), "ends before it starts"),
    ],
)
def test_a_position_that_is_not_there_is_refused(edit: dict[str, Any], reason: str) -> None:
    with pytest.raises(EditConflict, match=reason):
        apply_text_edits("😀a\n", [edit])


@pytest.mark.parametrize(
    "edits",
    [
        [change((0, 0), (0, 2), "x"), change((0, 1), (0, 3), "y")],
        [change((0, 0), (0, 3), "x"), change((0, 1), (0, 1), "y")],
        [change((0, 0), (0, 3), "x"), change((0, 0), (0, 3), "y")],
    ],
)
def test_overlapping_edits_are_refused(edits: list[dict[str, Any]]) -> None:
    with pytest.raises(EditConflict, match="overlap"):
        apply_text_edits("abc\n", edits)


def test_an_edit_for_another_version_is_refused() -> None:
    files = InMemory({"a.py": "x\n"}, {"file:///a.py": 2})
    with pytest.raises(EditConflict, match=r"for version 1 of /a\.py, which is at version 2"):
        plan({"documentChanges": [edit_of("a.py", 1, change((0, 0), (0, 1), "y"))]}, files)
    with pytest.raises(EditConflict, match="which is not open"):
        plan({"documentChanges": [edit_of("b.py", 1)]}, InMemory({"b.py": ""}))


def test_an_edit_for_the_open_version_or_for_an_unopened_file_is_taken() -> None:
    files = InMemory({"a.py": "x\n", "b.py": "x\n"}, {"file:///a.py": 2})
    y = change((0, 0), (0, 1), "y")
    assert plan({"documentChanges": [edit_of("a.py", 2, y), edit_of("b.py", None, y)]}, files) == {
        Path("/a.py"): Content("y\n", Path("/a.py")),
        Path("/b.py"): Content("y\n", Path("/b.py")),
    }
    assert plan({"changes": {"file:///b.py": [y]}}, files) == {Path("/b.py"): Content("y\n", Path("/b.py"))}


def test_a_file_is_created_and_then_filled() -> None:
    edit = [{"kind": "create", "uri": "file:///new.py"}, edit_of("new.py", None, change((0, 0), (0, 0), "x\n"))]
    assert plan({"documentChanges": edit}, InMemory()) == {Path("/new.py"): Content("x\n", None)}


def test_creating_a_file_that_exists_is_refused_unless_the_edit_says_how() -> None:
    files = InMemory({"a.py": "x\n"})

    def created(**options: bool) -> Mapping[Path, Content | None]:
        return plan({"documentChanges": [{"kind": "create", "uri": "file:///a.py", "options": options}]}, files)

    with pytest.raises(EditConflict, match="exists already"):
        created()
    assert created(ignoreIfExists=True) == {}
    assert created(overwrite=True) == {Path("/a.py"): Content("", None)}


def test_a_renamed_file_keeps_its_content_and_can_be_edited_under_its_new_name() -> None:
    rename = {"kind": "rename", "oldUri": "file:///a.py", "newUri": "file:///b.py"}
    files = InMemory({"a.py": "x\n"})
    assert plan({"documentChanges": [rename]}, files) == {
        Path("/a.py"): None,
        Path("/b.py"): Content(None, Path("/a.py")),
    }
    edit = edit_of("b.py", None, change((0, 0), (0, 1), "y"))
    assert plan({"documentChanges": [rename, edit]}, files)[Path("/b.py")] == Content("y\n", Path("/a.py"))


def test_a_file_is_deleted_once() -> None:
    delete = {"kind": "delete", "uri": "file:///a.py"}
    files = InMemory({"a.py": "x\n"})
    assert plan({"documentChanges": [delete]}, files) == {Path("/a.py"): None}
    with pytest.raises(EditConflict, match="to be deleted but is not there"):
        plan({"documentChanges": [delete, delete]}, files)
    with pytest.raises(EditConflict, match="to be edited but is not there"):
        plan({"documentChanges": [delete, edit_of("a.py", None)]}, files)


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(EditConflict, match="does not know: snippet"):
        plan({"documentChanges": [{"kind": "snippet", "uri": "file:///a.py"}]}, InMemory())
