"""The terminal's editor on a real folder: bytes on disk, what the server is told, and nothing by halves."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli.editor import Editor
from devstral_ls.workspace.paths import path_to_uri

from .test_workspace_edit import change

Said = list[tuple[str, Any]]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def editor(tmp_path: Path, said: Said) -> Editor:
    return Editor(tmp_path, lambda method, params: said.append((method, params)))


def edit(path: Path, *edits: dict[str, Any], version: int | None = None) -> dict[str, Any]:
    return {"textDocument": {"uri": path_to_uri(path), "version": version}, "edits": list(edits)}


def params(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"edit": {"documentChanges": list(changes)}}


def left_over(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_keeps_its_line_endings_encoding_mark_and_mode(editor: Editor, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "run.sh"
    file.write_bytes("ä = 1\r\nb = 2".encode(encoding))
    file.chmod(0o751)
    assert editor.apply(params(edit(file, change((1, 4), (1, 5), "3")))) == {"applied": True}
    assert file.read_bytes() == "ä = 1\r\nb = 3".encode(encoding)
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o751
    assert editor.applied == [file]
    assert left_over(tmp_path) == []


def test_the_server_is_told_of_a_changed_open_document(editor: Editor, tmp_path: Path, said: Said) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x\r\n")
    uri = editor.open(file).uri
    editor.apply(params(edit(file, change((0, 0), (0, 1), "y"), version=1)))
    assert [method.removeprefix("textDocument/") for method, _ in said] == ["didOpen", "didChange", "didSave"]
    assert said[0][1]["textDocument"] == {"uri": uri, "languageId": "python", "version": 1, "text": "x\r\n"}
    assert said[1][1]["textDocument"]["version"] == 2
    assert said[1][1]["contentChanges"] == [{"text": "y\r\n"}]
    assert editor.apply(params(edit(file, change((0, 0), (0, 1), "z"), version=1)))["applied"] is False
    assert file.read_bytes() == b"y\r\n"


def test_an_open_document_that_changed_on_disk_is_not_overwritten(editor: Editor, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x\n")
    editor.open(file)
    file.write_text("somebody else's\n")
    answer = editor.apply(params(edit(file, change((0, 0), (0, 1), "y"), version=1)))
    assert "changed by another program" in answer["failureReason"]
    assert editor.refused == answer["failureReason"]
    assert file.read_text() == "somebody else's\n"


def test_files_are_created_renamed_and_deleted(editor: Editor, tmp_path: Path) -> None:
    old, gone, new = tmp_path / "old.bin", tmp_path / "gone.py", tmp_path / "deep" / "er" / "new.py"
    old.write_bytes(b"\x00\xff")
    gone.write_text("x\n")
    answer = editor.apply(
        params(
            {"kind": "create", "uri": path_to_uri(new), "options": {"ignoreIfExists": True}},
            edit(new, change((0, 0), (0, 0), "é\n")),
            {"kind": "rename", "oldUri": path_to_uri(old), "newUri": path_to_uri(tmp_path / "moved.bin")},
            {"kind": "delete", "uri": path_to_uri(gone)},
        )
    )
    assert answer == {"applied": True}
    assert new.read_bytes() == "é\n".encode()
    assert (tmp_path / "moved.bin").read_bytes() == b"\x00\xff"
    assert not old.exists()
    assert not gone.exists()


def test_a_refused_part_leaves_every_file_as_it_was(editor: Editor, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("x\n")
    bad.write_text("x\n")
    new = {"kind": "create", "uri": path_to_uri(tmp_path / "new" / "file.py")}
    answer = editor.apply(params(new, edit(good, change((0, 0), (0, 1), "y")), edit(bad, change((9, 0), (9, 0), "y"))))
    assert answer["applied"] is False
    assert "there is no line 10" in answer["failureReason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.py", "good.py"]
    assert good.read_text() == "x\n"


def test_what_was_written_is_put_back_when_the_disk_says_no(editor: Editor, tmp_path: Path) -> None:
    good, new = tmp_path / "good.py", tmp_path / "new" / "x" / "file.py"
    good.write_text("x\n")
    (tmp_path / "file").write_text("in the way")
    answer = editor.apply(
        params(
            edit(good, change((0, 0), (0, 1), "y")),
            {"kind": "create", "uri": path_to_uri(new)},
            {"kind": "create", "uri": path_to_uri(tmp_path / "file" / "below.py")},
        )
    )
    assert answer["applied"] is False
    assert good.read_text() == "x\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "good.py"]


def test_nothing_is_left_beside_the_files_when_one_of_them_is_no_text(editor: Editor, tmp_path: Path) -> None:
    good, other = tmp_path / "good.py", tmp_path / "other.bin"
    good.write_text("x\n")
    other.write_bytes(b"\x00\xff")
    answer = editor.apply(params(edit(good, change((0, 0), (0, 1), "y")), edit(other, change((0, 0), (0, 0), "y"))))
    assert "binary" in answer["failureReason"]
    assert good.read_text() == "x\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.py", "other.bin"]


def test_an_edit_outside_of_the_workspace_or_of_git_is_refused(editor: Editor, tmp_path: Path) -> None:
    for path in (tmp_path.parent / "outside.py", tmp_path / ".git" / "config", tmp_path / "a" / ".." / ".." / "b"):
        answer = editor.apply(params({"kind": "create", "uri": path_to_uri(path)}))
        assert "outside of the workspace" in answer["failureReason"]


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege there")
def test_a_link_is_followed_inside_and_refused_outside(editor: Editor, tmp_path: Path) -> None:
    file, inner, outer = tmp_path / "real.py", tmp_path / "link.py", tmp_path / "out.py"
    file.write_text("x\n")
    inner.symlink_to(file)
    outer.symlink_to(tmp_path.parent / "outside.py")
    assert editor.apply(params(edit(inner, change((0, 0), (0, 1), "y"))))["applied"] is True
    assert inner.is_symlink()
    assert file.read_text() == "y\n"
    assert editor.apply(params({"kind": "create", "uri": path_to_uri(outer)}))["applied"] is False
