"""The record of a session, as a file and as a document, while it grows and when everything is decided."""

from __future__ import annotations

import re

import pytest

from tests.doubles.editor import NEOVIM, VS_CODE, Personality, behaving
from tests.e2e.stage import Json, Stage, Stages, call, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "def f():\n    return 1\n"
FILES = {"app.py": CODE, "notes.md": "```\nnot the end\n````\n</details>\n"}
TURNS = [
    say("I will **look**.\n\n```python\nx = 1", **read("notes.md")),
    read("app.py"),
    edit("app.py", "return 1", "return 2"),
    say("Done."),
]
VIRTUAL = behaving(
    VS_CODE,
    name="Visual Studio Code with documents",
    capabilities={
        **VS_CODE.capabilities,
        "workspace": {**VS_CODE.capabilities["workspace"], "textDocumentContent": {"dynamicRegistration": True}},
    },
)
BLIND = behaving(
    NEOVIM, name="no showDocument", capabilities={**NEOVIM.capabilities, "window": {"workDoneProgress": True}}
)
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d"


async def record(at: Stage, uri: str) -> str:
    """A page's text, however the editor gets it."""
    if uri.startswith("devstral:"):
        answer: Json = await at.editor.server.call("workspace/textDocumentContent", {"uri": uri})
        text: str = answer["text"]
        return text
    return at.page(uri)


@pytest.mark.parametrize("personality", [NEOVIM, VIRTUAL, BLIND], ids=["file", "document", "no showDocument"])
async def test_the_record_holds_prompt_text_tools_diff_and_outcome_in_order(
    stages: Stages, personality: Personality
) -> None:
    async with stages.on(personality, FILES, TURNS) as at:
        uri = at.open("app.py")
        where = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}}
        run = await at.run("edit", "make it *two*\nplease", textDocument={"uri": uri}, range=where, apply="auto")
        shown = await at.editor.command("devstral.showTranscript", {"sessionId": run["sessionId"]})
        assert shown["shown"] == (personality is not BLIND)
        assert at.editor.shown == ([shown["uri"]] if shown["shown"] else [])
        text = await record(at, shown["uri"])
        parts = [
            rf"# Devstral session {run['sessionId']}\n\nStarted {TIME}\.\n",
            rf"## Edit with Devstral\n\n\*{TIME} · app\.py, lines 1-2\*\n\n> make it \*two\*\n> please\n",
            r"\*Model: devstral-small-2\*\n",
            # The code block that the model did not end ends here.
            r"I will \*\*look\*\*\.\n\n```python\nx = 1\n```\n",
            r"<details><summary>read notes\.md</summary>\n\n`````\n(?s:.)*not the end(?s:.)*</details>\n"
            r"`````\n\n</details>\n",
            r"<details><summary>read app\.py</summary>\n\n```\n",
            r"<details><summary>[^<]*app\.py[^<]*</summary>\n\n```",
            r"Done\.\n",
            r"```diff\n(?s:.)*-    return 1\n\+    return 2\n```\n",
            r"\*proposes 1 file, \+1 -1\*\n",
            r"\*app\.py: applied\*\n",
        ]
        assert re.fullmatch("(?s:.*)".join(["", *parts, ""]), text), text
        assert text.count("app.py: applied") == 1
        assert at.page(run["transcript"]).strip() == text.strip()
        assert at.mode(run["transcript"]) & 0o077 == 0


async def test_the_file_is_there_at_once_and_complete_up_to_the_last_tool(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("I am thinking", hang=True)]) as at:
        answer = await at.start(prompt="what?", textDocument={"uri": at.open("app.py")})
        assert "> what?" in at.page(answer["transcript"])
        await at.wire.asked(2)
        assert "<summary>read app.py</summary>" in at.page(answer["transcript"])
        assert "thinking" not in at.page(answer["transcript"])


async def test_an_open_document_is_refreshed_while_it_grows(stages: Stages) -> None:
    async with stages.on(VIRTUAL, FILES, [say("It is one."), say("I am thinking", hang=True)]) as at:
        run = await at.run(prompt="first")
        uri = (await at.editor.command("devstral.showTranscript"))["uri"]
        before = await record(at, uri)
        assert "It is one." in before
        at.editor.refreshed.clear()
        await at.start(prompt="second", sessionId=run["sessionId"])
        await at.editor.settles(lambda: uri in at.editor.refreshed)
        text = await record(at, uri)
        while "I am thinking" not in text:
            at.editor.refreshed.clear()
            await at.editor.settles(lambda: uri in at.editor.refreshed)
            text = await record(at, uri)
        assert text.startswith(before.rstrip())


async def test_an_answer_opens_where_its_question_stands(stages: Stages) -> None:
    async with stages.on(VIRTUAL, FILES, [say("One."), say("Two.")]) as at:
        await at.run(prompt="first")
        await at.start(prompt="second")
        await at.editor.settles(lambda: bool(at.editor.shown))
        (request,) = [m["params"] for m in at.editor.server.received if m.get("method") == "window/showDocument"]
        lines = (await record(at, request["uri"])).split("\n")
        line = request["selection"]["start"]["line"]
        assert lines[line] == "## Ask Devstral"
        assert "> second" in lines[line + 4]


async def test_an_answer_in_a_file_of_its_own_is_private_and_leads_to_the_record(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("One **thing**.")]) as at:
        answer = await at.start(prompt="what?", textDocument={"uri": at.open("app.py")})
        await at.editor.settles(lambda: bool(at.editor.shown))
        (page,) = at.editor.shown
        assert re.fullmatch(
            rf"## Ask Devstral\n\n\*{TIME} · app\.py\*\n\n> what\?\n\nOne \*\*thing\*\*\.\n\n"
            r"\[The whole session\]\((.*)\)\n",
            at.page(page),
        )
        assert f"({answer['transcript']})" in at.page(page)
        assert at.mode(page) & 0o077 == 0


@pytest.mark.parametrize("how", ["discardProposal", "applyProposal", "by hand"])
async def test_what_is_decided_after_the_run_is_recorded_too(stages: Stages, how: str) -> None:
    turns = [read("app.py"), edit("app.py", "return 1", "return 2"), say("Done.")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        uri = at.open("app.py")
        run = await at.run("edit", "make it two", textDocument={"uri": uri}, apply="propose")
        assert "*app.py:" not in at.page(run["transcript"])
        if how == "by hand":
            at.editor.type(uri, CODE.replace("return 1", "return 2"))
            await at.decided()
        else:
            await at.editor.command(f"devstral.{how}", {"proposalId": run["proposalId"]})
        word = "rejected" if how == "discardProposal" else "applied"
        assert at.page(run["transcript"]).count(f"*app.py: {word}*") == 1


async def test_a_failed_tool_and_a_cancelled_run_are_in_the_record(stages: Stages) -> None:
    turns = [call("read_file", file_path="gone.py"), say("I am thinking", hang=True)]
    async with stages.on(NEOVIM, FILES, turns) as at:
        answer = await at.start(prompt="what?")
        await at.wire.asked(2)
        await at.editor.command("devstral.cancel")
        await at.ends()
        await at.settled()
        text = at.page(answer["transcript"])
        assert "gone.py — failed</summary>" in text
        assert text.rstrip().endswith("*cancelled*")
