"""Where a command can't bring a prompt, the editor opens a document to write one into."""

from __future__ import annotations

import pytest

from tests.doubles.editor import HELIX, to_path
from tests.e2e.stage import Stages, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "x = 1\n"}


async def test_a_prompt_is_written_into_a_document_and_asked_by_its_code_action(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [say("It is one.")]) as at:
        uri = at.open("app.py")
        await at.editor.actions(uri, 0)
        answer = await at.editor.command("devstral.ask")
        assert answer["state"] == "needsInput"
        assert at.editor.messages == [(3, answer["message"])]
        (page,) = at.editor.shown
        at.editor.open(to_path(page), "markdown")
        assert [action for action in await at.editor.actions(page, 0) if "ask “" in action["title"]] == []
        at.editor.type(page, at.editor.buffers[page].text + "What is x?\nPlease.\n")
        actions = await at.editor.actions(page, 2)
        assert actions[0]["title"] == "Devstral: ask “What is x? Please.”"
        await at.editor.choose(actions, "ask “")
        await at.ends()
        assert at.prompts()[0].endswith("What is x?\nPlease.")
        assert "Current file: app.py (python)" in at.prompts()[0]
        at.editor.close(page)


async def test_a_script_that_waits_gets_its_answer_and_no_document(stages: Stages) -> None:
    async with stages.on(HELIX, FILES) as at:
        answer = await at.editor.command("devstral.ask", {"wait": True})
        assert answer["state"] == "needsInput"
        assert at.editor.shown == []


async def test_a_client_that_opted_in_hears_when_the_server_is_busy(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, [say("Hello.")], client={"stream": True}) as at:
        await at.run("ask", prompt="hello")
        busy = [m["params"] for m in at.editor.server.received if m.get("method") == "devstral/status"]
        assert busy[-2:] == [
            {"busy": True, "message": "Ask Devstral", "health": "ok"},
            {"busy": False, "message": "", "health": "ok"},
        ]
