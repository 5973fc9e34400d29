"""Proposals whose files are not what they were, and editors that don't do as they are asked: each has a stated outcome.

What the user is told in one line, what the proposal is then, and what the model hears next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.doubles.editor import HELIX, NEOVIM, NO_ANSWER, VS_CODE, Personality, behaving
from tests.e2e.stage import Json, Stage, Stages, calls, edit, move_folders, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"sub/b.txt": "one\ntwo\nthree\n"}
TURNS = [read("sub/b.txt"), edit("sub/b.txt", "two", "zwei"), say("Done."), say("I see.")]
AFTER = "one\nzwei\nthree\n"


async def told_next(at: Stage) -> str:
    """What the model hears with the next prompt."""
    await at.run(prompt="go on", apply="propose")
    return at.prompts()[-1]


async def applying(at: Stage) -> str:
    """Apply the pending proposal, in vain; the one line that the user is told."""
    answer = await at.editor.command("devstral.applyProposal")
    assert (answer["applied"], answer["files"]) == (False, [])
    line: str = answer["failureReason"]
    assert "\n" not in line
    assert at.editor.messages[-1] == (2, line)
    (pending,) = await at.pending()
    assert pending["files"][0]["state"] == "pending"
    return line


# -------------------------------------------------------------------------------------------- the file has changed


def gone(at: Stage) -> None:
    at.path("sub/b.txt").unlink()


def gone_while_open(at: Stage) -> None:
    gone(at)
    at.editor.close(at.uri("sub/b.txt"))


def a_directory(at: Stage) -> None:
    gone(at)
    at.path("sub/b.txt").mkdir()


def binary(at: Stage) -> None:
    at.put("sub/b.txt", b"\0\1\2\n")


def a_link_to_elsewhere(at: Stage) -> None:
    gone(at)
    at.put("../elsewhere/b.txt", FILES["sub/b.txt"])
    at.path("sub/b.txt").symlink_to(at.folder.parent / "elsewhere" / "b.txt")


def in_a_link_to_elsewhere(at: Stage) -> None:
    gone(at)
    at.path("sub").rmdir()
    at.put("../elsewhere/b.txt", FILES["sub/b.txt"])
    at.path("sub").symlink_to(at.folder.parent / "elsewhere")


def moved(at: Stage) -> None:
    at.path("sub/b.txt").rename(at.path("sub/moved.txt"))
    at.disk[at.path("sub/moved.txt")] = at.disk[at.path("sub/b.txt")]


def moved_while_open(at: Stage) -> None:
    moved(at)
    at.editor.close(at.uri("sub/b.txt"))
    at.open("sub/moved.txt")


GONE = "sub/b.txt was deleted or moved"
NO_TEXT = "sub/b.txt is no text file that can be read"
LINK = "sub/b.txt is behind a symbolic link now"


@pytest.mark.parametrize(
    ("happens", "told", "heard"),
    [
        (gone, GONE, GONE),
        (gone_while_open, GONE, GONE),
        (a_directory, NO_TEXT, NO_TEXT),
        (binary, NO_TEXT, NO_TEXT),
        (a_link_to_elsewhere, LINK, "sub/b.txt"),
        (in_a_link_to_elsewhere, LINK, "sub/b.txt"),
        (moved, GONE, GONE),
        (moved_while_open, GONE, GONE),
    ],
)
async def test_a_file_that_is_not_what_the_edits_were_made_for(
    stages: Stages, happens: Callable[[Stage], None], told: str, heard: str
) -> None:
    async with stages.on(VS_CODE, FILES, TURNS) as at:
        if happens.__name__.endswith("while_open"):
            at.open("sub/b.txt")
        await at.run(apply="propose")
        happens(at)
        if not at.path("sub/b.txt").is_file() or at.path("sub/b.txt").resolve() != at.path("sub/b.txt"):
            at.disk.pop(at.path("sub/b.txt"), None)
        line = await applying(at)
        assert line.startswith(f"{told}: Devstral's edits stay pending.")
        assert at.editor.edits == []
        if happens is moved_while_open:
            assert at.seen("sub/moved.txt") == FILES["sub/b.txt"]
        assert heard in await told_next(at)
        assert (await at.editor.command("devstral.discardProposal"))["discarded"] == [at.uri("sub/b.txt")]
        if at.path("sub").is_symlink():
            at.path("sub").unlink()


async def test_a_file_that_was_deleted_while_it_is_open_is_its_buffer(stages: Stages) -> None:
    """The editor shows it, unsaved: there the edits go, and the disk is the user's business."""
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        at.open("sub/b.txt")
        await at.run(apply="propose")
        gone(at)
        del at.disk[at.path("sub/b.txt")]
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["applied"] is True
        assert at.seen("sub/b.txt") == AFTER
        assert not at.path("sub/b.txt").exists()


async def test_a_file_to_create_whose_folder_now_leads_elsewhere(stages: Stages) -> None:
    async with stages.on(VS_CODE, FILES, [write("sub/new.txt", "new\n"), say("Done.")]) as at:
        await at.run(apply="propose")
        in_a_link_to_elsewhere(at)
        del at.disk[at.path("sub/b.txt")]
        line = await applying(at)
        assert line.startswith("sub/new.txt is behind a symbolic link now: Devstral's edits stay pending.")
        assert at.editor.edits == []
        at.path("sub").unlink()


async def test_a_folder_that_was_removed_from_the_workspace(stages: Stages) -> None:
    turns = [read("b.txt"), edit("b.txt", "two", "zwei"), say("Done.")]
    async with stages.on(VS_CODE, {"b.txt": "two\n"}, turns) as at:
        await at.run(apply="propose")
        elsewhere = at.folder.parent / "elsewhere"
        elsewhere.mkdir()
        move_folders(at.editor, added=[elsewhere], removed=[at.folder])
        line = await applying(at)
        assert line.startswith("b.txt is outside the workspace folders: Devstral's edits stay pending.")
        assert at.editor.edits == []
        assert at.seen("b.txt") == "two\n"
        # Back in the workspace, they fit again.
        move_folders(at.editor, added=[at.folder], removed=[elsewhere])
        assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        assert at.seen("b.txt") == "zwei\n"


# -------------------------------------------------------------------------------------- the editor does otherwise


def refuses(at: Stage, _: Json) -> Any:
    return {"applied": False, "failureReason": "sub/b.txt is read-only\nbecause of its mode"}


def nothing(at: Stage, _: Json) -> Any:
    return None


def an_empty_object(at: Stage, _: Json) -> Any:
    return {}


def a_lie(at: Stage, _: Json) -> Any:
    return {"applied": True}


WHY = "The editor did not apply the edits to sub/b.txt"


@pytest.mark.parametrize("personality", [VS_CODE, NEOVIM, HELIX], ids=lambda personality: personality.name)
@pytest.mark.parametrize(
    ("does", "told"),
    [
        (refuses, f"{WHY}: sub/b.txt is read-only because of its mode."),
        (nothing, f"{WHY}."),
        (an_empty_object, f"{WHY}."),
        (a_lie, f"{WHY}."),
    ],
)
async def test_an_editor_that_does_not_apply_an_open_files_edits(
    stages: Stages, personality: Personality, does: Callable[[Stage, Json], Any], told: str
) -> None:
    async with stages.on(personality, FILES, TURNS) as at:
        at.open("sub/b.txt")
        await at.run(apply="propose")
        at.editor.instead = lambda edit: does(at, edit)
        assert await applying(at) == told
        assert at.seen("sub/b.txt") == FILES["sub/b.txt"]
        assert "Your proposed edits to sub/b.txt are still undecided" in await told_next(at)
        at.editor.instead = None
        assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        assert at.seen("sub/b.txt") == AFTER


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("answer", [None, {}, {"applied": False, "failureReason": "no"}], ids=str)
async def test_an_editor_that_applies_and_says_otherwise_is_judged_by_the_text(
    stages: Stages, is_open: bool, answer: Any
) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        if is_open:
            at.open("sub/b.txt")
        await at.run(apply="propose")

        def apply(change: Json) -> Any:
            at.editor.apply(change)
            return answer

        at.editor.instead = apply
        made = await at.editor.command("devstral.applyProposal")
        assert (made["applied"], made["failureReason"]) == (True, None)
        assert at.seen("sub/b.txt") == AFTER
        assert await at.pending() == []
        assert "Your proposed edits to sub/b.txt were accepted and applied." in await told_next(at)


async def test_an_editors_word_for_a_closed_file_is_taken_but_not_for_more_than_it_is(stages: Stages) -> None:
    """It may have the edits in a buffer we are not told of; until they are on disk, the model is told so."""
    async with stages.on(HELIX, FILES, [*TURNS, say("Fine.")]) as at:
        await at.run(apply="propose")
        at.editor.instead = lambda _: {"applied": True}
        assert (await at.editor.command("devstral.applyProposal"))["applied"] is True
        (outcome,) = (await at.status())["outcomes"]
        assert (outcome["files"][0]["state"], outcome["files"][0]["seen"]) == ("applied", False)
        heard = await told_next(at)
        assert "The editor says that it applied them, but the file on disk does not have them yet" in heard
        undone = await at.editor.command("devstral.undo")
        assert undone["failureReason"] == (
            "Not all was undone: the editor did not undo the edits to sub/b.txt "
            "(the files on disk don't have them: undo them in the editor)."
        )
        at.put("sub/b.txt", AFTER)
        assert "Your proposed edits to sub/b.txt were accepted and applied." in await told_next(at)


async def test_an_editor_that_applies_half(stages: Stages) -> None:
    turns = [
        read("b.txt"),
        calls(edit("b.txt", "line 1\n", "eins\n"), edit("b.txt", "line 8\n", "acht\n")),
        say("Done."),
        say("I see."),
    ]
    text = "".join(f"line {number}\n" for number in range(1, 10))
    async with stages.on(HELIX, {"b.txt": text}, turns) as at:
        uri = at.open("b.txt")
        await at.run(apply="propose")

        def apply_half(change: Json) -> Any:
            (document,) = change["documentChanges"]
            at.editor.apply({"documentChanges": [{**document, "edits": document["edits"][:1]}]})
            return {"applied": False, "failureReason": "it broke"}

        at.editor.instead = apply_half
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["files"] == [uri]
        assert at.seen("b.txt") == text.replace("line 1\n", "eins\n")
        (left,) = await at.pending()
        assert "+acht" in left["diff"]
        assert "+eins" not in left["diff"]
        heard = await told_next(at)
        assert "Of your proposed edits to b.txt: 1 hunk accepted." in heard
        assert "Your proposed edits to b.txt are still undecided" in heard


async def test_an_editor_that_never_answers_is_given_up_and_what_it_does_later_is_seen(stages: Stages) -> None:
    async with stages.on(HELIX, FILES, TURNS) as at:
        held: list[Json] = []

        def hold(change: Json) -> Any:
            held.append(change)
            return NO_ANSWER

        at.editor.instead = hold
        answer = await at.run(apply="auto")
        assert (answer["state"], answer["edits"]["applied"]) == ("finished", [])
        assert answer["message"] == f"{WHY}: it did not answer."
        assert len(await at.pending()) == 1
        assert len(held) == 1
        # Commands are served meanwhile, and the request was withdrawn.
        withdrawn = [one for one in at.editor.server.received if one.get("method") == "$/cancelRequest"]
        assert len(withdrawn) == 1
        at.editor.apply(held[0])
        await at.decided()
        assert "Your proposed edits to sub/b.txt were accepted and applied." in await told_next(at)


async def test_an_editor_that_never_answers_but_writes_the_file_is_not_waited_for(stages: Stages) -> None:
    """ALE never answers; of a closed file's edits the disk tells."""
    async with stages.on(behaving(HELIX, applies="never"), FILES, TURNS) as at:
        answer = await at.run(apply="auto")
        assert (answer["message"], answer["edits"]["applied"]) == (None, [at.uri("sub/b.txt")])
        assert at.seen("sub/b.txt") == AFTER
