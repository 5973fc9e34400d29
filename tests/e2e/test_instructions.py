"""Instruction comments in a running server: found in any text, run only when asked, and gone with the edit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import HELIX, NEOVIM, VS_CODE
from tests.e2e.stage import HANG, Stage, Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWO = "import os\n# devstral: return two\ndef f():\n    return 1\n\n\nX = 1  # devstral: make it three\n"
BOTH_DONE = "import os\ndef f():\n    return 2\n\n\nX = 3\n"
ALL_TITLE = "Devstral: do all 2 instructions of this file"


async def refusal(at: Stage, argument: dict[str, Any]) -> str:
    """The error of a refused runInstruction."""
    params = {"command": "devstral.runInstruction", "arguments": [argument]}
    answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
    assert answer["error"]["code"] == -32803
    message: str = answer["error"]["message"]
    return message


async def test_all_instructions_of_a_file_are_carried_out_in_one_run_and_one_edit(stages: Stages) -> None:
    turns = [read("app.py"), edit("app.py", "return 1", "return 2"), edit("app.py", "X = 1", "X = 3"), say("Done.")]
    async with stages.on(NEOVIM, {"app.py": "import os\n"}, turns) as at:
        uri = at.open("app.py", TWO)
        actions = await at.editor.actions(uri, 6, triggerKind=2)
        assert [action["title"] for action in actions] == ["Devstral: do “make it three”", ALL_TITLE]
        await at.editor.choose(actions, "do all 2")
        await at.decided()
        await at.editor.settles(lambda: at.seen("app.py") == BOTH_DONE)
        assert len(at.editor.edits) == 1
        assert at.prompts()[0].endswith("1. At line 2: return two\n2. At line 6: make it three")
        assert "devstral:" not in at.results(1)[0]


async def test_one_of_several_is_carried_out_and_the_others_stay(stages: Stages) -> None:
    turns = [read("app.py"), edit("app.py", "X = 1", "X = 3"), say("Done.")]
    async with stages.on(VS_CODE, {"app.py": "import os\n"}, turns) as at:
        uri = at.open("app.py", TWO)
        await at.editor.choose(await at.editor.actions(uri, 6), "do “make it three”")
        await at.editor.settles(lambda: at.seen("app.py") == TWO.replace("X = 1  # devstral: make it three", "X = 3"))
        assert at.prompts()[0].endswith("make it three")
        assert "The cursor is on line 7." in at.prompts()[0]
        await at.decided()


async def test_of_two_on_one_line_the_chosen_one_is_meant_in_every_encoding(stages: Stages) -> None:
    text = "f(/* devstral: ß 𝄞 one */); g(/* devstral: two */);\n"
    for personality in (VS_CODE, NEOVIM, HELIX):
        async with stages.on(personality, {}, [say("Nothing to do.")]) as at:
            uri = at.open("a.c", text, "c")
            actions = await at.editor.actions(uri, 0)
            (second,) = [action for action in actions if "do “two”" in action["title"]]
            answer = await at.editor.command(
                "devstral.runInstruction", {**second["command"]["arguments"][0], "wait": True, "apply": "auto"}
            )
            assert answer["state"] == "finished"
            assert at.prompts()[0].endswith("two")
            assert at.seen("a.c") == text.replace("/* devstral: two */", "")


async def test_an_instruction_goes_on_over_several_lines(stages: Stages) -> None:
    before = "\t// devstral: return two\n\t//   and say why\n\treturn 1;\n"
    turns = [read("a.js"), edit("a.js", "return 1", "return 2"), say("Done.")]
    async with stages.on(NEOVIM, {"a.js": before}, turns) as at:
        uri = at.open("a.js", language="javascript")
        # The cursor may be on any line of it.
        actions = await at.editor.actions(uri, 1, triggerKind=2)
        assert [action["title"] for action in actions] == ["Devstral: do “return two and say why”"]
        await at.editor.choose(actions, "return two")
        await at.editor.settles(lambda: at.seen("a.js") == "\treturn 2;\n")
        await at.decided()


async def test_the_file_on_disk_may_have_none_and_be_of_any_line_ending(stages: Stages) -> None:
    turns = [read("a.py"), edit("a.py", "return 1", "return 2"), say("Done.")]
    async with stages.on(VS_CODE, {"a.py": "x\r\n"}, turns) as at:
        uri = at.open("a.py", "def f():\r\n    # devstral: return two\r\n    return 1")
        await at.run("runInstruction", "", textDocument={"uri": uri}, apply="auto")
        assert at.seen("a.py") == "def f():\r\n    return 2"


async def test_what_is_typed_while_the_run_waits_for_its_turn_stays(stages: Stages) -> None:
    text = "x = 1\n# devstral: nothing\n"
    async with stages.on(NEOVIM, {"app.py": text, "b.py": ""}, [HANG, say("Nothing to do.")]) as at:
        uri = at.open("app.py")
        await at.start(prompt="think", textDocument={"uri": at.uri("b.py")})
        await at.wire.asked(1)
        await at.start("runInstruction", "", textDocument={"uri": uri}, apply="auto")
        typed = "typed = True\n" + text + "more = 1\n"
        at.editor.type(uri, typed)
        await at.editor.command("devstral.cancel", {"sessionId": (await at.status())["runs"][0]["sessionId"]})
        await at.editor.settles(lambda: at.seen("app.py") == "typed = True\nx = 1\nmore = 1\n")


async def test_a_text_without_a_file_says_what_to_do(stages: Stages) -> None:
    async with stages.on(VS_CODE, {}) as at:
        item = {"uri": "untitled:Untitled-1", "languageId": "python", "version": 1, "text": "# devstral: x\n"}
        at.editor.server.notify("textDocument/didOpen", {"textDocument": item})
        (action,) = await at.editor.actions("untitled:Untitled-1", 0, triggerKind=2)
        line = "Save this text as a file first: Devstral edits files."
        assert action["disabled"] == {"reason": line}
        assert await refusal(at, action["command"]["arguments"][0]) == line
        at.editor.server.notify("textDocument/didClose", {"textDocument": {"uri": "untitled:Untitled-1"}})


async def test_nothing_runs_before_it_is_chosen(stages: Stages) -> None:
    async with stages.on(VS_CODE, {"app.py": TWO}) as at:
        uri = at.open("app.py")
        at.editor.type(uri, TWO + "# devstral: and more\n")
        await at.editor.actions(uri, 0, 8)
        await at.settled()
        assert (at.model.requests, at.editor.edits, at.editor.questions) == ([], [], [])


async def test_strings_and_other_texts_hold_none(stages: Stages) -> None:
    text = 's = "# devstral: quoted"\n\n\ndef f():\n    """\n    # devstral: in a docstring\n    """\n'
    async with stages.on(NEOVIM, {}) as at:
        uri = at.open("a.py", text)
        assert await at.editor.actions(uri, 0, 7, triggerKind=2) == []
        line = "There is no instruction comment here: write one such as `devstral: make this async`."
        assert await refusal(at, {"textDocument": {"uri": uri}}) == line


async def test_in_a_long_text_too_what_is_quoted_is_refused_at_the_latest_when_chosen(stages: Stages) -> None:
    text = "x = 1\n" * 5000 + 's = "# devstral: quoted"\n'
    async with stages.on(NEOVIM, {}) as at:
        uri = at.open("a.py", text)
        place = {"start": {"line": 5000, "character": 0}, "end": {"line": 5000, "character": 0}}
        line = await refusal(at, {"textDocument": {"uri": uri}, "range": place})
        assert line.startswith("There is no instruction comment here")
        assert await at.editor.actions(uri, 5000, triggerKind=2) == []
