"""A proposal says what was run on it: the project's own check, on the staged view, confirmed once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from devstral_ls.execution.ladder import find_bwrap
from tests.doubles.editor import KATE, NEOVIM, VS_CODE, Personality
from tests.e2e.stage import HANG, Json, Stage, Stages, edit, move_folders, read, say
from tests.execution.sandboxes import running

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not find_bwrap(), reason="there is no sandbox without bubblewrap"),
]

APP = "def add(a, b):\n    return a - b\n"
TESTS = """\
import unittest
from app import add

class Adding(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual(add(1, 2), 3)
    def test_nothing(self):
        self.assertEqual(add(0, 0), 0)

unittest.main()
"""
MADE = {"app.py": APP, "adding.py": TESTS, "Makefile": "test:\n\t@python3 adding.py\n"}
"""A project whose check is `make test`."""

READ = read("app.py")
RIGHT = edit("app.py", "a - b", "a + b")
WRONG = edit("app.py", "a - b", "a * b + 1")
MENDED = edit("app.py", "a * b + 1", "a + b")
QUESTION = "Run `make test` on Devstral's edits before you see them?"
ALWAYS, NOT_NOW, NEVER = "Always in this workspace", "Not now", "Never here"


def picking(*titles: str, base: Personality = NEOVIM) -> Personality:
    return replace(base, picks=titles)


def home_with(folder: Path, check: str) -> Path:
    """A home whose settings have this in their table `execution.check`."""
    file = folder / "home" / "config" / "devstral-ls" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"[execution.check]\n{check}\n")
    return folder / "home"


def asked(at: Stage) -> list[str]:
    return [question["message"] for question in at.editor.questions]


def about_checks(at: Stage) -> list[str]:
    return [message for message in asked(at) if message.startswith("Run `")]


async def notes(at: Stage) -> list[str]:
    return [proposal["note"] for proposal in await at.pending()]


async def test_a_detected_check_is_confirmed_once_and_its_result_is_in_the_title(
    stages: Stages, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    turns = [READ, RIGHT, say("Done."), READ, edit("app.py", "a + b", "b + a"), say("Turned.")]
    async with stages.own(picking(ALWAYS), MADE, turns, home=home) as at:
        answer = await at.run()
        assert asked(at) == [QUESTION, "Devstral proposes 1 file, +1 -1, 2 tests pass: app.py"]
        assert [action["title"] for action in at.editor.questions[0]["actions"]] == [ALWAYS, NOT_NOW, NEVER]
        assert await notes(at) == ["2 tests pass"]
        messages = [value.get("message", "") for values in at.editor.progress.values() for value in values]
        assert "checking: make test" in [message[:19] for message in messages]
        assert messages[-1] == "proposes 1 file, +1 -1, 2 tests pass"
        assert "<summary>check: make test: 2 tests pass</summary>" in at.page(answer["transcript"])
        titles = [action["title"] for action in await at.editor.actions(at.open("app.py"), 1)]
        assert "Devstral: apply all (1 file, +1 -1, 2 tests pass)" in titles
        (session,) = [each for each in await at.editor.command("devstral.sessions") if each["proposals"]]
        assert session["proposals"][0]["summary"] == "1 file, +1 -1, 2 tests pass"
        # Nobody is asked about it again, and the next run's edits are checked together with these.
        await at.run()
        assert about_checks(at) == [QUESTION]
        assert await notes(at) == ["2 tests pass"]


async def test_what_fails_is_fed_back_and_mended_before_it_is_proposed(stages: Stages) -> None:
    turns = [READ, WRONG, say("Done."), MENDED, say("Mended.")]
    async with stages.own(picking(ALWAYS), MADE, turns) as at:
        answer = await at.run()
        assert (answer["text"], answer["turns"]) == ("Mended.", 5)
        told = at.prompts(3)[-1]
        assert told.startswith("The user's check of your edits, `make test`, did not pass: 1 of 2 tests fails.")
        assert "AssertionError" in told
        assert asked(at)[-1] == "Devstral proposes 1 file, +1 -1, 2 tests pass: app.py"
        transcript = at.page(answer["transcript"])
        assert transcript.index("check: make test: 1 of 2 tests fails") < transcript.index(
            "check: make test: 2 tests pass"
        )


async def test_after_the_last_round_it_is_proposed_with_what_fails(stages: Stages, tmp_path: Path) -> None:
    worse = [edit("app.py", "a * b + 1", "a * b + 2"), say("Now."), edit("app.py", "a * b + 2", "a * 4"), say("So.")]
    home = home_with(tmp_path, 'commands = {"*" = "python3 adding.py"}')
    async with stages.own(picking(), MADE, [READ, WRONG, say("Done."), *worse], home=home) as at:
        await at.run()
        assert len(at.model.requests) == 7
        assert asked(at) == ["Devstral proposes 1 file, +1 -1, 1 of 2 tests fails: app.py"]
        assert await notes(at) == ["1 of 2 tests fails"]


@pytest.mark.parametrize("rounds", [0, 1])
async def test_the_rounds_are_the_users_to_say(stages: Stages, tmp_path: Path, rounds: int) -> None:
    home = home_with(tmp_path, f'rounds = {rounds}\ncommands = {{"*" = "python3 adding.py"}}')
    turns = [READ, WRONG, say("Done."), edit("app.py", "a * b + 1", "a * b + 2"), say("Now.")]
    async with stages.own(picking(), MADE, turns, home=home) as at:
        await at.run()
        assert len(at.model.requests) == 3 + 2 * rounds
        assert await notes(at) == [["1 of 2 tests fails"], ["all 2 tests fail"]][rounds]


async def test_a_model_that_leaves_its_edits_as_they_are_is_not_told_again(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "false"}')
    async with stages.own(picking(), MADE, [READ, RIGHT, say("Done."), say("It always fails.")], home=home) as at:
        answer = await at.run()
        assert answer["text"] == "It always fails."
        assert await notes(at) == ["check failed (exit code 1)"]


@pytest.mark.parametrize("pick", [(), (NOT_NOW,)])
async def test_without_a_yes_nothing_is_run_this_time(stages: Stages, pick: Sequence[str]) -> None:
    turns = [READ, WRONG, say("Done."), READ, edit("app.py", "b + 1", "b + 2"), say("Done.")]
    async with stages.own(picking(*pick), MADE, turns) as at:
        await at.run()
        assert asked(at) == [QUESTION, "Devstral proposes 1 file, +1 -1: app.py"]
        await at.run()
        assert about_checks(at) == [QUESTION, QUESTION]
        assert await notes(at) == [""]


async def test_never_here_is_remembered_until_it_is_revoked(stages: Stages, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = [READ, RIGHT, say("Done."), READ, edit("app.py", "a + b", "b + a"), say("Done.")]
    async with stages.own(picking(NEVER), MADE, first, home=home) as at:
        await at.run()
        await at.run()
        assert about_checks(at) == [QUESTION]
        listed = await at.editor.command("devstral.approvals")
        assert [(each["index"], each["command"], each["check"]) for each in listed] == [(1, "make test", "never")]
        assert await at.told("1. make test (no checks here, this one was refused)")
        folder = at.folder
    # Another server, later.
    again = [READ, edit("app.py", "a - b", "a+b"), say("Done."), READ, edit("app.py", "a+b", "a + b"), say("Done.")]
    async with stages.own(picking(ALWAYS), {}, again, home=home) as at:
        move_folders(at.editor, added=[folder], removed=at.editor.folders)
        await at.run()
        assert about_checks(at) == []
        assert await at.editor.command("devstral.revokeApproval", {"index": 1}) == {"revoked": ["make test"]}
        await at.run()
        assert about_checks(at) == [QUESTION]
        assert await notes(at) == ["2 tests pass"]
        assert [each["check"] for each in await at.editor.command("devstral.approvals")] == ["always"]
        assert await at.editor.command("devstral.revokeApproval", {"command": "make test"}) == {
            "revoked": ["make test"]
        }
        assert await at.editor.command("devstral.approvals") == []


async def test_a_confirmed_check_is_an_approval_of_exactly_that_command(stages: Stages) -> None:
    def run(line: str) -> Json:
        return {"calls": [{"name": "run_command", "arguments": {"command": line}}]}

    turns = [READ, RIGHT, say("Done."), run("make test"), say("x"), run("make test -s"), say("x")]
    async with stages.own(picking(ALWAYS), MADE, turns) as at:
        await at.run()
        await at.run()
        assert "Ran 2 tests" in at.results()[-1]
        await at.run()
        assert "did not allow" in at.results()[-1]


async def test_prose_and_runs_without_edits_are_not_checked(stages: Stages) -> None:
    turns = [say("It adds."), READ, RIGHT, say("x"), READ, say("Nothing to do.")]
    async with stages.own(picking(ALWAYS), MADE, turns) as at:
        at.open("app.py")
        await at.run("explain", "explain", textDocument={"uri": at.uri("app.py")})
        assert asked(at) == []
        await at.run("explain", "explain", textDocument={"uri": at.uri("app.py")})
        assert about_checks(at) == []
        await at.run()
        assert asked(at) == []


async def test_a_cancel_kills_the_check_and_leaves_the_proposal(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "echo be$(echo gun); sleep 600.25"}')
    async with stages.own(picking(), MADE, [READ, RIGHT, say("Done.")], home=home) as at:
        await at.start()
        await at.editor.settles(lambda: "begun" in json.dumps(list(at.editor.progress.values())))
        assert running("600.25")
        await at.editor.command("devstral.cancel")
        await at.ends()
        assert running("600.25") == []
        assert await notes(at) == ["check cancelled"]
        assert asked(at) == []


async def test_a_cancel_while_the_model_mends_says_what_the_note_is_about(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "python3 adding.py"}')
    turns = [READ, WRONG, say("Done."), edit("app.py", "a * b + 1", "a * b + 2"), HANG]
    async with stages.own(picking(), MADE, turns, home=home) as at:
        await at.start()
        await at.editor.settles(lambda: len(at.model.requests) == 5)
        await at.editor.command("devstral.cancel")
        await at.ends()
        assert await notes(at) == ["1 of 2 tests fails before the last edits"]


async def test_a_question_nobody_answers_holds_the_edits_up_for_its_time_alone(stages: Stages) -> None:
    options = {"execution.approvalTimeout": 1, "edits.mode": "propose"}
    async with stages.own(picking(), MADE, [READ, RIGHT, say("Done.")], options=options) as at:
        at.editor.silent.add("window/showMessageRequest")
        await at.run()
        assert await notes(at) == [""]
        assert len(at.editor.withdrawn) == 1


async def test_the_check_has_its_time(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'timeout = 1\ncommands = {"*" = "sleep 600.5"}')
    async with stages.own(picking(), MADE, [READ, RIGHT, say("Done.")], home=home) as at:
        await at.run()
        assert await notes(at) == ["check timed out after 1 s"]
        assert running("600.5") == []


async def test_a_check_sees_unsaved_text_and_its_own_edits_are_nobodys(stages: Stages, tmp_path: Path) -> None:
    line = "cat other.txt app.py; echo formatted > app.py; echo new > new.py"
    home = home_with(tmp_path, f'commands = {{"*" = "{line}"}}')
    files: Mapping[str, str] = {**MADE, "other.txt": "saved\n"}
    async with stages.own(picking(), files, [READ, RIGHT, say("Done.")], home=home) as at:
        at.open("other.txt", "unsaved\n")
        answer = await at.run()
        assert answer["edits"]["proposed"] == [at.uri("app.py")]
        (proposal,) = await at.pending()
        assert proposal["note"] == "check passed"
        assert "formatted" not in proposal["diff"]
        record = at.page(answer["transcript"])
        assert "unsaved\ndef add(a, b):\n    return a + b\n" in record
        assert "[It changed app.py, new.py. A check only reads, so that is not kept.]" in record


async def test_unasked_edits_that_fail_are_presented_instead_and_those_that_pass_applied(
    stages: Stages, tmp_path: Path
) -> None:
    home = home_with(tmp_path, 'rounds = 0\ncommands = {"*" = "python3 adding.py"}')
    turns = [READ, WRONG, say("Done."), MENDED, say("Done.")]
    async with stages.own(picking(), MADE, turns, home=home, options={"edits.mode": "auto"}) as at:
        answer = await at.run()
        assert answer["edits"]["applied"] == []
        assert asked(at) == ["Devstral proposes 1 file, +1 -1, 1 of 2 tests fails: app.py"]
        assert at.seen("app.py") == APP
        answer = await at.run()
        assert answer["edits"]["applied"] == [at.uri("app.py")]
        assert at.seen("app.py") == APP.replace("-", "+")


async def test_without_a_sandbox_the_check_asks_as_every_command_does(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "python3 adding.py"}')
    env = {"DEVSTRAL_LS_SANDBOX": "off"}
    turns = [READ, RIGHT, say("Done."), edit("app.py", "a + b", "b + a"), say("Done.")]
    async with stages.own(picking("Deny"), MADE, turns, home=home, env=env) as at:
        await at.run()
        assert "no sandbox" in asked(at)[0]
        assert await notes(at) == ["check was not allowed"]
        at.editor.personality = picking("Run once")
        await at.run()
        assert await notes(at) == ["2 tests pass"]


@pytest.mark.parametrize("check", ['mode = "off"\ncommands = {"*" = "true"}', "enabled = false"])
async def test_checks_can_be_turned_off(stages: Stages, tmp_path: Path, check: str) -> None:
    home = home_with(tmp_path, check)
    if "enabled" in check:
        file = home / "config" / "devstral-ls" / "config.toml"
        file.write_text("[execution]\nenabled = false\n")
    async with stages.own(picking(ALWAYS), MADE, [READ, RIGHT, say("Done.")], home=home) as at:
        await at.run()
        assert asked(at) == ["Devstral proposes 1 file, +1 -1: app.py"]


async def test_an_editor_can_not_name_a_command(stages: Stages) -> None:
    options = {"execution.check.commands": {"*": "touch /tmp/never"}}
    async with stages.own(picking(), MADE, [READ, RIGHT, say("Done.")], options=options) as at:
        assert await at.told("devstral.execution.check.commands (initializationOptions) is left out")
        await at.run()
        assert asked(at)[0] == QUESTION


async def test_each_folder_with_edits_has_its_own_check(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'rounds = 0\ncommands = {"*" = "python3 adding.py"}')
    turns = [
        read("project/app.py"), edit("project/app.py", "a - b", "a + b"),
        read("other/app.py"), edit("other/app.py", "a - b", "a * b"), say("Done."),
    ]  # fmt: skip
    async with stages.own(picking(), MADE, turns, home=home) as at:
        other = at.folder.parent / "other"
        for name, content in MADE.items():
            at.put(f"../other/{name}", content)
        move_folders(at.editor, added=[other])
        await at.run()
        assert await notes(at) == ["project: 2 tests pass; other: 1 of 2 tests fails"]


async def test_a_part_that_was_rejected_leaves_the_note_to_all_of_it(stages: Stages, tmp_path: Path) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "true"}')
    turns = [READ, RIGHT, {"calls": [{"name": "write_file", "arguments": {"file_path": "b.txt", "content": "b\n"}}]}]
    async with stages.own(picking(), MADE, [*turns, say("Done.")], home=home) as at:
        await at.run()
        await at.editor.command("devstral.discardProposal", {"uris": [at.uri("b.txt")]})
        assert await notes(at) == ["check passed with all of it"]


@pytest.mark.parametrize("base", [VS_CODE, KATE])
async def test_editors_with_other_reviews_show_it_too(stages: Stages, tmp_path: Path, base: Personality) -> None:
    home = home_with(tmp_path, 'commands = {"*" = "python3 adding.py"}')
    async with stages.own(picking(base=base), MADE, [READ, RIGHT, say("Done.")], home=home) as at:
        uri = at.open("app.py")
        await at.run()
        if base is VS_CODE:
            labels = [each["label"] for each in at.editor.edits[0]["changeAnnotations"].values()]
            assert "Devstral: app.py (2 tests pass)" in labels
        else:
            titles = [action["title"] for action in await at.editor.actions(uri, 1)]
            assert "Devstral: apply all (1 file, +1 -1, 2 tests pass)" in titles
