"""What clients are told of a proposal: every hunk with its lines, the undecided ones by id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from devstral_ls.server.described import describe
from devstral_ls.server.file_proposal import FileProposal, Origin
from devstral_ls.server.proposals import Proposal

BASE = "a\nb\nc\nd\ne\n"
STAGED = "a\nB\nc\nd\nE\n"


def proposal(file: FileProposal) -> Proposal:
    return Proposal("p1", "s1", (file,))


def described(file: FileProposal) -> dict[str, Any]:
    files = describe(proposal(file))["files"]
    assert isinstance(files, list)
    (only,) = files
    found: dict[str, Any] = only
    return found


def edited(base: str | None = BASE, staged: str | None = STAGED) -> FileProposal:
    return FileProposal(Path("/ws/a.py"), "file:///ws/a.py", "a.py", base, staged)


def test_each_pending_hunk_has_its_id_place_and_lines() -> None:
    file = edited()
    first, second = file.ids()
    assert described(file)["hunks"] == [
        {"id": first, "line": 1, "added": 1, "removed": 1, "diff": "-b\n+B\n"},
        {"id": second, "line": 4, "added": 1, "removed": 1, "diff": "-e\n+E\n"},
    ]
    assert described(file)["decided"] == []


def test_a_decided_hunk_keeps_its_lines_and_the_others_their_ids() -> None:
    file = edited()
    first, second = file.ids()
    partly = file.decide({first: "rejected"})
    assert described(partly)["decided"] == [{"decision": "rejected", "added": 1, "removed": 1, "diff": "-b\n+B\n"}]
    assert [hunk["id"] for hunk in described(partly)["hunks"]] == [second]
    whole = partly.decide({second: "applied"})
    assert [(hunk["decision"], hunk["diff"]) for hunk in described(whole)["decided"]] == [
        ("rejected", "-b\n+B\n"),
        ("applied", "-e\n+E\n"),
    ]
    assert described(whole)["hunks"] == []


def test_what_was_decided_at_once_is_listed_by_hunk() -> None:
    file = edited()
    applied = file.decide(dict.fromkeys(file.ids(), "applied"))
    assert [(hunk["decision"], hunk["diff"]) for hunk in described(applied)["decided"]] == [
        ("applied", "-b\n+B\n"),
        ("applied", "-e\n+E\n"),
    ]


def test_a_moved_file_says_from_where() -> None:
    moved = replace(edited(), moved=Origin(Path("/ws/old.py"), "file:///ws/old.py", "old.py"))
    assert described(moved)["movedFrom"] == {"uri": "file:///ws/old.py", "path": "old.py"}
    assert "movedFrom" not in described(edited())
