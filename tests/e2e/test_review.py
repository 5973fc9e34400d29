"""What the user makes of proposals, hunk by hunk: taken, left out, changed, undone - and what the model hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from devstral_ls.execution.ladder import find_bwrap
from tests.doubles.editor import EGLOT, HELIX, KATE, NEOVIM, VS_CODE, Personality, behaving
from tests.e2e.stage import Stage, Stages, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = "".join(f"line {number}\n" for number in range(1, 31))
FILES = {"a.txt": LINES, "b.txt": "other\n"}
EDITS = [
    edit("a.txt", "line 3\n", "line three\n"),
    edit("a.txt", "line 15\n", "line fifteen\n"),
    edit("a.txt", "line 28\n", "line twenty-eight\n"),
]
TURNS = [calls(read("a.txt"), read("b.txt")), calls(*EDITS), say("Done.")]
ALL = LINES.replace("line 3\n", "line three\n").replace("15", "fifteen").replace("28", "twenty-eight")
SECOND = LINES.replace("line 15\n", "line fifteen\n")
LENSES = behaving(
    VS_CODE,
    name="Visual Studio Code with lenses",
    capabilities={
        **VS_CODE.capabilities,
        "textDocument": {**VS_CODE.capabilities["textDocument"], "codeLens": {"dynamicRegistration": True}},
    },
)
several = pytest.mark.parametrize("personality", [VS_CODE, NEOVIM, HELIX, EGLOT, KATE], ids=lambda item: item.name)


async def hunks(at: Stage, name: str = "a.txt") -> list[str]:
    """The ids of what is pending of a file."""
    (proposal,) = await at.pending()
    return [hunk["id"] for file in proposal["files"] if file["path"] == name for hunk in file["hunks"]]


async def outcomes(at: Stage) -> dict[str, Any]:
    """State and counted hunks of every file of the session's newest proposal, as the status tells them."""
    newest = (await at.status())["outcomes"][-1]
    return {file["path"]: (file["state"], file["hunks"]) for file in newest["files"]}


# ------------------------------------------------------------------------------------------------- per hunk


async def test_hunks_are_named_by_ids_that_stay_while_others_are_decided(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see.")]) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        first, second, third = await hunks(at)
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        assert await hunks(at) == [first, third]
        await at.editor.command("devstral.discardProposal", {"hunks": [first]})
        assert await hunks(at) == [third]
        assert at.seen("a.txt") == SECOND
        assert await outcomes(at) == {"a.txt": ("pending", {"applied": 1, "rejected": 1})}
        await at.run(prompt="go on", apply="propose")
        told = at.prompts()[-1]
        assert "Of your proposed edits to a.txt: 1 hunk accepted, 1 hunk rejected." in told
        assert "-line 3\n+line three" in told
        assert "still undecided" in told
        assert "Hunk 1, a.txt:" in told
        assert "+line twenty-eight" in told


async def test_the_last_decision_makes_a_partly_applied_file(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see."), say("Yes.")]) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        first, second, third = await hunks(at)
        await at.editor.command("devstral.discardProposal", {"hunks": [first, third]})
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        assert await at.pending() == []
        assert at.seen("a.txt") == SECOND
        await at.run(prompt="go on", apply="propose")
        assert "Of your proposed edits to a.txt: 2 hunks rejected, 1 hunk accepted. Rejected:" in at.prompts()[-1]
        await at.run(prompt="and on", apply="propose")
        assert "Of your proposed edits" not in at.prompts()[-1]


async def test_what_was_rejected_at_last_is_shown_to_the_model(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see.")]) as at:
        at.open("a.txt")
        await at.run(apply="propose")
        first, second, third = await hunks(at)
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        await at.editor.command("devstral.discardProposal", {"hunks": [first, third]})
        await at.run(prompt="go on", apply="propose")
        told = at.prompts()[-1]
        assert "Of your proposed edits to a.txt: 1 hunk accepted, 2 hunks rejected. Rejected:" in told
        assert "-line 3\n+line three" in told
        assert "+line twenty-eight" in told


async def test_what_was_unticked_in_the_editors_preview_counts_as_rejected(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")

        def untick(edit: dict[str, Any]) -> None:
            """The user takes the second of three edits only."""
            operation = next(item for item in edit["documentChanges"] if "edits" in item)
            operation["edits"] = operation["edits"][1:2]

        at.editor.in_preview = untick
        answer = await at.run()
        assert at.seen("a.txt") == SECOND
        assert (answer["outcome"], answer["edits"]["applied"]) == ("partly applied", [])
        assert await outcomes(at) == {"a.txt": ("partly applied", {"applied": 1, "rejected": 2})}
        assert at.editor.buffers[uri].version == 2
        await at.run(prompt="go on", apply="propose")
        assert "Of your proposed edits to a.txt: 2 hunks rejected, 1 hunk accepted." in at.prompts()[-1].replace(
            "1 hunk accepted, 2 hunks rejected", "2 hunks rejected, 1 hunk accepted"
        )


async def test_a_hunk_taken_from_the_code_actions_is_settled_by_the_text(stages: Stages) -> None:
    for personality in (KATE, HELIX):
        async with stages.on(personality, FILES, TURNS) as at:
            uri = at.open("a.txt")
            await at.run(apply="propose")
            await at.editor.choose(await at.editor.actions(uri, 14), "apply this hunk")
            await at.settled()
            assert len(await hunks(at)) == 2
            actions = await at.editor.actions(uri, 2)
            await at.editor.choose(actions, "reject this hunk")
            assert len(await hunks(at)) == 1
            assert at.seen("a.txt") == SECOND


async def test_a_follow_up_keeps_one_hunk_and_changes_it(stages: Stages) -> None:
    """`keep the second hunk, and say it in words`: the model is shown the hunks by number, and takes two back."""
    refined = calls(
        edit("a.txt", "line three\n", "line 3\n"),
        edit("a.txt", "line twenty-eight\n", "line 28\n"),
        edit("a.txt", "line fifteen\n", "line number fifteen\n"),
    )
    async with stages.on(NEOVIM, FILES, [*TURNS, read("a.txt"), refined, say("Kept the second.")]) as at:
        at.open("a.txt")
        first = await at.run(apply="propose")
        second = await at.run(prompt="keep the second hunk, and say it in words", apply="propose")
        asked = at.prompts()[-1]
        assert asked.index("Hunk 1, a.txt:") < asked.index("Hunk 2, a.txt:") < asked.index("+line fifteen")
        (proposal,) = await at.pending()
        assert proposal["proposalId"] == second["proposalId"] != first["proposalId"]
        assert [(file["added"], file["removed"]) for file in proposal["files"]] == [(1, 1)]
        await at.editor.command("devstral.applyProposal")
        assert at.seen("a.txt") == LINES.replace("line 15\n", "line number fifteen\n")


async def test_a_follow_up_that_changes_nothing_does_not_ask_again(stages: Stages) -> None:
    async with stages.on(behaving(NEOVIM, picks=()), FILES, [*TURNS, say("It is fine.")]) as at:
        at.open("a.txt")
        first = await at.run()
        assert len(at.editor.questions) == 1
        answer = await at.run(prompt="is it right?")
        assert (answer["proposalId"], len(at.editor.questions)) == (None, 1)
        assert [proposal["proposalId"] for proposal in await at.pending()] == [first["proposalId"]]


async def test_what_a_code_action_wrote_into_a_closed_file_is_not_discarded(stages: Stages) -> None:
    """Nobody tells of it: the file is not open, and the disk is watched at leisure."""
    async with stages.on(HELIX, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")
        run = await at.run(apply="propose")
        actions = await at.editor.actions(uri, 0)
        at.editor.close(uri)
        await at.editor.choose(actions, "apply all")
        ask = at.editor.server.ask(
            "workspace/executeCommand",
            {"command": "devstral.discardProposal", "arguments": [{"proposalId": run["proposalId"]}]},
        )
        assert "is applied already" in (await at.editor.server.answer(ask))["error"]["message"]
        assert at.seen("a.txt") == ALL
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to a.txt were accepted and applied." in at.prompts()[-1]


async def test_hunks_are_offered_where_the_text_is_now(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="propose")
        at.editor.type(uri, "typed above\n" + LINES)
        await at.editor.choose(await at.editor.actions(uri, 15), "apply this hunk")
        assert at.seen("a.txt") == "typed above\n" + SECOND


# ---------------------------------------------------------------------------------------------- after the fact


@several
async def test_what_the_user_changes_in_accepted_edits_is_told_to_the_model(
    stages: Stages, personality: Personality
) -> None:
    async with stages.on(personality, FILES, [*TURNS, say("I see."), say("Yes.")]) as at:
        uri = at.open("a.txt")
        await accepted(at)
        at.editor.type(uri, ALL.replace("line fifteen", "row fifteen"))
        await at.run(prompt="go on", apply="propose")
        told = at.prompts()[-1]
        assert "Your proposed edits to a.txt were accepted and applied, and then changed by the user." in told
        assert "-line fifteen\n+row fifteen" in told
        assert await outcomes(at) == {"a.txt": ("modified", {})}
        await at.run(prompt="and on", apply="propose")
        assert "Your proposed edits" not in at.prompts()[-1]


@several
async def test_what_the_user_takes_back_with_the_editors_undo_is_told_to_the_model(
    stages: Stages, personality: Personality
) -> None:
    async with stages.on(personality, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")
        await accepted(at)
        at.editor.type(uri, LINES)
        assert await outcomes(at) == {"a.txt": ("undone", {})}
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to a.txt were applied and then undone by the user." in at.prompts()[-1]


async def test_what_the_user_types_elsewhere_changes_no_verdict(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see.")]) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        at.editor.type(uri, "first\n" + ALL.replace("line 20", "line twenty"))
        assert await outcomes(at) == {"a.txt": ("applied", {})}
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to a.txt were accepted and applied." in at.prompts()[-1]


async def test_a_hunk_taken_back_before_another_is_applied_is_not_counted_as_there(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="propose")
        first, second, _ = await hunks(at)
        await at.editor.command("devstral.applyProposal", {"hunks": [first]})
        at.editor.type(uri, LINES)
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        assert at.seen("a.txt") == SECOND
        assert (await outcomes(at))["a.txt"][0] == "modified"


# ------------------------------------------------------------------------------------ what something would run


RUN = [
    calls(read("a.txt"), read(".mise.toml")),
    calls(
        EDITS[0],
        edit(".mise.toml", "export A=1", "export A=2"),
        write(".vscode/tasks.json", "{}\n"),
        write(".github/workflows/ci.yml", "on: push\n"),
    ),
    say("Done."),
]
RUN_FILES = {**FILES, ".mise.toml": "export A=1\n"}
FIRST = LINES.replace("line 3\n", "line three\n")


@pytest.mark.parametrize("personality", [NEOVIM, HELIX, EGLOT], ids=lambda item: item.name)
async def test_in_auto_mode_what_something_would_run_is_asked_about(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, RUN_FILES, RUN) as at:
        at.editor.undecided = True
        await at.start(apply="auto")
        await at.editor.settles(lambda: bool(at.editor.waiting))
        (question,) = at.editor.questions
        assert question["message"].startswith("Devstral proposes 3 files, +3 -1: ")
        names = (".mise.toml", ".vscode/tasks.json", ".github/workflows/ci.yml")
        assert all(name in question["message"] for name in names)
        assert "run what it says" in question["message"]
        # The others are there by then, and these are not.
        assert (at.seen("a.txt"), at.seen(".mise.toml")) == (FIRST, "export A=1\n")
        assert (at.seen(".vscode/tasks.json"), at.seen(".github/workflows/ci.yml")) == (None, None)
        (proposal,) = await at.pending()
        assert sorted(file["path"] for file in proposal["files"] if file["state"] == "pending") == [
            ".github/workflows/ci.yml", ".mise.toml", ".vscode/tasks.json",
        ]  # fmt: skip
        at.editor.answer("Apply")
        await at.decided()
        assert at.seen(".mise.toml") == "export A=2\n"


async def test_a_no_to_what_something_would_run_leaves_the_rest_applied(stages: Stages) -> None:
    async with stages.on(behaving(NEOVIM, picks=("Discard",)), RUN_FILES, RUN) as at:
        answer = await at.run(apply="auto")
        assert answer["outcome"] == "partly applied"
        assert answer["edits"]["applied"] == [at.uri("a.txt")]
        assert len(answer["edits"]["rejected"]) == 3
        assert (at.seen("a.txt"), at.seen(".mise.toml")) == (FIRST, "export A=1\n")


async def test_an_open_question_about_it_keeps_no_other_run_waiting(stages: Stages) -> None:
    async with stages.on(NEOVIM, RUN_FILES, [*RUN, say("Here.")]) as at:
        at.editor.undecided = True
        await at.start("edit", apply="auto")
        await at.editor.settles(lambda: bool(at.editor.waiting))
        assert (await at.run("edit", "more", apply="propose"))["text"] == "Here."
        assert at.seen(".mise.toml") == "export A=1\n"


@pytest.mark.skipif(not find_bwrap(), reason="what a command changes is kept in the sandbox only")
@pytest.mark.parametrize("personality", [NEOVIM, HELIX, VS_CODE, EGLOT], ids=lambda item: item.name)
async def test_a_file_that_a_command_moves_is_moved_in_the_editor(stages: Stages, personality: Personality) -> None:
    turns = [command("mkdir d && mv a.txt d/b.txt"), say("Moved.")]
    async with stages.on(behaving(personality, picks=("Run once", "Apply")), FILES, turns) as at:
        answer = await at.run()
        assert answer["outcome"] == "applied"
        assert (at.seen("a.txt"), at.seen("d/b.txt")) == (None, LINES)


@pytest.mark.skipif(not find_bwrap(), reason="what a command changes is kept in the sandbox only")
async def test_a_file_that_something_runs_is_not_moved_away_unasked(stages: Stages) -> None:
    turns = [command("mv .mise.toml old.txt"), say("Ok.")]
    async with stages.on(behaving(NEOVIM, picks=("Run once",)), RUN_FILES, turns) as at:
        await at.run(apply="auto")
        assert "old.txt" in at.editor.questions[1]["message"]
        assert (at.seen(".mise.toml"), at.seen("old.txt")) == ("export A=1\n", None)


async def test_code_shows_its_own_preview_of_what_something_would_run(stages: Stages) -> None:
    async with stages.on(VS_CODE, RUN_FILES, RUN) as at:
        await at.run(apply="auto")
        plain, confirmed = at.editor.edits
        assert "a.txt" in str(plain)
        assert not any(name in str(plain) for name in (".mise.toml", "tasks.json", "ci.yml"))
        assert all(name in str(confirmed) for name in (".mise.toml", "tasks.json", "ci.yml"))
        asking = [key for key, note in confirmed["changeAnnotations"].items() if note["needsConfirmation"]]
        assert any(f"'annotationId': '{key}'" in str(confirmed["documentChanges"]) for key in asking)
        assert "changeAnnotations" not in plain
        assert (at.seen(".mise.toml"), at.seen(".vscode/tasks.json")) == ("export A=2\n", "{}\n")


# ------------------------------------------------------------------------------------------------------- undo


@several
async def test_undo_takes_back_what_was_applied_even_after_saves(stages: Stages, personality: Personality) -> None:
    turns = [*TURNS[:1], calls(*EDITS, edit("b.txt", "other", "another")), say("Done."), say("I see.")]
    async with stages.on(personality, FILES, turns) as at:
        uri = at.open("a.txt")
        at.open("b.txt")
        session = await accepted(at)
        at.editor.save(uri)
        at.editor.type(uri, "typed since\n" + ALL)
        answer = await at.editor.command("devstral.undo")
        assert (answer["undone"], sorted(answer["files"])) == (True, [uri, at.uri("b.txt")])
        assert (at.seen("a.txt"), at.seen("b.txt")) == ("typed since\n" + LINES, "other\n")
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to a.txt were applied and then undone by the user." in at.prompts()[-1]
        assert await refused(at, session) == "There is nothing to undo: no edits of Devstral were applied."


async def test_undo_leaves_what_the_user_changed_since_and_says_so(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")
        at.editor.type(uri, ALL.replace("line fifteen", "row fifteen"))
        answer = await at.editor.command("devstral.undo")
        assert (answer["undone"], answer["failureReason"]) == (
            False,
            "Not all was undone: you changed Devstral's edits to a.txt since, so they stay.",
        )
        assert at.seen("a.txt") == LINES.replace("line 15", "row fifteen")


async def test_undo_takes_back_the_newest_proposal_first(stages: Stages) -> None:
    more = [read("b.txt"), edit("b.txt", "other", "another"), say("Done.")]
    async with stages.on(NEOVIM, FILES, [*TURNS, *more]) as at:
        at.open("a.txt")
        at.open("b.txt")
        await at.run(apply="auto")
        await at.run(prompt="more", apply="auto")
        await at.editor.command("devstral.undo")
        assert (at.seen("a.txt"), at.seen("b.txt")) == (ALL, "other\n")
        await at.editor.command("devstral.undo")
        assert (at.seen("a.txt"), at.seen("b.txt")) == (LINES, "other\n")


async def test_undo_takes_back_hunks_applied_one_after_the_other(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="propose")
        first, second, third = await hunks(at)
        await at.editor.command("devstral.applyProposal", {"hunks": [third]})
        at.editor.type(uri, "between\n" + str(at.seen("a.txt")))
        await at.editor.command("devstral.applyProposal", {"hunks": [first]})
        await at.editor.command("devstral.undo")
        assert at.seen("a.txt") == "between\n" + LINES
        assert await hunks(at) == [second]
        await at.editor.command("devstral.applyProposal", {"hunks": [second]})
        assert at.seen("a.txt") == "between\n" + SECOND


async def test_undo_deletes_a_file_that_was_made(stages: Stages) -> None:
    async with stages.on(NEOVIM, {}, [write("new.txt", "new\n"), say("Done.")]) as at:
        await at.run(apply="auto")
        assert at.seen("new.txt") == "new\n"
        answer = await at.editor.command("devstral.undo")
        assert answer["undone"] is True
        assert at.seen("new.txt") is None


async def accepted(at: Stage) -> str:
    """A run whose edits the user takes, as this editor lets him; its session."""
    run = await at.run(apply="auto")
    if at.editor.personality is KATE:
        await at.editor.choose(await at.editor.actions(at.uri("a.txt"), 0), "apply all")
        await at.decided()
    assert at.seen("a.txt") == ALL
    return str(run["sessionId"])


async def refused(at: Stage, session: str) -> str:
    params = {"command": "devstral.undo", "arguments": [{"sessionId": session}]}
    ask = at.editor.server.ask("workspace/executeCommand", params)
    return str((await at.editor.server.answer(ask))["error"]["message"])


# --------------------------------------------------------------------------------- the text changed meanwhile


async def test_edits_that_no_longer_fit_are_made_anew_by_the_model(stages: Stages) -> None:
    again = [read("a.txt"), edit("a.txt", "mine\n", "mine, fifteen\n"), say("Made anew.")]
    async with stages.on(NEOVIM, FILES, [TURNS[0], calls(EDITS[1]), say("Done."), *again]) as at:
        uri = at.open("a.txt")
        at.wire.hold(3)
        await at.start(apply="auto")
        await at.wire.asked(3)
        at.editor.type(uri, LINES.replace("line 15\n", "mine\n"))
        await at.settled()
        await at.wire.release()
        await at.ends()
        assert "While you worked the user changed a.txt in the places of your edits" in at.prompts()[-1]
        await at.editor.settles(lambda: "mine, fifteen" in str(at.seen("a.txt")))
        assert at.seen("a.txt") == LINES.replace("line 15\n", "mine, fifteen\n")


async def test_after_two_times_the_edits_stay_a_proposal_in_conflict(stages: Stages) -> None:
    turns = [TURNS[0], calls(EDITS[1]), *[say(f"Done {number}.") for number in range(3)]]
    tries = [read("a.txt"), edit("a.txt", "take 1\n", "taken\n"), say("2")]
    tries += [read("a.txt"), edit("a.txt", "take 2\n", "taken\n"), say("3")]
    async with stages.on(NEOVIM, FILES, [*turns[:3], *tries]) as at:
        uri = at.open("a.txt")
        for number, request in enumerate((3, 6, 9), 1):
            at.wire.hold(request)
            if number == 1:
                await at.start()
            await at.wire.asked(request)
            at.editor.type(uri, LINES.replace("line 15\n", f"take {number}\n"))
            await at.settled()
            await at.wire.release()
        await at.ends()
        await at.told("a.txt changed where Devstral's edits are: they stay pending.")
        assert at.seen("a.txt") == LINES.replace("line 15\n", "take 3\n")
        (proposal,) = await at.pending()
        assert "-take 2\n+taken\n" in proposal["diff"]
        assert (
            "(a.txt changed meanwhile where the edits are: those can't be applied)"
            in at.editor.questions[-1]["message"]
        )
        actions = await at.editor.actions(uri, 14)
        assert "Devstral: make the edits to a.txt anew" in [action["title"] for action in actions]


async def test_an_edit_follows_its_text_to_where_the_user_moved_it(stages: Stages) -> None:
    """A merge by lines would see a conflict: the lines are gone from where they were."""
    async with stages.on(NEOVIM, FILES, [TURNS[0], calls(EDITS[1]), say("Done.")]) as at:
        uri = at.open("a.txt")
        await at.run(apply="propose")
        moved = "line 15\n" + LINES.replace("line 15\n", "")
        at.editor.type(uri, moved)
        await at.editor.command("devstral.applyProposal")
        assert at.seen("a.txt") == moved.replace("line 15\n", "line fifteen\n")


# ------------------------------------------------------------------------------------------------ inline review


async def test_each_hunk_has_lenses_to_accept_and_to_reject_it(stages: Stages) -> None:
    async with stages.on(LENSES, FILES, TURNS, settings={"edits": {"inline": True, "mode": "propose"}}) as at:
        uri = at.open("a.txt")
        await at.run()
        lenses = await shown(at, uri)
        assert [(line, title) for line, title, _ in lenses] == [
            (0, "Devstral proposes 3 changes: accept all"),
            (0, "Reject all"),
            (0, "Show the diff"),
            (2, "Accept +1 -1: line three"),
            (2, "Reject"),
            (14, "Accept +1 -1: line fifteen"),
            (14, "Reject"),
            (27, "Accept +1 -1: line twenty-eight"),
            (27, "Reject"),
        ]
        accept, reject = lenses[5][2], lenses[3 + 1][2]
        await at.editor.command(accept["command"], *accept["arguments"])
        assert at.seen("a.txt") == SECOND
        await at.editor.command(reject["command"], *reject["arguments"])
        assert [(line, title) for line, title, _ in await shown(at, uri)] == [
            (27, "Accept +1 -1: line twenty-eight"),
            (27, "Reject"),
        ]
        marks = at.editor.diagnostics[uri]
        assert [mark["range"]["start"]["line"] for mark in marks] == [27]
        assert marks[0]["message"].endswith("\n-line 28\n+line twenty-eight")
        # A second press on a lens that is still on the screen does nothing.
        again = await at.editor.command(accept["command"], *accept["arguments"])
        assert again["failureReason"] == "There was nothing to apply."


async def test_lenses_move_with_the_text_and_say_when_edits_no_longer_fit(stages: Stages) -> None:
    one = [TURNS[0], calls(EDITS[1]), say("Done.")]
    async with stages.on(LENSES, FILES, one, settings={"edits": {"inline": True, "mode": "propose"}}) as at:
        uri = at.open("a.txt")
        await at.run()
        at.editor.type(uri, "typed\n" + LINES)
        assert [line for line, _, _ in await shown(at, uri)] == [15, 15]
        await at.editor.settles(lambda: [mark["range"]["start"]["line"] for mark in at.editor.diagnostics[uri]] == [15])
        at.editor.type(uri, LINES.replace("line 15\n", "mine\n"))
        titles = [title for _, title, _ in await shown(at, uri)]
        assert titles == ["Devstral's edits no longer fit: the text changed. Show the diff", "Discard them"]


async def test_without_the_setting_there_are_no_lenses(stages: Stages) -> None:
    async with stages.on(LENSES, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="propose")
        assert await shown(at, uri) == []


async def shown(at: Stage, uri: str) -> list[tuple[int, str, dict[str, Any]]]:
    """(line, title, command) of the lenses of a document."""
    lenses = await at.editor.server.call("textDocument/codeLens", {"textDocument": {"uri": uri}})
    return [(lens["range"]["start"]["line"], lens["command"]["title"], lens["command"]) for lens in lenses]
