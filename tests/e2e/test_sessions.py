"""The list of conversations, and the choice of a model."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.doubles.editor import BARE, HELIX, NEOVIM, VS_CODE, behaving
from tests.e2e.stage import HANG, Json, Stage, Stages, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def refusal(at: Stage, argument: Json) -> str:
    """The error of a refused selectModel."""
    params = {"command": "devstral.selectModel", "arguments": [argument]}
    answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
    assert answer["error"]["code"] == -32803
    message: str = answer["error"]["message"]
    return message


async def test_sessions_are_listed_with_what_they_are_about(stages: Stages) -> None:
    turns = [read("app.py"), edit("app.py", "1", "2"), say("Done."), say("It is."), HANG]
    async with stages.own(NEOVIM, {"app.py": "x = 1\n"}, turns) as at:
        assert await at.editor.command("devstral.sessions") == []
        uri = at.open("app.py")
        first = await at.run("edit", "make it two\nplease", textDocument={"uri": uri}, apply="propose")
        second = await at.run("explain", "", textDocument={"uri": uri})
        third = await at.start("edit", "again", sessionId=first["sessionId"], textDocument={"uri": uri})
        await at.wire.asked(5)
        listed = await at.editor.command("devstral.sessions")
        assert [each["sessionId"] for each in listed] == [third["sessionId"], second["sessionId"]]
        newest, older = listed
        assert (newest["title"], newest["state"], newest["current"]) == ("make it two", "running", True)
        assert newest["proposals"] == [
            {"proposalId": first["proposalId"], "state": "pending", "summary": "1 file, +1 -1"}
        ]
        assert (older["title"], older["state"], older["proposals"]) == ("Explain with Devstral app.py", "idle", [])
        started, used = (datetime.fromisoformat(newest[name]) for name in ("started", "lastUsed"))
        assert timedelta() <= used - started < timedelta(minutes=5)
        assert newest["transcript"] == first["transcript"]
        await at.editor.command("devstral.cancel")
        # Not by progress: a run that is quicker than the editor's answer shows none.
        await at.editor.settles(lambda: any(line.startswith("cancelled") for line in at.editor.log))


async def test_a_model_is_chosen_from_the_servers_list_until_the_settings_name_another(stages: Stages) -> None:
    picking = behaving(VS_CODE, picks=("devstral-medium",))
    async with stages.own(picking, turns=[say("Hm.")] * 3, other_models=["devstral-medium", "qwen"]) as at:
        await at.run()
        answer = await at.editor.command("devstral.selectModel")
        assert answer == {
            "model": "devstral-medium",
            "models": ["devstral-small-2", "devstral-medium", "qwen"],
            "changed": True,
        }
        (question,) = at.editor.questions
        assert question["message"] == "Which model shall Devstral use?"
        assert [action["title"] for action in question["actions"]] == answer["models"]
        assert (await at.status())["model"] == "devstral-medium"
        # Other settings don't undo the choice.
        await at.configure({"llm": {"maxTokens": 1000}})
        run = await at.run()
        assert [request["model"] for request in at.model.requests] == ["devstral-small-2", "devstral-medium"]
        assert "*Model: devstral-small-2*" in at.page(run["transcript"])
        assert "*Model: devstral-medium*" in at.page(run["transcript"])
        await at.configure({"llm": {"model": "qwen"}})
        await at.run()
        assert at.model.requests[2]["model"] == "qwen"


async def test_models_are_listed_and_a_setting_that_names_another_one_shows_before_the_next_run(stages: Stages) -> None:
    async with stages.own(VS_CODE, turns=[say("Hm."), say("Hm.")], other_models=["qwen"]) as at:
        listed = await at.editor.command("devstral.models")
        assert listed == {"model": "devstral-small-2", "models": ["devstral-small-2", "qwen"]}
        at.editor.settings = {"llm": {**at.editor.settings.get("llm", {}), "model": "qwen"}}
        # Asked right behind the notification: the answer waits until the editor has told its settings.
        at.editor.server.notify("workspace/didChangeConfiguration", {"settings": None})
        assert (await at.status())["model"] == "qwen"
        await at.run()
        assert at.model.requests[0]["model"] == "qwen"


async def test_a_model_is_named_and_a_question_without_an_answer_changes_nothing(stages: Stages) -> None:
    async with stages.own(BARE, turns=[say("Hm.")], other_models=["qwen"]) as at:
        kept = await at.editor.command("devstral.selectModel")
        assert (kept["model"], kept["changed"]) == ("devstral-small-2", False)
        assert await refusal(at, {"model": "gpt"}) == (
            "The server has no model 'gpt'; it has devstral-small-2, qwen: choose one of these."
        )
        chosen = await at.editor.command("devstral.selectModel", {"model": "QWEN"})
        assert (chosen["model"], chosen["changed"]) == ("qwen", True)
        await at.run()
        assert at.model.requests[0]["model"] == "qwen"


async def test_no_model_is_chosen_under_a_run(stages: Stages) -> None:
    async with stages.on(HELIX, {}, [HANG]) as at:
        await at.start(prompt="think")
        await at.wire.asked(1)
        assert (await refusal(at, {"model": "x"})).startswith("A run is going on with the model")
