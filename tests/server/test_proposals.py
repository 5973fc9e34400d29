"""What is left of a proposal, and how it fits a text that has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.file_proposal import Decision, FileProposal
from devstral_ls.server.placing import Current, change_now, hunks_now
from devstral_ls.server.proposals import Proposal, Proposals, names
from devstral_ls.server.to_lsp import TextChange

BASE = "".join(f"line {number}\n" for number in range(20))
STAGED = BASE.replace("line 3\n", "three\n").replace("line 15\n", "fifteen\n")


def file(name: str = "a.py", base: str | None = BASE, staged: str | None = STAGED) -> FileProposal:
    return FileProposal(Path("/ws") / name, f"file:///ws/{name}", name, base, staged)


def change(proposal: FileProposal, text: str | None, version: int | None) -> TextChange:
    return change_now(proposal, lambda _: Current(text, version))


def test_an_unchanged_text_takes_the_proposal_as_it_is() -> None:
    made = change(file(), BASE, 3)
    assert (made.before, made.after, made.version) == (BASE, STAGED, 3)


def test_what_the_user_typed_elsewhere_is_kept() -> None:
    current = "a new first line\n" + BASE.replace("line 9\n", "nine\n")
    after = change(file(), current, 4).after
    assert after == "a new first line\n" + STAGED.replace("line 9\n", "nine\n")


def test_what_the_user_typed_in_the_same_lines_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        change(file(), BASE.replace("line 3\n", "my own three\n"), 4)


@pytest.mark.parametrize(
    ("proposal", "current"),
    [
        (file(base=None, staged="new\n"), "somebody made it meanwhile\n"),
        (file(staged=None), "changed since\n"),
        (file(), None),
    ],
)
def test_files_that_came_or_went_meanwhile_are_conflicts(proposal: FileProposal, current: str | None) -> None:
    with pytest.raises(Conflict):
        change(proposal, current, None)


def test_a_file_that_is_as_proposed_already_needs_no_change() -> None:
    made = change(file(), STAGED, 5)
    assert made.before == made.after


def test_one_hunk_can_be_taken_out_of_a_file() -> None:
    first, second = file().ids()
    assert file().only([second]).staged == BASE.replace("line 15\n", "fifteen\n")
    assert file().only([second]).ids() == (second,)
    assert file().only([first]).staged == BASE.replace("line 3\n", "three\n")
    assert file().only([first, second]) == file()


@pytest.mark.parametrize(
    ("fates", "base", "staged", "state"),
    [
        (("applied", None), BASE.replace("line 3\n", "three\n"), STAGED, "pending"),
        (("rejected", None), BASE, BASE.replace("line 15\n", "fifteen\n"), "pending"),
        (("applied", "rejected"), BASE.replace("line 3\n", "three\n"), None, "partly applied"),
        (("rejected", "rejected"), None, None, "rejected"),
        (("applied", "modified"), None, None, "modified"),
        (("modified", None), BASE.replace("line 3\n", "three\n"), STAGED, "pending"),
    ],
)
def test_hunks_are_decided_one_by_one(
    fates: tuple[Decision | None, ...], base: str | None, staged: str | None, state: str
) -> None:
    given = file()
    decided = given.decide({key: fate for key, fate in zip(given.ids(), fates, strict=True) if fate})
    assert decided.state == state
    assert base is None or decided.base == base
    assert staged is None or decided.staged == staged
    if state == "pending":
        assert decided.ids() == (given.ids()[1],), "a hunk keeps its name while others are decided"


def test_the_same_change_in_two_places_has_two_names() -> None:
    base = "a\nx\nb\n" * 2
    assert len(set(file(base=base, staged=base.replace("x", "y")).ids())) == 2


def test_hunks_are_found_where_the_text_is_now() -> None:
    given = file()
    moved = hunks_now(given, lambda _: Current("new first\n" + BASE, 4))
    assert [(key, hunk.old_start) for key, hunk in moved] == list(zip(given.ids(), (4, 16), strict=True))
    half = hunks_now(given, lambda _: Current("0\n" + BASE.replace("line 3\n", "three\n"), 4))
    assert [(key, hunk.old_start) for key, hunk in half] == [(given.ids()[1], 16)]


def test_a_proposal_is_pending_until_every_file_is_decided() -> None:
    proposal = Proposal("p", "s", (file("a.py"), file("b.py")))
    assert proposal.summary() == "2 files, +4 -4"
    half = proposal.decided(Path("/ws/a.py"), "applied")
    assert (half.state, half.summary()) == ("pending", "1 file, +2 -2")
    assert half.decided(Path("/ws/b.py"), "rejected").state == "partly applied"
    assert half.decided(Path("/ws/b.py"), "applied").state == "applied"
    assert half.decided(Path("/ws/a.py"), "rejected") == half, "a decision stays"


def test_listeners_hear_of_changes_only() -> None:
    heard: list[str] = []
    proposals = Proposals()
    proposals.on_update = lambda proposal: heard.append(proposal.state)
    proposal = Proposal("p", "s", (file(),))
    proposals.put(proposal)
    proposals.put(proposal)
    proposals.put(proposal.decided(Path("/ws/a.py"), "rejected"))
    assert heard == ["pending", "rejected"]
    assert proposals.pending() == []


def test_the_diff_is_a_git_diff_of_what_is_pending() -> None:
    created = file("new.py", None, "x = 1\n")
    proposal = Proposal("p", "s", (file(), created)).decided(Path("/ws/a.py"), "applied")
    assert proposal.diff().splitlines()[-4:] == ["--- /dev/null", "+++ b/new.py", "@@ -0,0 +1 @@", "+x = 1"]


def test_many_names_are_cut_short() -> None:
    files = [file(f"{name}.py") for name in "abcde"]
    assert names(files) == "a.py, b.py, c.py and 2 more"
    assert names(files[:2]) == "a.py, b.py"
