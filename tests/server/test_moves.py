"""Files that were moved, from what is staged to what the editor is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.client import Client
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.moves import as_moves
from devstral_ls.server.placing import Current, change_now
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.to_lsp import cannot, workspace_edit

TEXT = "".join(f"line {number}\n" for number in range(8))
CHANGED = TEXT.replace("line 5", "five")
OPERATIONS = frozenset({"create", "rename", "delete"})


def file(name: str, base: str | None, staged: str | None) -> FileProposal:
    return FileProposal(Path("/ws") / name, f"file:///ws/{name}", name, base, staged)


OLD, NEW = file("old.py", TEXT, None), file("new.py", None, CHANGED)
(MOVED,) = as_moves([NEW, OLD])


def reader(texts: dict[str, str]) -> Any:
    return lambda path: Current(texts.get(path.name), 7 if path.name in texts else None)


def test_a_deleted_file_whose_text_went_into_a_new_one_was_moved() -> None:
    assert (MOVED.kind, MOVED.name, MOVED.base, MOVED.staged) == ("rename", "new.py", TEXT, CHANGED)
    assert MOVED.moved is not None
    assert MOVED.moved.name == "old.py"
    assert MOVED.diff().startswith("rename from old.py\nrename to new.py\n--- a/old.py\n+++ b/new.py\n")


@pytest.mark.parametrize(
    "files",
    [
        [file("new.py", None, "something else\n"), OLD],
        [file("new.py", None, ""), file("old.py", "", None)],
        [OLD],
        [NEW, file("other.py", TEXT, CHANGED)],
    ],
)
def test_what_has_little_in_common_was_not_moved(files: list[FileProposal]) -> None:
    assert as_moves(files) == files


def test_of_several_new_files_the_one_most_alike_is_the_moved_one() -> None:
    alike, other = file("alike.py", None, TEXT), file("other.py", None, CHANGED)
    found = as_moves([alike, OLD, other])
    assert [(item.name, item.kind) for item in found] == [("alike.py", "rename"), ("other.py", "create")]


def test_the_text_is_changed_where_it_is_and_then_the_file_is_moved() -> None:
    change = change_now(MOVED, reader({"old.py": TEXT}))
    edit = workspace_edit([change], Client(document_changes=True, resource_operations=OPERATIONS), "x")
    first, second = edit["documentChanges"]
    assert first["textDocument"] == {"uri": "file:///ws/old.py", "version": 7}
    assert [item["newText"] for item in first["edits"]] == ["five\n"]
    assert second == {
        "kind": "rename",
        "oldUri": "file:///ws/old.py",
        "newUri": "file:///ws/new.py",
        "options": {"overwrite": False, "ignoreIfExists": False},
    }


def test_where_the_editor_cannot_move_it_makes_a_new_file_and_deletes_the_old_one() -> None:
    change = change_now(MOVED, reader({"old.py": TEXT}))
    client = Client(document_changes=True, resource_operations=frozenset({"create", "delete"}))
    kinds = [
        item.get("kind", item.get("edits", [{}])[0].get("newText"))
        for item in workspace_edit([change], client, "")["documentChanges"]
    ]
    assert kinds == ["create", CHANGED, "delete"]
    assert cannot(change, client) is None


@pytest.mark.parametrize("client", [Client(), Client(document_changes=True)])
def test_an_editor_that_cannot_delete_is_told_to(client: Client) -> None:
    for proposal in (MOVED, OLD):
        change = change_now(proposal, reader({"old.py": TEXT}))
        assert cannot(change, client) == "this editor can't delete files for a server: delete old.py yourself"
        assert "delete" not in str(workspace_edit([change], client, ""))


def test_what_the_user_typed_in_the_file_meanwhile_moves_with_it() -> None:
    change = change_now(MOVED, reader({"old.py": "typed\n" + TEXT}))
    assert change.after == "typed\n" + CHANGED


def test_a_place_that_was_taken_meanwhile_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        change_now(MOVED, reader({"old.py": TEXT, "new.py": "somebody else's\n"}))
    taken = Current(None, None, unfit="is no text file")
    with pytest.raises(Conflict):
        change_now(MOVED, lambda path: taken if path.name == "new.py" else Current(TEXT, 1))


def test_a_move_is_decided_as_a_whole() -> None:
    proposal = Proposal("p", "s", (MOVED,))
    (key,) = proposal.hunk_ids()
    assert proposal.decide({key: "applied"}).state == "applied"
    assert replace(MOVED).only([key]) == MOVED
