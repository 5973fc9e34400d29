"""Code actions that users define, and modes of single commands."""

from __future__ import annotations

import pytest

from tests.doubles.editor import HELIX, NEOVIM, VS_CODE, behaving
from tests.e2e.stage import Json, Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "def f():\n    return 1\n"
LOG: Json = {
    "id": "log",
    "title": "Add logging",
    "prompt": "Log {{}} in {file} ({language}):\n{selection}\n{diagnostics}",
    "languages": ["python"],
}
WHY: Json = {"id": "why", "title": "Why is that wrong?", "prompt": "Why: {diagnostics}", "when": "diagnostics",
             "kind": "quickfix.why", "edits": False}  # fmt: skip
PROBLEM: Json = {
    "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 10}},
    "severity": 2,
    "source": "ruff",
    "code": "F821",
    "message": "wrong",
}
TURNS = [read("app.py"), edit("app.py", "return 1", "return 2"), say("Done.")]


async def test_an_action_is_offered_for_its_languages_and_tells_the_model_its_prompt(stages: Stages) -> None:
    async with stages.on(NEOVIM, {"app.py": CODE, "a.js": "f();\n"}, TURNS, settings={"actions": [LOG, WHY]}) as at:
        uri = at.open("app.py")
        actions = await at.editor.actions(uri, 1, 2)
        (mine,) = [action for action in actions if action["title"] == "Add logging"]
        assert mine["kind"] == "refactor.rewrite.devstral"
        assert "Why is that wrong?" not in [action["title"] for action in actions]
        others = await at.editor.actions(at.open("a.js", language="javascript"), 0, 1)
        assert "Add logging" not in [action["title"] for action in others]
        await at.editor.choose(actions, "Add logging")
        await at.decided()
        await at.editor.settles(lambda: "return 2" in (at.seen("app.py") or ""))
        assert at.prompts()[0].endswith("Log {} in app.py (python):\n    return 1\n\n(none)")


async def test_an_action_for_problems_is_there_where_they_are_and_answers_in_prose(stages: Stages) -> None:
    async with stages.on(VS_CODE, {"app.py": CODE}, [say("Because.")], settings={"actions": [WHY]}) as at:
        uri = at.open("app.py")
        actions = await at.editor.actions(uri, 1, diagnostics=[PROBLEM], triggerKind=2)
        (mine,) = [action for action in actions if action["title"] == "Why is that wrong?"]
        assert (mine["kind"], mine["diagnostics"]) == ("quickfix.why", [PROBLEM])
        assert await at.editor.actions(uri, 1, triggerKind=2) == []
        await at.editor.choose(actions, "Why is that")
        await at.ends()
        assert at.prompts()[0].endswith(
            "Answer in prose; do not edit files.\n\nWhy: app.py:2: warning: wrong (ruff F821)"
        )
        await at.editor.settles(lambda: bool(at.editor.shown))


async def test_a_picker_names_an_action_by_its_id(stages: Stages) -> None:
    async with stages.on(HELIX, {"app.py": CODE}, [say("Hm.")], settings={"actions": [LOG]}) as at:
        await at.editor.actions(at.open("app.py"), 0)
        await at.editor.command("devstral.runAction", "log")
        await at.ends()
        assert at.prompts()[0].endswith("Log {} in app.py (python):\n(nothing is selected)\n(none)")
        for arguments, line in (
            (["gone"], "There is no action 'gone': log."),
            ([], "Name an action's id: log."),
        ):
            params = {"command": "devstral.runAction", "arguments": arguments}
            answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
            assert answer["error"] == {"code": -32803, "message": line}


async def test_a_wrong_action_is_named_and_the_others_work(stages: Stages) -> None:
    wrong: list[Json] = [LOG, {**LOG, "prompt": "again"}, {"id": "b", "title": "B", "prompt": "{it}"}]
    async with stages.own(VS_CODE, {"app.py": CODE}, options={"actions": wrong}) as at:
        offered = [action["title"] for action in await at.editor.actions(at.open("app.py"), 0)]
        assert offered.count("Add logging") == 1
        await at.told("'b'")
        assert sorted(message for _, message in at.editor.messages) == [
            "devstral.actions (initializationOptions) 'b': has no variable {it} ({selection}, {file}, {language}, "
            "{diagnostics}; write {{ or }} for a brace); it is left out.",
            "devstral.actions (initializationOptions) 'log': has the id of an action before it; it is left out.",
        ]


@pytest.mark.parametrize(
    ("settings", "action_mode", "argument", "applied", "asked"),
    [
        ({"mode": "propose", "modes": {"runAction": "propose"}}, "review", "auto", True, 0),
        ({"mode": "propose", "modes": {"runAction": "propose"}}, "auto", None, True, 0),
        ({"mode": "auto", "modes": {"runAction": "review"}}, None, None, True, 1),
        ({"mode": "review", "modes": {"runAction": "propose"}}, None, None, False, 0),
        ({"mode": "propose", "modes": {"fix": "auto"}}, None, None, False, 0),
    ],
)
async def test_the_argument_goes_before_the_action_before_the_command_before_the_setting(
    stages: Stages, settings: Json, action_mode: str | None, argument: str | None, applied: bool, asked: int
) -> None:
    action = {**LOG, "mode": action_mode}
    async with stages.on(NEOVIM, {"app.py": CODE}, TURNS, settings={"actions": [action], "edits": settings}) as at:
        uri = at.open("app.py")
        fields = {"apply": argument} if argument else {}
        answer = await at.run("runAction", "", id="log", textDocument={"uri": uri}, **fields)
        assert answer["edits"] == {"proposed": [uri], "applied": [uri] if applied else [], "rejected": []}
        assert ("return 2" in (at.seen("app.py") or "")) == applied
        assert len(at.editor.questions) == asked


async def test_a_command_has_its_own_mode_and_a_wrong_one_is_named(stages: Stages) -> None:
    modes = {"fix": "auto", "explain": "auto", "test": "yes"}
    async with stages.own(NEOVIM, {"app.py": CODE}, TURNS, options={"edits": {"modes": modes}}) as at:
        uri = at.open("app.py")
        answer = await at.run("fix", "", textDocument={"uri": uri})
        assert (answer["edits"]["applied"], at.editor.questions) == ([uri], [])
        assert sorted(message for _, message in at.editor.messages) == [
            "devstral.edits.modes (initializationOptions) knows no command 'explain' that edits; it is left out.",
            "devstral.edits.modes (initializationOptions) must have one of review, auto, propose for 'test', "
            "not 'yes'; it is left out.",
        ]


async def test_a_rejected_edit_is_the_outcome_of_a_command_that_waits(stages: Stages) -> None:
    refusing = behaving(NEOVIM, picks=("Discard",))
    async with stages.on(refusing, {"app.py": CODE}, TURNS) as at:
        uri = at.open("app.py")
        answer = await at.run("edit", "make it two", textDocument={"uri": uri})
        assert answer["edits"] == {"proposed": [uri], "applied": [], "rejected": [uri]}
        assert answer["state"] == "finished"
