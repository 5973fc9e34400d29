"""A command asks; what was allowed always does not ask again, here, and nothing else runs because of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from devstral_ls.execution.ladder import find_bwrap
from tests.doubles.editor import NEOVIM, Personality
from tests.e2e.stage import Json, Stage, Stages, command, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"a.txt": "one\n", "b.txt": "two\n"}


def picking(*titles: str) -> Personality:
    return replace(NEOVIM, picks=titles)


ALWAYS = picking("Always allow", "Always allow these 2 commands", "Always allow these 3 commands")


def turns(*lines: str) -> list[Json]:
    """One run of one command for each line."""
    return [turn for line in lines for turn in (command(line), say("Done."))]


def questions(at: Stage) -> list[tuple[str, list[str]]]:
    return [(asked["message"], [action["title"] for action in asked["actions"]]) for asked in at.editor.questions]


async def runs(at: Stage, count: int) -> list[str]:
    """What came of the command of each run."""
    outcomes = []
    for _ in range(count):
        await at.run()
        outcomes.append(at.results()[-1])
    return outcomes


def enter(at: Stage, folder: Path) -> None:
    """Change the editor's workspace to this folder."""
    event = {
        "added": [{"uri": folder.as_uri(), "name": folder.name}],
        "removed": [{"uri": left.as_uri(), "name": left.name} for left in at.editor.folders],
    }
    at.editor.folders = [folder]
    at.editor.server.notify("workspace/didChangeWorkspaceFolders", {"event": event})


async def listed(at: Stage) -> list[str]:
    return [each["command"] for each in await at.editor.command("devstral.approvals")]


def home_with(folder: Path, text: str) -> Path:
    file = folder / "home" / "config" / "devstral-ls" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return folder / "home"


async def test_what_is_allowed_once_asks_again(stages: Stages) -> None:
    async with stages.on(picking("Run once"), FILES, turns("cat a.txt", "cat a.txt")) as at:
        assert ["one" in text for text in await runs(at, 2)] == [True, True]
        assert [titles for _, titles in questions(at)] == [["Run once", "Always allow", "Deny"]] * 2
        assert "cat a.txt" in questions(at)[0][0]
        assert await listed(at) == []


async def test_what_is_allowed_always_is_remembered_by_its_parts_until_it_is_revoked(
    stages: Stages, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    lines = ["cat a.txt  &&  cat b.txt", "cat b.txt", "cat b.txt; cat a.txt | head -1"]
    async with stages.own(ALWAYS, FILES, turns(*lines), home=home) as at:
        outcomes = await runs(at, 3)
        assert ["two" in text for text in outcomes] == [True, True, True]
        (first, titles), (second, again) = questions(at)
        assert titles == ["Run once", "Always allow these 2 commands", "Deny"]
        assert first.splitlines()[-2:] == ["  cat a.txt", "  cat b.txt"]
        assert again == ["Run once", "Always allow", "Deny"]
        assert second.splitlines()[-1] == "  head -1"
        assert await listed(at) == ["cat a.txt", "cat b.txt", "head -1"]
        assert await at.told("1. cat a.txt\n2. cat b.txt\n3. head -1")
        folder = at.folder
    # Another server, later.
    async with stages.own(picking("Deny"), {}, turns("cat b.txt", "cat b.txt"), home=home) as at:
        enter(at, folder)
        assert "two" in (await runs(at, 1))[0]
        assert questions(at) == []
        assert await at.editor.command("devstral.revokeApproval", {"command": "cat b.txt"}) == {
            "revoked": ["cat b.txt"]
        }
        assert "did not allow" in (await runs(at, 1))[0]
        assert await at.editor.command("devstral.revokeApproval", {"index": 2}) == {"revoked": ["head -1"]}
        assert await at.editor.command("devstral.revokeApproval", {"all": True}) == {"revoked": ["cat a.txt"]}
        assert await listed(at) == []


OTHERS = ["cat a.txt; cat b.txt", "cat a.txt\ncat b.txt", "cat a.txt > c", "cat a.txt $(cat b.txt)", "cat a.txt | sh"]


@pytest.mark.parametrize("line", [*OTHERS, "cat a.txt b.txt", "cat a.txt #", "/bin/cat a.txt"])
async def test_nothing_else_runs_because_of_it(stages: Stages, line: str) -> None:
    async with stages.on(ALWAYS, FILES, turns("cat a.txt", line, "cat a.txt")) as at:
        await runs(at, 1)
        at.editor.personality = picking("Deny")
        assert ["did not allow" in text for text in await runs(at, 2)] == [True, False]
        assert len(at.editor.questions) == 2


async def test_it_is_remembered_for_its_workspace_alone(stages: Stages) -> None:
    async with stages.on(ALWAYS, FILES, turns("cat a.txt")) as at:
        await runs(at, 1)
        assert await listed(at) == ["cat a.txt"]
        other = at.folder.parent / "other"
        other.mkdir()
        enter(at, other)
        assert await listed(at) == []


@pytest.mark.parametrize("pick", [(), ("Deny",)])
async def test_no_and_no_answer_are_a_no(stages: Stages, pick: Sequence[str]) -> None:
    async with stages.on(picking(*pick), FILES, turns("cat a.txt")) as at:
        assert "did not allow" in (await runs(at, 1))[0]


async def test_a_question_nobody_answers_in_time_is_a_no_that_is_said(stages: Stages) -> None:
    options = {"execution.approvalTimeout": 1}
    async with stages.own(NEOVIM, FILES, turns("cat a.txt"), options=options) as at:
        at.editor.silent.add("window/showMessageRequest")
        await at.start()
        await at.ends()
        assert at.results()[-1].startswith("The user did not answer within 1 s, so the command was not run.")
        assert await at.told("Nobody answered within 1 s, so this was not run: cat a.txt")
        asked = await at.editor.server.until(lambda message: message.get("method") == "window/showMessageRequest")
        withdrawn = await at.editor.server.until(lambda message: message.get("method") == "$/cancelRequest")
        assert withdrawn["params"] == {"id": asked["id"]}
        # A late yes runs nothing and is remembered nowhere.
        at.editor.server.send({"jsonrpc": "2.0", "id": asked["id"], "result": {"title": "Always allow"}})
        assert await listed(at) == []


async def test_who_may_not_be_asked_is_told_so(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, '[execution]\napproval = "never"\n')
    env = {"DEVSTRAL_LS_SANDBOX": "off"}
    async with stages.own(NEOVIM, FILES, turns("cat a.txt"), home=home, env=env) as at:
        assert "would run without a sandbox, and the user's settings refuse that" in (await runs(at, 1))[0]
        assert at.editor.questions == []


@pytest.mark.parametrize(
    ("mode", "held"),
    [
        pytest.param(
            "auto",
            "in a sandbox (overlay, bubblewrap)",
            marks=pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap"),
        ),
        ("off", "with no sandbox (copy of the workspace)"),
    ],
)
async def test_the_question_and_the_status_name_what_holds_a_command_in(stages: Stages, mode: str, held: str) -> None:
    async with stages.own(picking("Deny"), FILES, turns("cat a.txt"), env={"DEVSTRAL_LS_SANDBOX": mode}) as at:
        await runs(at, 1)
        ((message, _),) = questions(at)
        assert message == f"Devstral wants to run in {at.folder}, {held}:\ncat a.txt"
        assert (await at.status())["execution"]["sandbox"] in held


@pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap")
async def test_who_may_not_be_asked_is_not_where_a_sandbox_holds_the_command_in(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, '[execution]\napproval = "never"\n')
    async with stages.own(NEOVIM, FILES, turns("cat a.txt"), home=home) as at:
        assert (await runs(at, 1))[0].endswith("one")
        assert at.editor.questions == []


@pytest.mark.parametrize("key", ["execution.approval", "workspace.allowSecrets"])
async def test_an_editor_can_not_set_what_a_workspace_must_not(stages: Stages, key: str) -> None:
    value: object = "never" if key == "execution.approval" else True
    async with stages.own(NEOVIM, {".env": "x=hunter2\n"}, [command("echo hi"), say("x")], options={key: value}) as at:
        assert await at.told(f"devstral.{key} (initializationOptions) is left out: a workspace could set it there.")
        assert "hi" in (await runs(at, 1))[0]
        assert len(at.editor.questions) == 1


async def test_a_palette_without_arguments_picks_what_to_revoke(stages: Stages) -> None:
    async with stages.on(ALWAYS, FILES, turns("cat a.txt")) as at:
        await runs(at, 1)
        at.editor.personality = picking("1. cat a.txt")
        assert await at.editor.command("devstral.revokeApproval") == {"revoked": ["cat a.txt"]}
        assert await listed(at) == []


async def test_what_can_not_be_seen_in_a_command_is_named_in_the_question(stages: Stages) -> None:
    async with stages.on(picking("Deny"), FILES, turns("echo 'a\u202eb\u200bc'\r")) as at:
        await runs(at, 1)
        assert "echo 'a<U+202E>b<U+200B>c'<U+000D>" in questions(at)[0][0]
