"""One view of the workspace: staged edits over open buffers over the disk, the same for every tool."""

from __future__ import annotations

import sys

import pytest

from tests.doubles.editor import EGLOT, KATE, NEOVIM, VS_CODE, Personality
from tests.e2e.stage import Stages, call, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"src/app.py": "name = 'on disk'\n", "src/other.py": "import app\n", "notes.txt": "name it\n"}
EDITED = "name = 'not saved'\n"


async def test_an_unsaved_buffer_is_what_the_model_reads_searches_and_edits(stages: Stages) -> None:
    turns = [
        calls(read("src/app.py"), call("grep_search", pattern="name ="), call("grep_search", pattern="on disk")),
        edit("src/app.py", "'not saved'", "'edited'"),
        say("Done."),
    ]
    async with stages.on(NEOVIM, FILES, turns) as at:
        at.open("src/app.py", text=EDITED)
        await at.run()
        shown, found, missing = at.results(1)
        assert "name = 'not saved'" in shown
        assert found == "src/app.py:1: name = 'not saved'"
        assert missing.startswith("No line matches on disk")
        assert at.seen("src/app.py") == "name = 'edited'\n"
        assert at.path("src/app.py").read_text() == "name = 'on disk'\n"


async def test_a_closed_buffer_is_forgotten(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("src/app.py"), say("Done.")]) as at:
        at.editor.close(at.open("src/app.py", text=EDITED))
        await at.run()
        assert "name = 'on disk'" in at.results()[0]


async def test_what_the_user_types_during_a_run_is_seen_by_its_next_tool(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("src/app.py"), read("src/app.py"), say("Done.")]) as at:
        uri = at.open("src/app.py")
        at.wire.hold(2)
        await at.start()
        await at.wire.asked(2)
        at.editor.type(uri, EDITED)
        await at.settled()
        await at.wire.release()
        await at.ends()
        first, second = at.results()
        assert "on disk" in first
        assert "not saved" in second


async def test_a_file_that_was_never_saved_is_there_for_every_tool(stages: Stages) -> None:
    turns = [
        calls(
            read("new/draft.py"),
            call("list_directory", path="new"),
            call("glob_files", pattern="**/*.py"),
            call("grep_search", pattern="draft"),
            command(f"{sys.executable} new/draft.py"),
        ),
        say("Done."),
    ]
    async with stages.on(NEOVIM, FILES, turns) as at:
        at.open("new/draft.py", text="print('a draft')\n")
        await at.run()
        shown, listed, globbed, found, ran = at.results()
        assert "print('a draft')" in shown
        assert listed == "new/ (1 entry)\ndraft.py"
        assert globbed == "new/draft.py\nsrc/app.py\nsrc/other.py"
        assert found == "new/draft.py:1: print('a draft')"
        assert ran.endswith("\na draft")


async def test_staged_edits_are_seen_by_every_tool_of_the_same_run(stages: Stages) -> None:
    turns = [
        read("src/app.py"),
        calls(edit("src/app.py", "name = 'on disk'", "print('staged')"), write("src/made/new.py", "made = 1\n")),
        calls(
            read("src/app.py"),
            call("grep_search", pattern="staged|made"),
            call("grep_search", pattern="on disk"),
            call("list_directory", path="src"),
            call("glob_files", pattern="src/made/*"),
            command(f"{sys.executable} src/app.py && cat src/made/new.py"),
        ),
        read("notes.txt"),
        say("Done."),
    ]
    async with stages.on(KATE, FILES, turns) as at:
        at.editor.personality = NEOVIM  # whose user allows the command
        at.open("notes.txt", text="name it, unsaved\n")
        await at.run()
        shown, found, missing, listed, globbed, ran, notes = at.results()[3:]
        assert "print('staged')" in shown
        assert found == "src/app.py:1: print('staged')\nsrc/made/new.py:1: made = 1"
        assert missing.startswith("No line matches")
        assert listed == "src/ (3 entries)\napp.py\nmade/\nother.py"
        assert globbed == "src/made/new.py"
        assert ran.startswith("[exit code 0 ")
        assert ran.endswith("\nstaged\nmade = 1")
        assert "name it, unsaved" in notes
        assert at.path("src/app.py").read_text() == "name = 'on disk'\n"
        assert not at.path("src/made").exists()


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize("opened", [True, False], ids=["open", "closed"])
async def test_line_endings_stay_as_they_are(stages: Stages, ending: str, opened: bool) -> None:
    before = "one\ntwo\nthree\nfour\n".replace("\n", ending)
    turns = [
        read("a.txt"),
        calls(edit("a.txt", "two\nthree", "TWO\nand a half\nTHREE"), edit("a.txt", "four\n", "four\nfive\n")),
        say("Done."),
    ]
    async with stages.on(NEOVIM, {"a.txt": before}, turns) as at:
        if opened:
            at.open("a.txt")
        await at.run()
        assert at.seen("a.txt") == "one\nTWO\nand a half\nTHREE\nfour\nfive\n".replace("\n", ending)


ASTRAL = "# 😀 first\nname = '𝔘𝔫𝔦 é' # 😀"


@pytest.mark.parametrize(
    ("personality", "encoding", "units"),
    [(NEOVIM, "utf-8", 31), (VS_CODE, "utf-16", 22), (EGLOT, "utf-32", 18)],
    ids=["utf-8", "utf-16", "utf-32"],
)
async def test_positions_are_in_the_clients_units(
    stages: Stages, personality: Personality, encoding: str, units: int
) -> None:
    """The last line has no ending, so the edit ends in the middle of nowhere but for its characters."""
    turns = [read("a.py"), edit("a.py", "é' # 😀", "é' # 😀😀 twice"), say("Done.")]
    async with stages.on(personality, {"a.py": ASTRAL}, turns) as at:
        assert at.editor.encoding == encoding
        uri = at.open("a.py")
        # The three letters between the quote and the space.
        width = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[encoding]
        selected = {"start": {"line": 1, "character": 8}, "end": {"line": 1, "character": 8 + 3 * width}}
        await at.run(textDocument={"uri": uri}, range=selected)
        assert "The user selected lines 2-2 of it:\n     2\t𝔘𝔫𝔦\n" in at.prompts()[0]
        edits = [item for operation in at.editor.edits[0]["documentChanges"] for item in operation.get("edits", ())]
        assert edits[0]["range"]["end"] == {"line": 1, "character": units}
        assert at.seen("a.py") == "# 😀 first\nname = '𝔘𝔫𝔦 é' # 😀😀 twice"


@pytest.mark.parametrize("personality", [NEOVIM, VS_CODE, EGLOT], ids=["utf-8", "utf-16", "utf-32"])
async def test_keys_typed_behind_an_astral_character_land_there(stages: Stages, personality: Personality) -> None:
    async with stages.on(personality, {"a.py": ASTRAL}, [read("a.py"), say("Done.")]) as at:
        uri = at.open("a.py")
        column = {"utf-8": 6, "utf-16": 4, "utf-32": 3}[at.editor.encoding]
        place = {"line": 0, "character": column}
        change = {"range": {"start": place, "end": place}, "text": "|"}
        at.editor.server.notify(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]}
        )
        await at.run()
        assert "# 😀| first" in at.results()[0]


async def test_a_byte_order_mark_survives(stages: Stages) -> None:
    before = b"\xef\xbb\xbfone\r\ntwo\r\n"
    async with stages.on(NEOVIM, {"a.txt": before}, [read("a.txt"), edit("a.txt", "one", "1"), say("Done.")]) as at:
        await at.run()
        assert at.path("a.txt").read_bytes() == b"\xef\xbb\xbf1\r\ntwo\r\n"


async def test_symlinked_files_are_edited_where_they_are(stages: Stages) -> None:
    async with stages.on(
        NEOVIM, {"real.txt": "one\n"}, [read("link.txt"), edit("link.txt", "one", "1"), say("Done.")]
    ) as at:
        at.path("link.txt").symlink_to("real.txt")
        await at.run()
        assert at.path("link.txt").is_symlink()
        assert at.path("real.txt").read_text() == "1\n"
