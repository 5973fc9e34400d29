"""Row by row, what editors do differently, each row in every editor: docs/editors/README.md is for their users.

Elsewhere: whether applyEdit is advertised, and text typed while a run goes on, in every editor (test_personalities);
moved files (tests/server/test_moves); more questions that collide (test_proposals); five ways to cancel (test_cancel).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.doubles.editor import (
    COLUMNS,
    EGLOT,
    HELIX,
    KATE,
    LSP4IJ,
    NEOVIM,
    SUBLIME,
    VS_CODE,
    ZED,
    Personality,
    behaving,
)
from tests.doubles.personalities import DOCUMENTS, EGLOT_30, capable
from tests.e2e.stage import HANG, Stage, Stages, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEFORE = "import os\n\n\ndef answer():\n    return 1\n"
AFTER = BEFORE.replace("return 1", "return 2")
OWL = "name = '🦉'  # 日本"
FILES = {"app.py": BEFORE, "owl.py": OWL}
ONE = [read("app.py"), edit("app.py", "return 1", "return 2"), say("Done.")]


def named(*personalities: Personality) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("personality", personalities, ids=lambda item: f"{item.name} {item.version}")


every_column = named(*COLUMNS)


def can(personality: Personality, *path: str) -> Any:
    """What it says of one capability."""
    found: Any = personality.capabilities
    for key in path:
        found = (found or {}).get(key)
    return found


async def accept(at: Stage, title: str = "apply all") -> None:
    """Take the pending proposal from the code actions, as every editor can."""
    await at.editor.choose(await at.editor.actions(at.uri("app.py"), 0), title)


# ------------------------------------------------------------------- documentChanges, positions, creating, deleting


@every_column
async def test_an_edit_has_the_form_the_editor_takes(stages: Stages, personality: Personality) -> None:
    turns = [calls(read("app.py"), read("owl.py")), calls(ONE[1], edit("owl.py", "日本", "本日 🦉")), say("Done.")]
    async with stages.on(personality, FILES, turns) as at:
        uri = at.open("app.py")
        await at.run(apply="propose")
        (action,) = [item for item in await at.editor.actions(uri, 0) if "apply all" in item["title"]]
        if "edit" not in action:
            action = await at.editor.server.call("codeAction/resolve", action)
        sent = action["edit"]
        if personality is KATE:
            assert set(sent) == {"changes"}
        else:
            versions = {
                item["textDocument"]["uri"]: item["textDocument"]["version"] for item in sent["documentChanges"]
            }
            assert versions == {uri: 1, at.uri("owl.py"): None}
        await at.editor.choose([action], "apply all")
        await at.decided()
        assert (at.seen("app.py"), at.seen("owl.py")) == (AFTER, OWL.replace("日本", "本日 🦉"))


@every_column
async def test_places_count_in_the_units_that_were_agreed_on(stages: Stages, personality: Personality) -> None:
    """The whole of the last line is replaced, which has no end: where it ends differs from unit to unit."""
    async with stages.on(personality, FILES, [read("owl.py"), edit("owl.py", "日本", "本日"), say("Done.")]) as at:
        uri = at.open("owl.py")
        offered = can(personality, "general", "positionEncodings") or ["utf-16"]
        assert at.editor.encoding == offered[0]
        await at.run(apply="propose")
        (action,) = [item for item in await at.editor.actions(uri, 0) if "apply all" in item["title"]]
        if "edit" not in action:
            action = await at.editor.server.call("codeAction/resolve", action)
        changes = action["edit"].get("documentChanges") or [{"edits": action["edit"]["changes"][uri]}]
        end = changes[0]["edits"][0]["range"]["end"]
        assert end == {"line": 0, "character": {"utf-8": 23, "utf-16": 17, "utf-32": 16}[at.editor.encoding]}
        at.editor.apply(action["edit"])
        await at.decided()
        assert at.seen("owl.py") == OWL.replace("日本", "本日")


@named(*COLUMNS, EGLOT_30)
async def test_files_are_made_and_deleted_as_far_as_the_editor_can(stages: Stages, personality: Personality) -> None:
    """The double refuses what its editor never said it can. What is left over, the user is told."""
    async with stages.on(personality, FILES, [write("new.py", "new = 1\n"), say("Done.")]) as at:
        at.open("app.py")
        await at.run(apply="auto")
        if personality is KATE:
            assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        assert at.seen("new.py") == "new = 1\n"
        answer = await at.editor.command("devstral.undo")
        if can(personality, "workspace", "workspaceEdit", "resourceOperations"):
            assert (answer["undone"], at.seen("new.py")) == (True, None)
        else:
            assert answer["failureReason"].endswith(
                "this editor can't delete files for a server: delete new.py yourself)."
            )
            assert at.seen("new.py") == "new = 1\n"


@every_column
async def test_a_file_that_came_into_being_meanwhile_is_never_emptied(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, [write("new.py", "new = 1\n"), say("Done.")]) as at:
        at.open("app.py")
        await at.run(apply="propose")
        at.put("new.py", "mine = 1\n")
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["applied"] is False
        assert at.seen("new.py") == "mine = 1\n"
        assert at.editor.edits == []


# --------------------------------------------------------------------------------------------- change annotations


@every_column
async def test_only_an_editor_that_shows_a_preview_gets_annotations(stages: Stages, personality: Personality) -> None:
    """Sublime shows their labels and nothing else, so its user is asked like the others."""
    async with stages.on(personality, FILES, ONE) as at:
        at.open("app.py")
        await at.run()
        assert [bool(edit.get("changeAnnotations")) for edit in at.editor.edits] == (
            [] if personality is KATE else [personality is VS_CODE]
        )
        assert len(at.editor.questions) == (0 if personality in (VS_CODE, KATE) else 1)
        assert at.seen("app.py") == (BEFORE if personality is KATE else AFTER)


# --------------------------------------------------------------------------- stale versions, and what `applied` says


async def late(at: Stage, mine: str) -> Any:
    """A run whose edit the editor gets right after its user typed `mine`; the run's answer."""

    def type_once() -> None:
        at.editor.before_apply = None
        at.editor.type(at.uri("app.py"), mine)

    at.editor.before_apply = type_once
    return await at.run(textDocument={"uri": at.uri("app.py")}, apply="auto")


ELSEWHERE = BEFORE.replace("import os", "import re\nimport sys")
THERE = BEFORE.replace("return 1", "return 1000")
versioned = named(*(personality for personality in COLUMNS if personality not in (KATE, LSP4IJ)))
sending = named(*(personality for personality in COLUMNS if personality is not KATE))


@versioned
async def test_a_late_edit_elsewhere_arrives_beside_what_was_typed(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, ONE) as at:
        uri = at.open("app.py")
        answer = await late(at, ELSEWHERE)
        assert answer["edits"]["applied"] == [uri]
        assert at.seen("app.py") == ELSEWHERE.replace("return 1", "return 2")
        assert len(at.editor.edits) == (1 if personality is ZED else 2)
        assert await at.pending() == []


@versioned
async def test_a_late_edit_of_what_was_typed_is_never_called_applied(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, [*ONE, say("I see.")]) as at:
        at.open("app.py")
        answer = await late(at, THERE)
        assert answer["edits"]["applied"] == []
        assert "app.py changed where Devstral's edits are" in answer["message"]
        assert len(await at.pending()) == 1
        if personality is ZED:
            assert at.seen("app.py") == THERE.replace("1000", "2000"), (
                "Zed merges by characters, and keeps what is typed"
            )
        else:
            assert at.seen("app.py") == THERE
        await at.run(prompt="go on", apply="propose")
        assert "were accepted" not in at.prompts()[-1]


async def test_where_an_editor_stops_half_way_each_file_is_judged_by_its_text(stages: Stages) -> None:
    files = {**FILES, "long.py": "one = 1\n\n\n\n\n"}
    turns = [calls(read("app.py"), read("long.py")), calls(ONE[1], edit("long.py", "one = 1", "one = 2")), say("Done.")]
    async with stages.on(HELIX, files, turns) as at:
        first, second = at.open("app.py"), at.open("long.py")
        typed = [files["long.py"]]

        def type_more() -> None:
            typed.append(f"{typed[-1]}# {len(typed)}\n")
            at.editor.type(second, typed[-1])

        at.editor.before_apply = type_more
        answer = await at.run(apply="auto")
        assert answer["edits"] == {"proposed": [first, second], "applied": [first], "rejected": []}
        assert (at.seen("app.py"), at.seen("long.py")) == (AFTER, typed[-1])
        assert answer["message"].startswith("The editor did not apply the edits to long.py")


@sending
async def test_an_edit_is_applied_when_the_text_says_so_whatever_the_editor_says(
    stages: Stages, personality: Personality
) -> None:
    for says in ("{}", "always true"):
        async with stages.on(behaving(personality, applies=says), FILES, ONE) as at:
            uri = at.open("app.py")
            answer = await at.run(apply="auto")
            assert answer["edits"]["applied"] == [uri], says
            assert at.seen("app.py") == AFTER


async def test_what_an_editor_tells_late_is_judged_once_it_is_told(stages: Stages) -> None:
    """Emacs tells what changed when its user pauses; until then an edit that was applied is not called refused."""
    async with stages.on(EGLOT, FILES, [*ONE, say("I see.")]) as at:
        uri = at.open("app.py")
        at.editor.busy = True
        await at.start()
        await at.editor.settles(lambda: at.seen("app.py") == AFTER)
        # The user takes it back at once: Eglot tells of both in one notification.
        at.editor.type(uri, BEFORE)
        await at.decided()
        await at.run(prompt="go on")
        assert "Your proposed edits to app.py were applied and then undone by the user." in at.prompts()[-1]
        assert len(at.editor.questions) == 1, "what was decided is not asked again"
        assert at.editor.messages == []


async def test_an_edit_that_is_told_as_no_change_was_taken_back(stages: Stages) -> None:
    """Emacs 30 puts changes that lie close together into one: an edit and its undo come to nothing."""
    async with stages.on(EGLOT, FILES, [*ONE, say("I see.")]) as at:
        uri = at.open("app.py")
        at.editor.busy = True
        await at.start()
        await at.editor.settles(lambda: at.seen("app.py") == AFTER)
        at.editor.type(uri, BEFORE)
        at.editor.forget_between(uri)
        await at.decided()
        await at.run(prompt="go on")
        assert "Your proposed edits to app.py were applied and then undone by the user." in at.prompts()[-1]


async def test_a_file_in_a_new_folder_is_not_sent_to_an_editor_that_makes_no_folders(stages: Stages) -> None:
    async with stages.on(EGLOT_30, FILES, [write("tests/new.py", "new = 1\n"), say("Done.")]) as at:
        answer = await at.run()
        folder = at.path("tests")
        reason = f"this editor can't make folders for a server: make {folder} and apply again"
        assert answer["message"] == f"The editor did not apply the edits to tests/new.py: {reason}."
        assert at.editor.edits == []
        folder.mkdir()
        assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        assert at.seen("tests/new.py") == "new = 1\n"


# ------------------------------------------------------------------------------------------------------- resolve


@every_column
async def test_a_proposals_action_is_filled_in_at_once_or_when_asked_and_never_waits_for_a_model(
    stages: Stages, personality: Personality
) -> None:
    """Resolving blocks the user in Helix and in Emacs: it is answered while the model is held."""
    async with stages.on(personality, FILES, [*ONE, HANG]) as at:
        uri = at.open("app.py")
        await at.run(apply="propose")
        at.wire.hold()
        await at.start("explain", textDocument={"uri": uri})
        await at.wire.asked(4)
        (action,) = [item for item in await at.editor.actions(uri, 0) if "apply all" in item["title"]]
        assert ("edit" in action) is not personality.resolves
        await at.editor.choose([action], "apply all")
        assert at.seen("app.py") == AFTER
        await at.editor.command("devstral.cancel")
        await at.wire.release()


# ------------------------------------------------------------------------------- progress, cancelling, the command


@every_column
async def test_progress_has_a_token_of_ours_in_letters_and_cancelling_stops_the_model(
    stages: Stages, personality: Personality
) -> None:
    """Sublime sends a token with every command: it is over with the answer, so the run has one of its own."""
    async with stages.on(personality, FILES, [HANG]) as at:
        uri = at.open("app.py")
        answer = await at.start(textDocument={"uri": uri})
        assert answer["state"] in ("queued", "running"), "answered before the model was"
        await at.editor.settles(lambda: "thinking" in str(at.editor.progress))
        ((token, values),) = at.editor.progress.items()
        assert isinstance(token, str)
        assert token.startswith("devstral-")
        assert token in at.editor.tokens
        assert all(len(value["message"]) <= 80 and "percentage" not in value for value in values[1:])
        if personality.cancels:
            at.editor.server.notify("window/workDoneProgress/cancel", {"token": token})
        else:
            await at.editor.choose(await at.editor.actions(uri, 0), "Devstral: cancel")
        assert await asyncio.to_thread(at.model.await_disconnects, 1)
        await at.ends()
        assert values[-1] == {"kind": "end", "message": "cancelled"}


async def test_a_token_sent_with_a_command_that_is_waited_for_shows_its_progress(stages: Stages) -> None:
    async with stages.on(SUBLIME, FILES, ONE) as at:
        await at.run(apply="propose")
        own = at.editor.tokens[-1]
        assert [value["kind"] for value in at.editor.progress[own]][:: len(at.editor.progress[own]) - 1] == [
            "begin",
            "end",
        ]
        assert list(at.editor.progress) == [own]


# ------------------------------------------------------------------------------------------------------ questions


@every_column
async def test_a_question_closed_without_an_answer_decides_nothing_or_denies(
    stages: Stages, personality: Personality
) -> None:
    """Most answer null, Kate {}: a proposal stays pending, a command is not run."""
    turns = [command("touch ran"), *ONE]
    async with stages.on(behaving(personality, picks=()), FILES, turns) as at:
        at.open("app.py")
        answer = await at.run()
        assert "denied" in at.results(1)[-1] or "did not allow" in at.results(1)[-1], at.results(1)
        assert answer["edits"]["rejected"] == []
        assert len(at.editor.questions) == (1 if personality in (VS_CODE, KATE) else 2)
        if personality is not VS_CODE:
            assert len(await at.pending()) == 1
            assert at.seen("app.py") == BEFORE


@named(NEOVIM, HELIX, EGLOT, ZED, SUBLIME, LSP4IJ)
async def test_a_second_question_comes_only_after_the_first_was_taken_back(
    stages: Stages, personality: Personality
) -> None:
    """Helix would show the second in place of the first and never answer that; others would show both."""
    turns = [*[{**turn, "when": "edit it"} for turn in ONE[:1]], *ONE[1:], {**command("true"), "when": "run it"}]
    async with stages.on(personality, FILES, [*turns, say("Ran.")]) as at:
        uri = at.open("app.py")
        at.editor.undecided = True
        await at.start(prompt="edit it")
        await at.editor.settles(lambda: len(at.editor.questions) == 1)
        (review,) = at.editor.waiting
        await at.editor.command("devstral.newSession")
        await at.start(prompt="run it")
        await at.editor.settles(lambda: len(at.editor.questions) == 2)
        assert at.editor.withdrawn == [review]
        assert len(at.editor.waiting) == 1
        at.editor.answer("Run once")
        await at.editor.settles(lambda: "done" in at.editor.log)
        assert at.results()[-1].startswith("[exit code 0 ")
        # An editor that kept the first on the screen may still answer it: the proposal is not touched by that.
        at.editor.server.send({"jsonrpc": "2.0", "id": review, "result": {"title": "Apply"}})
        await at.settled()
        assert (at.seen("app.py"), at.editor.edits) == (BEFORE, [])
        await accept(at)
        await at.decided()
        assert at.editor.buffers[uri].text == AFTER


# -------------------------------------------------------------------------------------------------- showing pages


@named(DOCUMENTS, NEOVIM, HELIX, EGLOT, ZED, SUBLIME, KATE, LSP4IJ)
async def test_a_diff_is_shown_as_a_document_a_file_or_a_message(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, ONE) as at:
        at.open("app.py")
        await at.run(apply="propose")
        answer = await at.editor.command("devstral.showDiff")
        virtual = personality in (DOCUMENTS, SUBLIME)
        assert answer["uri"].startswith("devstral:/" if virtual else "file:///")
        if virtual:
            page = (await at.editor.server.call("workspace/textDocumentContent", {"uri": answer["uri"]}))["text"]
        else:
            page = at.page(answer["uri"])
        assert "-    return 1\n+    return 2\n" in page
        if personality is KATE:
            await at.told(f"The diff is at {answer['uri']}")
            assert at.editor.shown == []
        else:
            assert at.editor.shown == [answer["uri"]]


async def test_a_server_goes_on_while_an_editor_never_says_that_it_showed_a_page(stages: Stages) -> None:
    silent = capable(KATE, "Kate that announces showDocument", "window", showDocument={"support": True})
    async with stages.on(silent, FILES, [say("It returns one."), say("Still one.")]) as at:
        uri = at.open("app.py")
        for number in (1, 2):
            await at.start("explain", textDocument={"uri": uri})
            await at.editor.settles(lambda number=number: len(at.editor.shown) == number)  # type: ignore[misc]
        assert (await at.status())["state"] == "idle"


# ------------------------------------------------------------------------------------- several servers per buffer


@every_column
async def test_another_servers_problem_is_fixed_from_the_menu_or_by_argument(
    stages: Stages, personality: Personality
) -> None:
    """Neovim tells a server its own diagnostics only: a mapping hands over the others, as the command's argument."""
    place = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 9}}
    problem = {"range": place, "severity": 2, "source": "ruff", "code": "F401", "message": "`os` imported but unused"}
    async with stages.on(personality, FILES, [say("It is used.")]) as at:
        uri = at.open("app.py")
        told = [problem] if personality.sees_all else []
        offered = await at.editor.actions(uri, 0, 1, diagnostics=told)
        if personality.sees_all:
            await at.editor.choose(offered, "imported but unused")
        else:
            assert not any("imported but unused" in item["title"] for item in offered)
            await at.start("fix", textDocument={"uri": uri}, range=place, diagnostics=[problem])
        await at.editor.settles(lambda: "done" in at.editor.log)
        assert "app.py:1: warning: `os` imported but unused (ruff F401)" in at.prompts()[0]


async def test_no_name_of_ours_can_be_another_servers_and_nothing_of_theirs_is_taken(stages: Stages) -> None:
    """VS Code knows the commands of all servers by one name each; marks of ours are told apart by their source."""
    async with stages.own(VS_CODE, FILES, ONE, options={"edits.mode": "propose"}) as at:
        (greeting,) = [item for item in at.editor.server.received if "capabilities" in (item.get("result") or {})]
        found = greeting["result"]["capabilities"]
        assert all(name.startswith("devstral.") for name in found["executeCommandProvider"]["commands"])
        for theirs in ("hoverProvider", "completionProvider", "definitionProvider", "documentFormattingProvider"):
            assert not found.get(theirs)
        uri = at.open("app.py")
        await at.run(apply="propose")
        await at.editor.settles(lambda: bool(at.editor.diagnostics.get(uri)))
        assert {mark["source"] for mark in at.editor.diagnostics[uri]} == {"devstral-ls"}
        number = at.editor.server.ask("workspace/executeCommand", {"command": "ruff.applyAutofix"})
        assert (await at.editor.server.answer(number))["error"]["code"] == -32602
