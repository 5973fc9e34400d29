"""What is pending, as clients that draw it themselves are told: where it is in the text now, and with which lines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import NEOVIM
from tests.e2e.stage import Stage, Stages
from tests.e2e.test_proposals import FILES, LINES, TURNS, propose, refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def files_of(at: Stage, **named: str) -> dict[str, Any]:
    """The pending files of the only proposal, by path."""
    (proposal,) = await at.editor.command("devstral.hunks", dict(named))
    return {file["path"]: file for file in proposal["files"]}


def lines_of(file: dict[str, Any]) -> list[tuple[int, list[str], list[str]]]:
    return [(hunk["line"], hunk["oldLines"], hunk["newLines"]) for hunk in file["hunks"]]


async def test_each_pending_hunk_comes_with_its_lines_and_where_it_is_in_the_text_now(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        proposal = await propose(at)
        at.editor.type(uri, LINES.replace("line 10\n", "typed\nline 10\n"))
        files = await files_of(at)
        assert lines_of(files["a.txt"]) == [
            (2, ["line 3"], ["line three"]),
            (15, ["line 15"], ["line fifteen"]),
            (28, ["line 28"], ["line twenty-eight"]),
        ]
        assert [file["kind"] for file in files.values()] == ["edit", "edit", "create"]
        assert lines_of(files["c.txt"]) == [(0, [], ["new"])]
        assert files["a.txt"]["uri"] == uri
        assert not any(file["conflict"] for file in files.values())
        second = files["a.txt"]["hunks"][1]["id"]
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        left = await files_of(at, proposalId=proposal)
        assert [line for line, _, _ in lines_of(left["a.txt"])] == [2, 28]


async def test_a_file_that_changed_where_its_hunks_are_has_none_and_says_so(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await propose(at)
        at.editor.type(uri, LINES.replace("line 3\n", "mine\n"))
        file = (await files_of(at))["a.txt"]
        assert (file["conflict"], file["hunks"]) == (True, [])


async def test_nothing_pending_is_an_empty_list_and_a_proposal_nobody_knows_is_refused(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES) as at:
        assert await at.editor.command("devstral.hunks", {}) == []
        assert "no proposal" in await refusal(at, "hunks", proposalId="made-up")
