"""Several runs, sessions and workspace folders at once."""

from __future__ import annotations

import pytest

from tests.doubles.editor import NEOVIM, VS_CODE
from tests.e2e.stage import HANG, Stages, calls, edit, move_folders, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "one = 1\ntwo = 2\n"}


async def test_editing_runs_of_one_folder_take_turns_and_say_so(stages: Stages) -> None:
    turns = [
        {**read("app.py"), "when": "make one ten"},
        edit("app.py", "one = 1", "one = 10"),
        say("Done.", delay=0.1),
        {**read("b.py"), "when": "make two twenty"},
        edit("b.py", "two = 2", "two = 20"),
        say("Done too."),
    ]
    files = {"app.py": "one = 1\n", "b.py": "two = 2\n"}
    async with stages.on(NEOVIM, files, turns, settings={"edits": {"mode": "auto"}}) as at:
        at.wire.hold()
        first = await at.start("edit", "make one ten")
        await at.wire.asked(1)
        await at.editor.command("devstral.newSession")
        second = await at.start("edit", "make two twenty")
        assert first["sessionId"] != second["sessionId"]
        waiting = f"waiting for another run in {at.folder.name}"
        await at.editor.settles(lambda: waiting in at.editor.log)
        runs = {run["sessionId"]: run["state"] for run in (await at.status())["runs"]}
        assert runs == {first["sessionId"]: "running", second["sessionId"]: "queued"}
        await at.editor.settles(lambda: waiting in str(at.editor.progress))
        await at.wire.release()
        await at.ends(2)
        await at.decided()
        assert (at.seen("app.py"), at.seen("b.py")) == ("one = 10\n", "two = 20\n")
        # The second run began after the first had ended.
        assert ["make two twenty" in body.decode() for body in at.wire.bodies] == [False] * 3 + [True] * 3


async def test_in_auto_mode_the_next_run_sees_the_text_with_the_edits_of_the_one_before(stages: Stages) -> None:
    turns = [
        {**read("app.py"), "when": "make one ten"},
        edit("app.py", "one = 1", "one = 10"),
        say("Done."),
        {**read("app.py"), "when": "make two twenty"},
        edit("app.py", "two = 2", "two = 20"),
        say("Done too."),
    ]
    async with stages.on(NEOVIM, FILES, turns, settings={"edits": {"mode": "auto"}}) as at:
        at.open("app.py")
        at.wire.hold()
        await at.start("edit", "make one ten")
        await at.wire.asked(1)
        await at.editor.command("devstral.newSession")
        await at.start("edit", "make two twenty")
        await at.wire.release()
        await at.ends(2)
        await at.decided()
        assert at.results()[0].splitlines()[:2] == ["     1\tone = 10", "     2\ttwo = 2"]
        assert at.seen("app.py") == "one = 10\ntwo = 20\n"


async def test_runs_that_do_not_edit_go_on_beside_one_that_does(stages: Stages) -> None:
    turns = [{**HANG, "when": "think for ever"}, say("It counts.", when="Explain")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        uri = at.open("app.py")
        editing = await at.start("edit", "think for ever", textDocument={"uri": uri})
        await at.wire.asked(1)
        answer = await at.run("explain", "", textDocument={"uri": uri})
        assert (answer["state"], answer["text"]) == ("finished", "It counts.")
        assert [run["sessionId"] for run in (await at.status())["runs"]] == [editing["sessionId"]]


async def test_only_so_many_reading_runs_go_on_at_once(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [HANG], on_exhausted="repeat_last") as at:
        uri = at.open("app.py")
        for _ in range(5):
            await at.start("explain", "", textDocument={"uri": uri})
        await at.editor.settles(lambda: "waiting for other runs" in at.editor.log)
        await at.wire.asked(4)
        states = [run["state"] for run in (await at.status())["runs"]]
        assert states == ["running"] * 4 + ["queued"]
        running = (await at.status())["runs"][0]["sessionId"]
        await at.editor.command("devstral.cancel", {"sessionId": running})
        await at.wire.asked(5)


async def test_a_session_has_one_run_at_a_time(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("One."), say("Two.")]) as at:
        at.wire.hold()
        first = await at.start(prompt="first")
        second = await at.start(prompt="second")
        assert first["sessionId"] == second["sessionId"]
        await at.editor.settles(lambda: "waiting for this session's other run" in at.editor.log)
        await at.wire.release()
        await at.ends(2)
        assert [prompt.split("\n")[-1] for prompt in at.prompts()] == ["first", "second"]
        assert at.model.requests[-1]["messages"][2]["content"] == "One."


async def test_two_sessions_remember_their_own_conversations(stages: Stages) -> None:
    turns = [say("Apples."), say("Bears."), say("Apples again."), say("Bears again.")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        apples = (await at.run(prompt="apples"))["sessionId"]
        await at.editor.command("devstral.newSession")
        bears = (await at.run(prompt="bears"))["sessionId"]
        assert (await at.run(prompt="more apples", sessionId=apples))["text"] == "Apples again."
        assert "Bears." not in str(at.model.requests[-1]["messages"])
        assert (await at.run(prompt="more bears", sessionId=bears))["text"] == "Bears again."
        assert "Apples" not in str(at.model.requests[-1]["messages"])


async def test_files_of_every_workspace_folder_are_reached_by_their_folders_name(stages: Stages) -> None:
    turns = [
        calls(read("project/app.py"), read("lib/core.py")),
        calls(edit("project/app.py", "one = 1", "one = 11"), edit("lib/core.py", "core", "kernel")),
        say("Done."),
    ]
    async with stages.on(VS_CODE, FILES, turns, more_folders={"lib": {"core.py": "core = 0\n"}}) as at:
        await at.run(apply="auto")
        assert at.seen("app.py") == "one = 11\ntwo = 2\n"
        assert at.seen("../lib/core.py") == "kernel = 0\n"
        assert f"Workspace: {at.folder}, {at.folder.parent / 'lib'}" in at.prompts()[0]


async def test_the_folder_of_the_document_asked_about_comes_first(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, [say("Hm.")], more_folders={"lib": {"core.py": "core = 0\n"}}) as at:
        await at.run(textDocument={"uri": at.uri("../lib/core.py").replace("project/../", "")})
        assert f"Workspace: {at.folder.parent / 'lib'}, {at.folder}" in at.prompts()[0]


async def test_folders_come_and_go_and_runs_of_a_removed_one_are_cancelled(stages: Stages) -> None:
    turns = [{**HANG, "when": "for ever"}, read("lib/core.py"), say("Done."), read("lib/core.py"), say("Gone.")]
    async with stages.on(NEOVIM, FILES, turns) as at:
        lib = at.put("../lib/core.py", "core = 0\n").parent
        assert (await at.status())["folders"] == [str(at.folder)]
        move_folders(at.editor, added=[lib.resolve()])
        assert (await at.status())["folders"] == [str(at.folder), str(lib.resolve())]
        await at.start(prompt="for ever", textDocument={"uri": (lib.resolve() / "core.py").as_uri()})
        await at.wire.asked(1)
        await at.editor.command("devstral.newSession")
        await at.run("explain", "", textDocument={"uri": at.uri("app.py")})
        assert "core = 0" in at.results()[0]
        move_folders(at.editor, removed=[lib.resolve()])
        await at.editor.settles(lambda: "cancelled" in at.editor.log)
        assert (await at.status())["runs"] == []
        await at.run("explain", "", textDocument={"uri": at.uri("app.py")})
        assert "core = 0" not in at.results()[0]
