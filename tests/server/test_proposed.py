"""The documents that an editor's diff of a proposed file shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.placing import Current
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.proposed import side

BASE = "a\nb\nc\nd\ne\n"
STAGED = "a\nB\nc\nd\nE\n"


def proposal(base: str | None = BASE, staged: str | None = STAGED) -> Proposal:
    file = FileProposal(Path("/ws/sub/a.py"), "file:///ws/sub/a.py", "sub/a.py", base, staged)
    return Proposal("p1", "s1", (file,))


def now(text: str | None) -> Callable[[Path], Current]:
    return lambda _: Current(text, 1)


def test_after_is_the_text_now_with_what_is_pending() -> None:
    assert side(proposal(), "after", "sub/a.py", now(BASE)) == STAGED
    assert side(proposal(), "after", "sub/a.py", now("mine\n" + BASE)) == "mine\n" + STAGED


def test_after_is_the_text_now_without_what_was_rejected() -> None:
    first, second = proposal().hunk_ids()
    partly = proposal().decide({first: "rejected"})
    assert side(partly, "after", "sub/a.py", now(BASE)) == "a\nb\nc\nd\nE\n"
    over = partly.decide({second: "rejected"})
    assert side(over, "after", "sub/a.py", now(BASE)) == BASE


def test_after_a_conflict_it_is_what_was_proposed() -> None:
    assert side(proposal(), "after", "sub/a.py", now(BASE.replace("b", "mine"))) == STAGED


@pytest.mark.parametrize(
    ("base", "staged", "there", "before", "after"),
    [(None, "new\n", None, "", "new\n"), (BASE, None, BASE, BASE, "")],
    ids=["made", "deleted"],
)
def test_a_side_without_a_file_is_empty(
    base: str | None, staged: str | None, there: str | None, before: str, after: str
) -> None:
    made = proposal(base, staged)
    assert side(made, "before", "sub/a.py", now(there)) == before
    assert side(made, "after", "sub/a.py", now(there)) == after


@pytest.mark.parametrize(("which", "name"), [("after", "other.py"), ("beside", "sub/a.py")])
def test_there_is_nothing_else_to_show(which: str, name: str) -> None:
    assert side(proposal(), which, name, now(BASE)) is None
