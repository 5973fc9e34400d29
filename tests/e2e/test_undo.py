"""`devstral.undo` and what else happens around an application: nothing is taken twice, nothing of the user's is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import HELIX, NO_ANSWER, VS_CODE
from tests.doubles.personalities import EGLOT_30
from tests.e2e.stage import Json, Stage, Stages, calls, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = "".join(f"line {number}\n" for number in range(1, 13))
FILES = {"a.txt": LINES}
INSERTED = LINES.replace("line 2\n", "line 2\nmore\n")
TURNS = [
    read("a.txt"),
    calls(edit("a.txt", "line 2\n", "line 2\nmore\n"), edit("a.txt", "line 10\n", "zehn\n")),
    say("Done."),
]
BOTH = INSERTED.replace("line 10\n", "zehn\n")


async def states(at: Stage) -> list[dict[str, str]]:
    """Per proposal of the session, the state of each file as the text shows it."""
    return [{file["path"]: file["state"] for file in one["files"]} for one in (await at.status())["outcomes"]]


async def test_an_undo_that_was_refused_in_part_does_not_take_the_rest_back_twice(stages: Stages) -> None:
    """Emacs 30 deletes no files for a server."""
    async with stages.on(EGLOT_30, FILES, [*TURNS[:2], write("c.txt", "new\n"), say("Done.")]) as at:
        uri = at.open("a.txt")
        at.editor.instead = lambda change: apply_open_and_new(at, change)
        await at.run(apply="auto")
        assert (at.seen("a.txt"), at.seen("c.txt")) == (BOTH, "new\n")
        answer = await at.editor.command("devstral.undo")
        assert (answer["undone"], answer["files"]) == (False, [uri])
        assert "this editor can't delete files for a server: delete c.txt yourself" in answer["failureReason"]
        assert await states(at) == [{"a.txt": "undone", "c.txt": "applied"}]
        # The user makes the same change by hand: it is the user's now.
        at.editor.type(uri, BOTH)
        answer = await at.editor.command("devstral.undo")
        assert (answer["undone"], answer["files"]) == (False, [])
        assert at.seen("a.txt") == BOTH


def apply_open_and_new(at: Stage, change: Json) -> Any:
    """Editing a URI without a file makes the file, as in Eglot."""
    for operation in change["documentChanges"]:
        uri = operation["textDocument"]["uri"]
        if uri == at.uri("c.txt") and not at.path("c.txt").exists():
            at.path("c.txt").write_bytes(b"")
    at.editor.apply(change)
    return {"applied": True}


async def test_hunks_that_are_left_after_an_undo_are_applied_where_they_belong(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        await at.editor.command("devstral.applyProposal", {"hunks": [0]})
        assert at.seen("a.txt") == INSERTED
        assert (await at.editor.command("devstral.undo"))["undone"] is True
        assert at.seen("a.txt") == LINES
        assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        assert at.seen("a.txt") == LINES.replace("line 10\n", "zehn\n")


async def test_what_the_user_took_back_first_counts_as_undone(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        at.editor.type(uri, LINES)
        assert (await at.editor.command("devstral.undo"))["files"] == []
        at.editor.type(uri, f"mine\n{LINES}")
        assert await states(at) == [{"a.txt": "undone"}]


async def test_what_was_undone_and_brought_back_by_the_user_counts_as_applied(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        await at.editor.command("devstral.undo")
        assert await states(at) == [{"a.txt": "undone"}]
        at.editor.type(uri, BOTH)
        assert await states(at) == [{"a.txt": "applied"}]
        await at.run(prompt="go on")
        assert "Your proposed edits to a.txt were accepted and applied." in at.prompts()[-1]


async def test_edits_that_an_undo_left_because_the_user_changed_them_count_as_modified(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        mine = BOTH.replace("zehn", "zehn, or ten")
        at.editor.type(uri, mine)
        answer = await at.editor.command("devstral.undo")
        assert answer["failureReason"] == (
            "Not all was undone: you changed Devstral's edits to a.txt since, so they stay."
        )
        assert at.seen("a.txt") == mine.replace("more\n", "")
        assert await states(at) == [{"a.txt": "modified"}]


async def test_a_line_that_was_put_in_and_then_added_to_is_changed_not_undone(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        mine = BOTH.replace("more\n", "more of mine\n")
        at.editor.type(uri, mine)
        assert await states(at) == [{"a.txt": "modified"}]
        answer = await at.editor.command("devstral.undo")
        assert "you changed Devstral's edits to a.txt since, so they stay" in answer["failureReason"]
        assert at.seen("a.txt") == mine.replace("zehn\n", "line 10\n")
        await at.run(prompt="go on", apply="propose")
        assert "a.txt were accepted and applied, and then changed by the user" in at.prompts()[-1]


async def test_what_is_typed_while_an_edit_arrives_is_not_taken_back_with_it(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, TURNS) as at:
        uri = at.open("a.txt")

        def ticks_one_and_types(change: Json) -> Any:
            at.editor.instead = None
            document = next(item for item in change["documentChanges"] if "edits" in item)
            kept = [one for one in document["edits"] if one["newText"] == "more\n"]
            at.editor.apply({**change, "documentChanges": [{**document, "edits": kept}]})
            at.editor.type(uri, at.editor.buffers[uri].text + "mine\n")
            return {"applied": True}

        at.editor.instead = ticks_one_and_types
        await at.run()
        assert at.seen("a.txt") == f"{INSERTED}mine\n"
        assert (await at.editor.command("devstral.undo"))["undone"] is True
        assert at.seen("a.txt") == f"{LINES}mine\n"


async def test_a_proposal_applied_twice_at_once_is_applied_once(stages: Stages) -> None:
    """A closed file has no version that would tell a second edit apart."""
    async with stages.on(HELIX, FILES, TURNS) as at:
        await at.run(apply="propose")
        params = {"command": "devstral.applyProposal", "arguments": []}
        server = at.editor.server
        numbers = [server.ask("workspace/executeCommand", params) for _ in range(2)]
        answers = [(await server.answer(number))["result"] for number in numbers]
        assert [(answer["applied"], answer["failureReason"]) for answer in answers] == [
            (True, None),
            (False, "There was nothing to apply."),
        ]
        assert at.seen("a.txt") == BOTH
        assert len(at.editor.edits) == 1


async def test_a_proposal_discarded_while_it_is_applied_is_what_the_text_says(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        at.editor.instead = lambda _: NO_ANSWER
        server = at.editor.server
        apply = server.ask("workspace/executeCommand", {"command": "devstral.applyProposal", "arguments": []})
        await at.editor.settles(lambda: bool(at.editor.edits))
        discard = server.ask("workspace/executeCommand", {"command": "devstral.discardProposal", "arguments": []})
        await at.settled()
        at.editor.apply(at.editor.edits[0])
        assert (await server.answer(apply))["result"]["applied"] is True
        assert (await server.answer(discard))["error"]["message"].startswith("None of these files has pending edits")
        assert await states(at) == [{"a.txt": "applied"}]


async def test_what_a_later_run_did_to_earlier_edits_is_not_laid_at_the_users_door(stages: Stages) -> None:
    again = [read("a.txt"), edit("a.txt", "zehn\n", "X\n"), say("Done."), say("I see.")]
    async with stages.on(HELIX, FILES, [*TURNS, *again]) as at:
        at.open("a.txt")
        await at.run(apply="auto")
        await at.run(prompt="again", apply="auto")
        assert await states(at) == [{"a.txt": "applied"}, {"a.txt": "applied"}]
        await at.run(prompt="and now")
        assert "changed by the user" not in str(at.model.requests[-1]["messages"])


async def test_what_was_applied_while_a_follow_up_stood_on_it_is_not_proposed_again(stages: Stages) -> None:
    follow_up = [write("c.txt", "new\n"), say("Done."), say("I see.")]
    async with stages.on(HELIX, FILES, [*TURNS, *follow_up]) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        at.wire.hold(len(at.wire.bodies) + 1)
        await at.start(prompt="more", apply="propose")
        await at.wire.asked(len(TURNS) + 1)
        await at.editor.command("devstral.applyProposal")
        await at.wire.release()
        await at.ends(2)
        (left,) = await at.pending()
        assert {file["path"]: file["state"] for file in left["files"]} == {"a.txt": "superseded", "c.txt": "pending"}
        await at.editor.command("devstral.discardProposal")
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to a.txt were rejected" not in at.prompts()[-1]
        assert at.seen("a.txt") == BOTH


async def test_what_was_applied_and_then_changed_meanwhile_is_not_proposed_again(stages: Stages) -> None:
    """Else discarding it would tell the model that edits were rejected which are in the text."""
    first = [write("b.txt", "new\n"), say("Done.")]
    follow_up = [write("c.txt", "new\n"), say("Done."), say("I see."), say("I see.")]
    async with stages.on(HELIX, FILES, [*first, *follow_up]) as at:
        await at.run(apply="propose")
        at.wire.hold(len(at.wire.bodies) + 1)
        await at.start(prompt="more", apply="propose")
        await at.wire.asked(len(first) + 1)
        await at.editor.command("devstral.applyProposal")
        at.editor.type(at.open("b.txt"), "new\nand mine\n")
        await at.wire.release()
        await at.ends(2)
        (left,) = await at.pending()
        assert {file["path"]: file["state"] for file in left["files"]} == {"b.txt": "superseded", "c.txt": "pending"}
        await at.editor.command("devstral.discardProposal")
        await at.run(prompt="go on", apply="propose")
        assert "edits to b.txt were accepted and applied, and then changed" in at.prompts()[-1]
        assert "edits to b.txt were rejected" not in at.prompts()[-1]
