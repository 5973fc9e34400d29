"""Whatever the two texts and the encoding, an editor that applies our edits has exactly the staged text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.server.client import Client
from devstral_ls.server.positions import Encoding
from devstral_ls.server.to_lsp import TextChange, text_edits, workspace_edit
from tests.doubles.applier import apply_text_edits

PIECES = st.sampled_from(
    [
        "a",
        "b",
        "  ",
        "\t",
        "é",
        "日本",
        "😀",
        "e\u0301",
        "\n",
        "\r\n",
        "\r",
        "\f",
        "\u2028",
        "\u0085",
        "\ufeff",
        "x = 1\n",
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(before=TEXTS, after=TEXTS)
@settings(max_examples=300, deadline=None)
def test_applying_the_edits_gives_the_staged_text(before: str, after: str, encoding: Encoding) -> None:
    assert apply_text_edits(before, text_edits(before, after, encoding), encoding) == after


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(lines=st.lists(TEXTS, min_size=3, max_size=12), at=st.integers(0, 11), new=TEXTS)
@settings(max_examples=150, deadline=None)
def test_a_small_change_in_a_larger_text_lands_exactly(lines: list[str], at: int, new: str, encoding: Encoding) -> None:
    before = "\n".join(lines)
    changed = [*lines]
    changed[at % len(lines)] = new
    after = "\n".join(changed)
    assert apply_text_edits(before, text_edits(before, after, encoding), encoding) == after


def test_only_the_changed_lines_are_in_the_edit() -> None:
    before = "".join(f"line {number}\r\n" for number in range(100))
    after = before.replace("line 7\r\n", "seven\r\n").replace("line 90\r\n", "")
    assert text_edits(before, after, "utf-16") == [
        {"range": {"start": {"line": 7, "character": 0}, "end": {"line": 8, "character": 0}}, "newText": "seven\r\n"},
        {"range": {"start": {"line": 90, "character": 0}, "end": {"line": 91, "character": 0}}, "newText": ""},
    ]


FULL = Client(apply_edit=True, document_changes=True, resource_operations=frozenset({"create", "delete"}))


def test_versions_are_explicit_and_null_where_nothing_is_open() -> None:
    edit = workspace_edit(
        [TextChange("file:///a", 4, "x\n", "y\n"), TextChange("file:///b", None, "x\n", "y\n")], FULL, "label"
    )
    assert [item["textDocument"] for item in edit["documentChanges"]] == [
        {"uri": "file:///a", "version": 4},
        {"uri": "file:///b", "version": None},
    ]


def test_files_are_created_before_they_are_edited_and_deleted_last() -> None:
    changes = [
        TextChange("file:///gone", None, "x\n", None),
        TextChange("file:///new", None, None, "hello\n"),
        TextChange("file:///old", 1, "x\n", "y\n"),
    ]
    operations = workspace_edit(changes, FULL, "label")["documentChanges"]
    assert [item.get("kind", "edit") for item in operations] == ["create", "edit", "edit", "delete"]
    assert operations[0]["options"] == {"overwrite": False, "ignoreIfExists": True}


def test_a_file_in_a_new_folder_is_created_outright_so_that_neovim_makes_the_folder() -> None:
    change = TextChange("file:///new/a", None, None, "hello\n", in_new_folder=True)
    create = workspace_edit([change], FULL, "label")["documentChanges"][0]
    assert create["options"] == {"overwrite": False, "ignoreIfExists": False}


def test_a_client_that_creates_no_files_gets_the_text_alone() -> None:
    client = Client(apply_edit=True, document_changes=True)
    (operation,) = workspace_edit([TextChange("file:///new", None, None, "hello\n")], client, "label")[
        "documentChanges"
    ]
    assert operation["textDocument"] == {"uri": "file:///new", "version": None}
    assert apply_text_edits("", operation["edits"], "utf-16") == "hello\n"


def test_neovim_gets_a_version_it_checks_and_the_line_its_empty_buffers_have() -> None:
    client = replace(FULL, checks_first_version_only=True, empty_text="\n")
    changes = [TextChange("file:///old", 0, "x\n", "y\n"), TextChange("file:///new", None, None, "hello\n")]
    _, old, new = workspace_edit(changes, client, "label")["documentChanges"]
    assert old["textDocument"]["version"] == 1
    assert apply_text_edits("\n", new["edits"], "utf-16") == "hello\n"


def test_a_new_file_without_operations_replaces_the_line_that_an_empty_buffer_has() -> None:
    client = Client(empty_text="\n")
    (edits,) = workspace_edit([TextChange("file:///new", None, None, "hello\n")], client, "label")["changes"].values()
    assert apply_text_edits("\n", edits, "utf-16") == "hello\n"


def test_a_client_with_a_preview_gets_ticked_edits_and_one_deletion_of_nothing_to_confirm() -> None:
    changes = [TextChange("file:///new", None, None, "hello\n"), TextChange("file:///a", 1, "x\n", "y\n")]
    edit = workspace_edit(changes, replace(FULL, annotations=True), "Devstral: a", preview=True)
    notes = edit["changeAnnotations"]
    *real, sentinel = edit["documentChanges"]
    edits = [item for operation in real for item in operation.get("edits", [])]
    assert [notes[item["annotationId"]]["needsConfirmation"] for item in edits] == [False, False]
    assert notes[sentinel["annotationId"]]["needsConfirmation"] is True
    # A child of a file: nothing can be there, so VS Code leaves it out of its preview.
    assert (sentinel["kind"], sentinel["uri"]) == ("delete", "file:///new/devstral-review")
    assert sentinel["options"] == {"recursive": False, "ignoreIfNotExists": True}


def test_a_client_with_a_preview_that_deletes_no_files_gets_an_empty_edit_to_confirm() -> None:
    client = Client(apply_edit=True, document_changes=True, annotations=True)
    edit = workspace_edit([TextChange("file:///a", 1, "x\n", "y\n")], client, "Devstral: a", preview=True)
    (operation,) = edit["documentChanges"]
    sentinel, real = operation["edits"]
    assert sentinel["newText"] == ""
    assert sentinel["range"]["start"] == sentinel["range"]["end"]
    assert edit["changeAnnotations"][sentinel["annotationId"]]["needsConfirmation"] is True
    assert edit["changeAnnotations"][real["annotationId"]]["needsConfirmation"] is False
    assert apply_text_edits("x\n", operation["edits"], "utf-16") == "y\n"


def test_a_client_without_document_changes_gets_plain_changes() -> None:
    edit = workspace_edit([TextChange("file:///a", 1, "x\n", "y\n")], Client(apply_edit=True), "label")
    assert edit == {"changes": {"file:///a": text_edits("x\n", "y\n", "utf-16")}}
