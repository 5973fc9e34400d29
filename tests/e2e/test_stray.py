"""Edits that arrive in the very moment of typing, in an editor that looks at no version."""

from __future__ import annotations

import pytest

from tests.doubles.editor import LSP4IJ
from tests.e2e.stage import Stages, calls, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = "".join(f"line {number}\n" for number in range(20))
TEN = LINES.replace("line 10\n", "ten\n")
FILES = {"a.txt": LINES}
TURNS = [read("a.txt"), edit("a.txt", "line 10", "ten"), say("Done.")]


async def test_what_was_typed_above_is_kept_and_the_edit_comes_where_it_belongs(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TURNS) as at:
        uri = at.open("a.txt")

        def types() -> None:
            at.editor.before_apply = None
            at.editor.type(uri, f"mine\n{LINES}")

        at.editor.before_apply = types
        answer = await at.run(apply="auto")
        assert at.seen("a.txt") == f"mine\n{TEN}"
        assert answer["outcome"] == "applied"
        assert (await at.editor.command("devstral.undo"))["undone"] is True
        assert at.seen("a.txt") == f"mine\n{LINES}"


async def test_what_was_typed_in_the_same_line_comes_back_and_the_edit_stays_pending(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TURNS) as at:
        uri = at.open("a.txt")
        mine = LINES.replace("line 10\n", "all mine\n")

        def types() -> None:
            at.editor.before_apply = None
            at.editor.type(uri, mine)

        at.editor.before_apply = types
        answer = await at.run(apply="auto")
        assert at.seen("a.txt") == mine
        assert answer["outcome"] == "pending"
        assert "a.txt changed where Devstral's edits are: they stay pending." in answer["message"]


BOTH = TEN.replace("line 3\n", "three\n")
TWO_EDITS = [read("a.txt"), calls(edit("a.txt", "line 10", "ten"), edit("a.txt", "line 3", "three")), say("Done.")]


async def test_edits_that_an_editor_puts_in_one_by_one_are_no_typing(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TWO_EDITS) as at:
        uri = at.open("a.txt")

        def one_by_one(_: object) -> dict[str, bool]:
            # As Neovim does: from the end, and with an end of line that goes away at last.
            for text in (f"{TEN}\n", f"{BOTH}\n", BOTH):
                at.editor.type(uri, text)
            return {"applied": True}

        at.editor.instead = one_by_one
        answer = await at.run(apply="auto")
        assert (at.seen("a.txt"), answer["outcome"], len(at.editor.edits)) == (BOTH, "applied", 1)


async def test_an_edit_that_is_told_in_small_pieces_is_no_typing(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TWO_EDITS) as at:
        uri = at.open("a.txt")

        def in_pieces(_: object) -> dict[str, bool]:
            # As VS Code does: what is the same at both ends of a line is left out, all in one notification.
            buffer = at.editor.buffers[uri]
            buffer.text, buffer.version = BOTH, buffer.version + 1
            pieces = [((10, 0, 10, 5), "te"), ((10, 2, 10, 4), "n"), ((3, 0, 3, 4), "th"), ((3, 2, 3, 4), "ree")]
            changes = [
                {"range": {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}}, "text": text}
                for (a, b, c, d), text in pieces
            ]
            document = {"uri": uri, "version": buffer.version}
            at.editor.server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
            return {"applied": True}

        at.editor.instead = in_pieces
        answer = await at.run(apply="auto")
        assert (at.seen("a.txt"), answer["outcome"], len(at.editor.edits)) == (BOTH, "applied", 1)


async def test_what_is_typed_while_that_is_put_right_is_kept_too(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TURNS) as at:
        uri = at.open("a.txt")
        lines = iter(("first\n", "second\n"))

        def types() -> None:
            at.editor.type(uri, next(lines, "") + at.editor.buffers[uri].text)

        at.editor.before_apply = types
        await at.run(apply="auto")
        assert at.seen("a.txt") == f"second\nfirst\n{TEN}"


async def test_an_undo_in_the_moment_of_typing_takes_back_nothing_else(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TURNS) as at:
        uri = at.open("a.txt")
        await at.run(apply="auto")

        def types() -> None:
            at.editor.before_apply = None
            at.editor.type(uri, f"mine\n{TEN}")

        at.editor.before_apply = types
        assert (await at.editor.command("devstral.undo"))["undone"] is True
        assert at.seen("a.txt") == f"mine\n{LINES}"


async def test_what_can_not_be_put_right_is_said(stages: Stages) -> None:
    async with stages.on(LSP4IJ, FILES, TURNS) as at:
        uri = at.open("a.txt")

        def declines(_: dict[str, object]) -> dict[str, bool]:
            return {"applied": False}

        def types() -> None:
            at.editor.before_apply = None
            at.editor.type(uri, f"mine\n{LINES}")
            at.editor.apply(at.editor.edits[-1])
            at.editor.instead = declines

        at.editor.before_apply = types
        answer = await at.run(apply="auto")
        assert at.seen("a.txt") == f"mine\n{LINES}".replace("line 9\n", "ten\n")
        assert "a.txt: look, and undo in the editor what is wrong." in answer["message"]
