"""Code actions: what is offered where, to whom, and what choosing one does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import ALL, BARE, HELIX, NEOVIM, VS_CODE, Personality, behaving
from tests.e2e.stage import HANG, Json, Stages, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

every_editor = pytest.mark.parametrize("personality", ALL, ids=lambda personality: personality.name or "bare")

CODE = "import os\n\n\ndef f():\n    return os.getcwd()\n\n\n# devstral: use pathlib\n"
FILES = {"app.py": CODE}
PROBLEM: Json = {
    "range": {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 9}},
    "severity": 2,
    "source": "ruff",
    "code": "F401",
    "message": "`os` imported but unused",
    "data": {"fix": ["anything", {"jsonrpc": "2.0"}]},
}
ANOTHER: Json = {
    "range": {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 10}},
    "message": "a very long message that goes on and on\nover several lines until nobody wants to read it any more",
}
ON_SELECTION = [
    ("Devstral: improve the selection", "refactor.rewrite.devstral", "devstral.edit"),
    ("Devstral: document the selection", "refactor.rewrite.devstral", "devstral.document"),
    ("Devstral: write tests for the selection", "refactor.rewrite.devstral", "devstral.test"),
    ("Devstral: explain the selection", "devstral.explain", "devstral.explain"),
    ("Devstral: review the selection", "devstral.review", "devstral.review"),
]
TURNS = [read("app.py"), edit("app.py", "os.getcwd()", "Path.cwd()"), say("Done.")]


def titles(actions: list[Json]) -> list[str]:
    return [action["title"] for action in actions]


async def test_a_selection_can_be_improved_documented_tested_explained_and_reviewed(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES) as at:
        actions = await at.editor.actions(at.open("app.py"), 3, 5)
        assert [(item["title"], item["kind"], item["command"]["command"]) for item in actions] == ON_SELECTION
        where = {"start": {"line": 3, "character": 0}, "end": {"line": 5, "character": 0}}
        for action in actions:
            (argument,) = action["command"]["arguments"]
            assert argument["textDocument"] == {"uri": at.uri("app.py")}
            assert argument["range"] == where
        assert titles(await at.editor.actions(at.uri("app.py"), 3))[0] == "Devstral: improve this file"


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix.devstral"}),
        (["quickfix.devstral"], {"quickfix.devstral"}),
        (["refactor"], {"refactor.rewrite.devstral"}),
        (["refactor.rewrite"], {"refactor.rewrite.devstral"}),
        (["devstral"], {"devstral", "devstral.explain", "devstral.review"}),
        (["devstral.explain", "quickfix"], {"devstral.explain", "quickfix.devstral"}),
        (["source.fixAll"], set()),
        (["source"], set()),
        (["quick"], set()),
        ([""], {"quickfix.devstral", "refactor.rewrite.devstral", "devstral", "devstral.explain", "devstral.review"}),
        ([], set()),
    ],
)
async def test_only_the_kinds_that_were_asked_for_are_offered(stages: Stages, only: list[str], kinds: set[str]) -> None:
    async with stages.on(VS_CODE, FILES) as at:
        actions = await at.editor.actions(at.open("app.py"), 0, 8, diagnostics=[PROBLEM], only=only)
        assert {action["kind"] for action in actions} == kinds


async def test_an_automatic_trigger_brings_nothing_but_problems_instructions_and_proposals(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES) as at:
        uri = at.open("app.py")
        assert await at.editor.actions(uri, 3, 5, triggerKind=2) == []
        offered = titles(await at.editor.actions(uri, 0, 8, diagnostics=[PROBLEM], triggerKind=2))
        assert offered == ["Devstral: do “use pathlib”", "Devstral: fix “`os` imported but unused”"]
        assert len(await at.editor.actions(uri, 3, 5, triggerKind=1)) == len(ON_SELECTION)


async def test_each_problem_is_fixed_alone_or_with_the_others(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES) as at:
        problems = [PROBLEM, ANOTHER, {**PROBLEM, "source": "devstral-ls", "message": "our own mark"}]
        actions = await at.editor.actions(at.open("app.py"), 0, 5, diagnostics=problems, only=["quickfix"])
        one, other, both = actions
        assert one["title"] == "Devstral: fix “`os` imported but unused”"
        assert one["diagnostics"] == [PROBLEM]
        assert one["command"]["arguments"][0]["diagnostics"] == [PROBLEM]
        assert other["title"] == "Devstral: fix “a very long message that goes on and on over several li…”"
        assert both["title"] == "Devstral: fix all 2 problems here"
        assert both["diagnostics"] == [PROBLEM, ANOTHER]
        assert both["command"]["arguments"][0]["range"] == {
            "start": {"line": 0, "character": 7},
            "end": {"line": 4, "character": 10},
        }


async def test_a_chosen_fix_tells_the_model_the_problem(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [say("It is used.")]) as at:
        actions = await at.editor.actions(at.open("app.py"), 0, 1, diagnostics=[PROBLEM])
        await at.editor.choose(actions, "imported but unused")
        await at.ends()
        assert "app.py:1: warning: `os` imported but unused (ruff F401)" in at.prompts()[0]


@every_editor
async def test_nothing_is_ever_preferred_or_fixed_on_saving(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, TURNS) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        actions = await at.editor.actions(uri, 0, 8, diagnostics=[PROBLEM])
        assert len(actions) > 8
        assert [action for action in actions if "isPreferred" in action] == []
        assert [action for action in actions if str(action.get("kind")).startswith("source")] == []


@every_editor
async def test_the_most_immediate_things_come_first(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, FILES, [*TURNS, HANG]) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        await at.start(prompt="think", textDocument={"uri": uri})
        await at.wire.asked(4)
        actions = await at.editor.actions(uri, 0, 8, diagnostics=[PROBLEM])
        assert titles(actions)[:6] == [
            "Devstral: do “use pathlib”",
            "Devstral: apply all (1 file, +1 -1)",
            "Devstral: show the proposed diff",
            "Devstral: discard the proposal",
            "Devstral: cancel “Ask Devstral”",
            "Devstral: fix “`os` imported but unused”",
        ]


async def test_a_proposal_about_no_open_document_is_offered_in_every_one(stages: Stages) -> None:
    turns = [write("new.py", "new = 1\n"), say("Done.")]
    for personality in (HELIX, BARE):
        async with stages.on(personality, FILES, turns) as at:
            uri = at.open("app.py")
            await at.run(apply="propose")
            assert not any("apply" in title for title in titles(await at.editor.actions(uri, 0, triggerKind=2)))
            actions = await at.editor.actions(uri, 0, triggerKind=1)
            wanted = ["Devstral: apply all (1 file, +1 -0)", "Devstral: show the proposed diff"]
            assert titles(actions)[:3] == [*wanted, "Devstral: discard the proposal"]
            at.open("new.py", "")
            assert not any("apply" in title for title in titles(await at.editor.actions(uri, 0, triggerKind=1)))
            at.editor.close(at.uri("new.py"))
            await at.editor.choose(actions, "apply all")
            assert at.seen("new.py") == "new = 1\n"


async def test_a_client_without_literals_gets_plain_commands(stages: Stages) -> None:
    async with stages.on(BARE, FILES, TURNS) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        actions = await at.editor.actions(uri, 0, 8, diagnostics=[PROBLEM])
        for action in actions:
            assert set(action) == {"title", "command", "arguments"}
            assert isinstance(action["command"], str)
        known = at.editor.server.received
        assert known
        assert {action["command"] for action in actions} >= {"devstral.applyProposal", "devstral.fix"}


async def test_resolving_fills_in_a_proposals_edit_and_leaves_everything_else_alone(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        actions = await at.editor.actions(uri, 0, 8, diagnostics=[PROBLEM])
        for action in actions:
            resolved = await at.editor.server.call("codeAction/resolve", action)
            if "apply all" in action["title"]:
                assert "edit" not in action
                assert resolved == {**action, "edit": resolved["edit"]}
                (change,) = resolved["edit"]["documentChanges"]
                assert change["textDocument"] == {"uri": uri, "version": 1}
            else:
                assert resolved == action
        stranger = {"title": "another server's", "data": {"proposalId": "x"}, "kind": "quickfix"}
        assert await at.editor.server.call("codeAction/resolve", stranger) == stranger


async def test_a_literal_edit_follows_what_the_user_typed_since(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        actions = await at.editor.actions(uri, 0)
        at.editor.type(uri, f"# typed\n{CODE}")
        await at.editor.choose(actions, "apply all")
        assert at.seen("app.py") == f"# typed\n{CODE}".replace("os.getcwd()", "Path.cwd()")
        await at.decided()


async def test_what_can_not_be_applied_any_more_is_disabled_with_a_reason(stages: Stages) -> None:
    """For clients that resolve nothing; the others are told when they choose it."""
    immediate: dict[str, Any] = {
        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
        "disabledSupport": True,
    }
    capabilities = {**HELIX.capabilities, "textDocument": {"codeAction": immediate}}
    plain = behaving(HELIX, name="plain helix", capabilities=capabilities, resolves=False)
    async with stages.own(plain, FILES, TURNS) as at:
        uri = at.open("app.py")
        await at.run(apply="propose", textDocument={"uri": uri})
        at.editor.type(uri, CODE.replace("os.getcwd()", "os.getcwdb()"))
        (action,) = [item for item in await at.editor.actions(uri, 0) if "apply all" in item["title"]]
        assert action["disabled"]["reason"].startswith("The text changed where these edits are")
        assert "edit" not in action


async def test_a_document_that_is_not_open_or_no_file_gets_what_makes_sense(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES) as at:
        for uri in (at.uri("app.py"), "untitled:Untitled-1", "git:/app.py?ref=main"):
            offered = titles(await at.editor.actions(uri, 0, diagnostics=[PROBLEM]))
            assert offered[0] == "Devstral: fix “`os` imported but unused”"
            assert "Devstral: explain this file" in offered


@pytest.mark.parametrize(
    ("name", "language", "text", "title"),
    [
        ("a.ts", "typescript", "// devstral: make it async\nf();\n", "do “make it async”"),
        ("a.html", "html", "<p>\n<!-- devstral: add a link -->\n", "do “add a link”"),
        ("a.c", "c", "/* devstral: free it\n * at the end\n */\n", "do “free it at the end”"),
        ("a.lua", "lua", "local a = 1 -- DEVSTRAL: rename it\n", "do “rename it”"),
        ("a.xyz", "unknown", "# devstral: guess\n", "do “guess”"),
    ],
)
async def test_instructions_are_found_in_every_languages_comments(
    stages: Stages, name: str, language: str, text: str, title: str
) -> None:
    async with stages.on(NEOVIM, {}) as at:
        uri = at.open(name, text, language)
        assert titles(await at.editor.actions(uri, 0, 2, triggerKind=2)) == [f"Devstral: {title}"]


async def test_text_that_only_mentions_us_is_no_instruction(stages: Stages) -> None:
    async with stages.on(NEOVIM, {}) as at:
        text = "name = 'devstral: no'\ndevstral: no\n# see devstral: no\n# devstral:\n"
        assert await at.editor.actions(at.open("a.py", text), 0, 3, triggerKind=2) == []
