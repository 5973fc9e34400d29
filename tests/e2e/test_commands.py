"""Every command, every shape of its argument, and what it tells the model and the user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devstral_ls.llm.picture import from_uri
from tests.doubles.editor import BARE, HELIX, NEOVIM, VS_CODE, behaving
from tests.e2e.stage import Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "def first():\n    return 1\n\n\ndef second():\n    return 2\n"
FILES = {"app.py": CODE}
SECOND = {"start": {"line": 4, "character": 0}, "end": {"line": 6, "character": 0}}


@pytest.mark.parametrize("shape", ["object", "string", "list", "list with a range"])
async def test_a_prompt_can_be_given_in_every_shape(stages: Stages, shape: str) -> None:
    async with stages.on(NEOVIM, FILES, [say("It returns.")]) as at:
        uri = at.open("app.py")
        shapes: dict[str, list[Any]] = {
            "object": [{"prompt": "what is it", "textDocument": {"uri": uri}}],
            "string": ["what is it"],
            "list": ["what is it", uri],
            "list with a range": ["what is it", uri, SECOND],
        }
        answer = await at.editor.command("devstral.ask", *shapes[shape])
        assert set(answer) == {"sessionId", "state", "transcript"}
        await at.ends()
        prompt = at.prompts()[0]
        assert prompt.endswith("what is it")
        assert ("Current file: app.py (python)" in prompt) == (shape != "string")
        assert ("The user selected lines 5-6 of it:" in prompt) == (shape == "list with a range")
        assert ("Open files: app.py" in prompt) == (shape == "string")


async def test_without_arguments_a_command_is_about_the_place_the_editor_was_last_at(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [say("It is fine.")]) as at:
        uri = at.open("app.py")
        await at.editor.actions(uri, 4, 6)
        answer = await at.editor.command("devstral.explain")
        assert answer["sessionId"]
        await at.ends()
        assert "The user selected lines 5-6 of it:\n     5\tdef second():\n     6\t    return 2" in at.prompts()[0]


async def test_before_any_request_a_command_is_about_the_document_last_touched(stages: Stages) -> None:
    async with stages.own(HELIX, FILES, [say("It is fine.")]) as at:
        at.open("app.py")
        await at.editor.command("devstral.explain")
        await at.ends()
        assert "Current file: app.py (python)" in at.prompts()[0]


async def test_a_command_without_arguments_and_without_a_place_says_what_to_do(stages: Stages) -> None:
    async with stages.own(HELIX) as at:
        params = {"command": "devstral.explain"}
        error = (await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params)))["error"]
        assert error == {
            "code": -32803,
            "message": "Put the cursor into a file and open the code actions first, or name a textDocument.",
        }


@pytest.mark.parametrize("name", ["ask", "edit"])
@pytest.mark.parametrize("arguments", [[], [""], [{"textDocument": None}], [{"prompt": "  "}]])
async def test_a_missing_prompt_is_no_error_but_explained(stages: Stages, name: str, arguments: list[Any]) -> None:
    async with stages.on(BARE, FILES) as at:
        answer = await at.editor.command(f"devstral.{name}", *arguments)
        assert answer["state"] == "needsInput"
        assert answer["message"].startswith("Devstral needs a prompt. Pass one as the command's argument, or write")
        assert at.editor.messages == [(3, answer["message"])]
        assert (await at.status())["state"] == "idle"


async def test_fix_tells_the_model_the_diagnostics_and_applies_what_it_makes_of_them(stages: Stages) -> None:
    broken = "def f():\n    return undefined\n"
    turns = [read("app.py"), edit("app.py", "undefined", "None"), say("It was not defined.")]
    async with stages.on(NEOVIM, {"app.py": broken}, turns) as at:
        uri = at.open("app.py")
        place = {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 20}}
        diagnostic = {
            "range": place,
            "severity": 1,
            "source": "ruff",
            "code": "F821",
            "message": "Undefined name `undefined`",
        }
        answer = await at.run("fix", prompt="", textDocument={"uri": uri}, range=place, diagnostics=[diagnostic])
        assert "app.py:2: error: Undefined name `undefined` (ruff F821)" in at.prompts()[0]
        assert at.prompts()[0].endswith("If there is nothing to fix, say why instead.")
        assert answer["edits"] == {"proposed": [uri], "applied": [uri], "rejected": []}
        assert at.seen("app.py") == "def f():\n    return None\n"


@pytest.mark.parametrize(("name", "wanted"), [("explain", "Explain the selected code"), ("review", "Review the")])
async def test_explain_and_review_answer_in_prose_that_is_opened(stages: Stages, name: str, wanted: str) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("It returns two, **always**.")]) as at:
        uri = at.open("app.py")
        answer = await at.start(name, "", textDocument={"uri": uri}, range=SECOND)
        await at.editor.settles(lambda: bool(at.editor.shown))
        assert wanted in at.prompts()[0]
        (page,) = at.editor.shown
        assert "It returns two, **always**." in at.page(page)
        transcript = at.page(answer["transcript"])
        assert "It returns two, **always**." in transcript
        assert "<summary>read app.py</summary>" in transcript
        assert (await at.pending(), at.editor.edits) == ([], [])
        assert at.seen("app.py") == CODE


async def test_an_answer_is_shown_as_a_message_where_no_document_can_be_opened(stages: Stages) -> None:
    window = {"window": {"workDoneProgress": True}}
    blind = behaving(NEOVIM, name="blind", capabilities={**NEOVIM.capabilities, **window})
    async with stages.on(blind, FILES, [say("It returns two.")]) as at:
        await at.start(prompt="what")
        assert await at.told("It returns") == "It returns two."
        assert at.editor.shown == []


async def test_transcripts_stay_closed_where_the_user_wants_that(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("It returns two.")], settings={"transcript": {"open": False}}) as at:
        await at.start(prompt="what")
        await at.ends()
        await at.settled()
        assert (at.editor.shown, at.editor.messages) == ([], [])


@pytest.mark.parametrize(
    ("name", "wanted"), [("document", "Write documentation comments"), ("test", "Write tests for the selected code")]
)
async def test_document_and_test_edit_what_is_selected(stages: Stages, name: str, wanted: str) -> None:
    turns = [read("app.py"), edit("app.py", "def second():\n", "def second():\n    # two\n"), say("Done.")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        uri = at.open("app.py")
        answer = await at.run(name, "", textDocument={"uri": uri}, range=SECOND)
        assert wanted in at.prompts()[0]
        assert "The user selected lines 5-6 of it:" in at.prompts()[0]
        assert answer["edits"]["applied"] == [uri]
        assert at.seen("app.py") == CODE.replace("def second():\n", "def second():\n    # two\n")


@pytest.mark.parametrize(
    ("scope", "told", "untold"),
    [
        ("selection", ["The user selected lines 5-6 of it:", "Current file: app.py"], []),
        ("file", ["Current file: app.py"], ["selected"]),
        ("workspace", ["Workspace: "], ["selected lines", "Current file"]),
    ],
)
async def test_a_scope_says_how_much_is_meant(stages: Stages, scope: str, told: list[str], untold: list[str]) -> None:
    async with stages.on(NEOVIM, FILES, [say("Nothing to do.")]) as at:
        uri = at.open("app.py")
        await at.run("edit", "make it better", textDocument={"uri": uri}, range=SECOND, scope=scope)
        facts = at.prompts()[0].partition("</editor>")[0]
        assert [fact for fact in told if fact not in facts] == []
        assert [fact for fact in untold if fact in facts] == []


@pytest.mark.parametrize(
    ("mode", "questions", "text"), [("review", 1, "return 20"), ("auto", 0, "return 20"), ("propose", 0, "return 2\n")]
)
@pytest.mark.parametrize("given_as", ["argument", "setting"])
async def test_a_mode_says_how_edits_are_applied(
    stages: Stages, mode: str, questions: int, text: str, given_as: str
) -> None:
    turns = [read("app.py"), edit("app.py", "return 2", "return 20"), say("Done.")]
    settings = {"edits": {"mode": mode}} if given_as == "setting" else {}
    async with stages.on(NEOVIM, FILES, turns, settings=settings) as at:
        uri = at.open("app.py")
        fields = {"apply": mode} if given_as == "argument" else {}
        answer = await at.run("edit", "make it 20", textDocument={"uri": uri}, **fields)
        assert len(at.editor.questions) == questions
        assert answer["edits"]["proposed"] == [uri]
        assert text in (at.seen("app.py") or "")
        assert len(await at.pending()) == (mode == "propose")
        marked = given_as == "setting" and mode == "propose"
        assert bool(at.editor.diagnostics.get(uri)) == marked


async def test_an_instruction_is_carried_out_and_its_comment_removed_in_one_edit(stages: Stages) -> None:
    before = "import os\n# devstral: return two\ndef f():\n    return 1\n"
    turns = [read("app.py"), edit("app.py", "return 1", "return 2"), say("Done.")]
    async with stages.on(VS_CODE, {"app.py": "import os\n"}, turns) as at:
        uri = at.open("app.py", text=before)
        actions = await at.editor.actions(uri, 1, triggerKind=2)
        assert actions[0]["title"] == "Devstral: do “return two”"
        await at.editor.choose(actions, "do “return two”")
        await at.editor.settles(lambda: at.seen("app.py") == "import os\ndef f():\n    return 2\n")
        assert len(at.editor.edits) == 1
        assert at.prompts()[0].endswith("return two")
        assert "devstral:" not in at.results()[0]
        await at.decided()


async def test_an_instruction_that_is_not_there_is_refused_in_one_line(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES) as at:
        uri = at.open("app.py")
        for arguments, line in (
            ([{"textDocument": {"uri": uri}}], "There is no instruction comment here: write one such as"),
            ([{"textDocument": {"uri": at.uri("closed.py")}}], "Open the file with the instruction comment first."),
        ):
            params = {"command": "devstral.runInstruction", "arguments": arguments}
            answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
            assert answer["error"]["code"] == -32803
            assert answer["error"]["message"].startswith(line)


async def test_status_tells_what_the_server_is_knows_and_does(stages: Stages) -> None:
    turns = [read("app.py"), edit("app.py", "return 2", "return 20"), say("Done."), say("Hm", hang=True)]
    async with stages.on(NEOVIM, FILES, turns) as at:
        uri = at.open("app.py")
        run = await at.run(textDocument={"uri": uri}, apply="propose")
        await at.start(prompt="and now")
        await at.wire.asked(4)
        status = await at.status()
        assert status["state"] == "busy"
        assert (status["server"], status["kind"], status["model"]) == (at.wire.base_url, "vllm", "devstral-small-2")
        assert status["problem"] is None
        assert status["folders"] == [str(at.folder)]
        assert status["runs"] == [{"sessionId": run["sessionId"], "command": "devstral.ask", "state": "running"}]
        assert run["sessionId"] in status["sessions"]
        (proposal,) = status["proposals"]
        assert (proposal["proposalId"], proposal["state"]) == (run["proposalId"], "pending")
        (file,) = proposal["files"]
        assert len(file["hunks"]) == 1
        assert (file["uri"], file["path"], file["kind"], file["state"]) == (uri, "app.py", "edit", "pending")
        assert (file["added"], file["removed"], file["decided"], file["confirm"]) == (1, 1, [], False)
        assert "-    return 2\n+    return 20\n" in proposal["diff"]
        assert json.loads(json.dumps(status)) == status


async def test_a_new_session_forgets_the_conversation_and_an_old_one_can_be_named(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("One."), say("Two."), say("Three."), say("Four.")]) as at:
        first = await at.run(prompt="one")
        assert (await at.run(prompt="two"))["sessionId"] == first["sessionId"]
        assert [text.split("\n")[-1] for text in at.prompts()] == ["one", "two"]
        fresh = await at.editor.command("devstral.newSession")
        third = await at.run(prompt="three")
        assert third["sessionId"] == fresh["sessionId"] != first["sessionId"]
        assert [text.split("\n")[-1] for text in at.prompts()] == ["three"]
        await at.run(prompt="four", sessionId=first["sessionId"])
        assert [text.split("\n")[-1] for text in at.prompts()] == ["one", "two", "four"]
        params = {"command": "devstral.ask", "arguments": [{"prompt": "x", "sessionId": "gone"}]}
        error = (await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params)))["error"]
        assert error["message"] == "There is no session gone: leave sessionId out to start one."


async def test_the_transcript_is_a_file_in_the_state_folder_only_its_owner_can_read(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("It returns two.")]) as at:
        run = await at.run(prompt="what does it do?")
        answer = await at.editor.command("devstral.showTranscript", {"sessionId": run["sessionId"]})
        assert answer == {"sessionId": run["sessionId"], "uri": run["transcript"], "shown": True}
        assert at.editor.shown == [run["transcript"]]
        assert at.mode(answer["uri"]) & 0o077 == 0
        written = at.page(answer["uri"])
        assert "> what does it do?" in written
        assert written.index("read app.py") < written.index("It returns two.")


async def test_images_go_to_the_model(stages: Stages) -> None:
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    async with stages.on(NEOVIM, FILES, [say("A dot.")]) as at:
        await at.run(prompt="what is this", images=[pixel])
        parts = at.model.requests[0]["messages"][-1]["content"]
        (sent,) = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        assert sent.startswith("data:image/")
        assert (from_uri(sent).width, from_uri(sent).height) == (1, 1)


async def test_agents_md_is_told_once_in_a_session(stages: Stages) -> None:
    async with stages.on(NEOVIM, {"AGENTS.md": "Use tabs.\n"}, [say("Yes."), say("Yes.")]) as at:
        await at.run(prompt="one")
        await at.run(prompt="two")
        first, second = at.prompts()
        assert "<agents_md>\nUse tabs.\n</agents_md>" in first
        assert "Use tabs." not in second
