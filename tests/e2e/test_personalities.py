"""The main job in every kind of editor: asked, never blocked, shown, applied or not, and never over the user's text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.doubles.editor import (
    ALL,
    BARE,
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
from tests.e2e.stage import Stage, Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKED = (NEOVIM, HELIX, EGLOT, ZED, SUBLIME, LSP4IJ)
"""Those that show no proposals by themselves and can be asked."""

every_editor = pytest.mark.parametrize("personality", ALL, ids=lambda personality: personality.name or "bare")

BEFORE = "import os\n\n\ndef answer():\n    return 1\n\n\ndef other():\n    return 3\n"
AFTER = BEFORE.replace("return 1", "return 2")
FILES = {"app.py": BEFORE}
SLOWLY = say("Now it returns two, as you asked.", delay=0.06)
TURNS = [read("app.py"), edit("app.py", "return 1", "return 2"), SLOWLY]
APPLY_ALL = "apply all (1 file, +1 -1)"


async def by_preview(at: Stage) -> None:
    """VS Code: one applyEdit in which only a deletion of nothing needs confirmation, so that the preview opens."""
    await at.editor.settles(lambda: at.seen("app.py") == AFTER)
    assert len(at.editor.edits) == 1
    sent = at.editor.edits[0]
    change, nothing = sent["documentChanges"]
    needs = {name: note["needsConfirmation"] for name, note in sent["changeAnnotations"].items()}
    assert (nothing["kind"], needs[nothing["annotationId"]]) == ("delete", True)
    assert nothing["uri"].startswith(f"{at.uri('app.py')}/")
    assert [(edit["newText"], needs[edit["annotationId"]]) for edit in change["edits"]] == [("    return 2\n", False)]
    assert at.editor.questions == []


async def by_question(at: Stage) -> None:
    """Most of them: a message with three answers first."""
    await at.editor.settles(lambda: at.seen("app.py") == AFTER)
    (question,) = at.editor.questions
    assert [action["title"] for action in question["actions"]] == ["Apply", "Show diff", "Discard"]
    assert question["message"] == "Devstral proposes 1 file, +1 -1: app.py"
    assert "changeAnnotations" not in at.editor.edits[0]


async def by_literal_edit(at: Stage) -> None:
    """Kate: a mark where the proposal is, and a code action that carries the edit itself."""
    uri = at.uri("app.py")
    await at.editor.settles(lambda: bool(at.editor.diagnostics.get(uri)))
    (mark,) = at.editor.diagnostics[uri]
    assert (mark["severity"], mark["range"]["start"]["line"]) == (3, 4)
    (action,) = [item for item in await at.editor.actions(uri, 0) if APPLY_ALL in item["title"]]
    assert list(action["edit"]["changes"]) == [uri]
    await at.editor.choose([action], APPLY_ALL)
    await at.editor.settles(lambda: at.editor.diagnostics[uri] == [])
    assert at.editor.edits == []
    assert at.editor.questions == []


async def by_command(at: Stage) -> None:
    """A client that says nothing of itself: the proposal waits, and a plain command applies it."""
    assert at.seen("app.py") == BEFORE
    assert len(await at.pending()) == 1
    (action,) = [item for item in await at.editor.actions(at.uri("app.py"), 0) if APPLY_ALL in item["title"]]
    assert action["command"] == "devstral.applyProposal"
    answer = await at.editor.choose([action], APPLY_ALL)
    assert (answer["applied"], answer["files"]) == (True, [at.uri("app.py")])


LANDS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    VS_CODE.name: by_preview,
    **{personality.name: by_question for personality in ASKED},
    KATE.name: by_literal_edit,
    BARE.name: by_command,
}


@every_editor
async def test_a_run_never_blocks_shows_progress_and_its_edit_lands(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, TURNS) as at:
        uri = at.open("app.py")
        at.wire.hold()
        answer = await at.start(textDocument={"uri": uri})
        assert answer["state"] in ("queued", "running")
        assert answer["sessionId"]
        await at.wire.asked(1)
        assert "Devstral: cancel “Ask Devstral”" in [item["title"] for item in await at.editor.actions(uri, 0)]
        assert (await at.status())["state"] == "busy"
        await at.wire.release()
        await at.ends()
        if personality.capabilities.get("window"):
            ((token, values),) = at.editor.progress.items()
            assert isinstance(token, str)
            assert values[0]["kind"] == "begin"
            assert (values[0]["title"], values[0]["cancellable"]) == ("Ask Devstral", True)
            assert values[1]["kind"] == "report"
            assert values[-1] == {"kind": "end", "message": "proposes 1 file, +1 -1"}
        else:
            assert at.editor.progress == {}
        await LANDS[personality.name](at)
        assert at.seen("app.py") == AFTER
        await at.decided()
        assert at.editor.buffers[uri].version == 2


DECLINING = {
    VS_CODE.name: behaving(VS_CODE, applies="refuses"),
    **{personality.name: behaving(personality, picks=("Discard",)) for personality in ASKED},
    KATE.name: KATE,
    BARE.name: BARE,
}


@every_editor
async def test_a_rejected_edit_changes_nothing_and_the_model_is_told(stages: Stages, personality: Personality) -> None:
    turns = [*TURNS[:2], say("Done."), say("I see.")]
    async with stages.on(DECLINING[personality.name], FILES, turns) as at:
        uri = at.open("app.py")
        answer = await at.run(textDocument={"uri": uri})
        assert (answer["state"], answer["edits"]["applied"]) == ("finished", [])
        assert at.seen("app.py") == BEFORE
        if personality in ASKED:
            assert answer["edits"]["rejected"] == [uri]
            assert at.editor.edits == []
        else:
            # Closing a preview decides nothing: the proposal stays, and can be discarded.
            assert len(await at.pending()) == 1
            await at.editor.choose(await at.editor.actions(uri, 4), "discard the proposal")
        assert await at.pending() == []
        assert at.editor.diagnostics.get(uri, []) == []
        await at.run(prompt="why not")
        assert "Your proposed edits to app.py were rejected." in at.prompts()[-1]
        assert at.seen("app.py") == BEFORE


@every_editor
async def test_what_the_user_types_elsewhere_meanwhile_is_kept(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, [*TURNS[:2], say("Done.")]) as at:
        uri = at.open("app.py")
        at.wire.hold(3)
        await at.start(textDocument={"uri": uri})
        await at.wire.asked(3)
        at.editor.type(uri, BEFORE.replace("import os", "import sys\nimport re"))
        await at.settled()
        await at.wire.release()
        await at.ends()
        if personality in (KATE, BARE):
            assert len(await at.pending()) == 1
            await at.editor.choose(await at.editor.actions(uri, 0), APPLY_ALL)
        expected = AFTER.replace("import os", "import sys\nimport re")
        await at.editor.settles(lambda: at.seen("app.py") == expected)
        await at.decided()
        assert at.editor.diagnostics.get(uri, []) == []


@every_editor
async def test_what_the_user_types_in_the_same_place_meanwhile_is_kept(
    stages: Stages, personality: Personality
) -> None:
    async with stages.on(personality, FILES, [*TURNS[:2], say("Done."), say("Ah.")]) as at:
        uri = at.open("app.py")
        at.wire.hold(3)
        await at.start(textDocument={"uri": uri})
        await at.wire.asked(3)
        mine = BEFORE.replace("return 1", "return 1000")
        at.editor.type(uri, mine)
        await at.settled()
        await at.wire.release()
        await at.ends()
        if personality in (KATE, BARE):
            await at.settled()
            await at.editor.choose(await at.editor.actions(uri, 0), "apply all")
        await at.told("app.py changed where Devstral's edits are: they stay pending.")
        assert at.seen("app.py") == mine
        assert len(await at.pending()) == 1
        assert at.editor.edits == []
        await at.run(prompt="go on", apply="propose")
        assert "The user changed app.py where your pending edits are: read it again." in at.prompts()[-1]
        assert at.seen("app.py") == mine


versioned = pytest.mark.parametrize(
    "personality", [VS_CODE, NEOVIM, HELIX, EGLOT, SUBLIME], ids=lambda personality: personality.name
)


@versioned
async def test_an_edit_that_comes_too_late_by_a_key_is_made_anew(stages: Stages, personality: Personality) -> None:
    """The user types once in the moment between the server's edit and the editor's applying it."""
    async with stages.on(personality, FILES, [*TURNS[:2], say("Done.")]) as at:
        uri = at.open("app.py")
        mine = BEFORE.replace("import os", "import re\nimport sys")

        def type_once() -> None:
            at.editor.before_apply = None
            at.editor.type(uri, mine)

        at.editor.before_apply = type_once
        answer = await at.run(textDocument={"uri": uri}, apply="auto")
        assert answer["edits"]["applied"] == [uri]
        assert len(at.editor.edits) == 2
        assert at.seen("app.py") == AFTER.replace("import os", "import re\nimport sys")
        assert await at.pending() == []


@versioned
async def test_a_stale_edit_is_never_taken_for_applied(stages: Stages, personality: Personality) -> None:
    """The user never stops typing, so that every edit is refused, whatever the editor answers."""
    async with stages.on(personality, FILES, [*TURNS[:2], say("Done.")]) as at:
        uri = at.open("app.py")
        typed = [BEFORE]

        def type_more() -> None:
            typed.append(f"# {len(typed)}\n{typed[-1]}")
            at.editor.type(uri, typed[-1])

        at.editor.before_apply = type_more
        answer = await at.run(textDocument={"uri": uri}, apply="auto")
        assert answer["edits"] == {"proposed": [uri], "applied": [], "rejected": []}
        assert answer["message"].startswith("The editor did not apply the edits to app.py")
        assert at.seen("app.py") == typed[-1]
        assert len(await at.pending()) == 1
