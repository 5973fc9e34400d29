"""The plugin of editors/neovim on a small screen, with someone typing: a headless Neovim has neither."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import CONFIGURATIONS
from tests.editors.project import OLD_TOTAL, call, create, environment, script
from tests.editors.terminal import Terminal

COLUMNS, LINES = 60, 24

LONG = f"TAX = 0.19  # {' '.join(f'word{number}' for number in range(20))}\n"
ROUNDED = "    cents = 2\n    return round(\n        sum(prices),\n        cents,\n    )\n"


@pytest.fixture(params=["neovim", "neovim-0.10"])
def program(request: pytest.FixtureRequest) -> str:
    return find(request.param).program


def start(
    terminal: Terminal, program: str, place: Path, model: ScriptedServer, environ: Mapping[str, str] = {}, *more: str
) -> None:
    command = [program, "--clean", "-n", "-i", "NONE", "--cmd", f"set rtp^={CONFIGURATIONS}"]
    settings = ["-u", str(CONFIGURATIONS / "example.lua"), "-c", "set laststatus=2", *more]
    known = {**environment(place / "home", model.base_url), **environ}
    terminal.start([*command, *settings, "shop/prices.py"], create(place / "project"), known, COLUMNS, LINES)
    terminal.shows("What things cost")


def read_and(*calls: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"calls": [call("read_file", file_path="shop/prices.py")]}, {"calls": list(calls)}, {"text": "Done."}]


def test_a_message_that_is_too_long_is_cut_and_nobody_has_to_press_enter(
    program: str, terminal: Terminal, tmp_path: Path
) -> None:
    with ScriptedServer(script()) as model:
        start(terminal, program, tmp_path, model, {"DEVSTRAL_LS_BASE_URL": "http://127.0.0.1:9/v1"})
        terminal.type(":Devstral ask what is this?", "Enter")
        terminal.shows("...")
        cut = terminal.settled()
        assert cut.splitlines()[-1].endswith("that runs.")
        assert "Press ENTER" not in cut
        terminal.type(":messages", "Enter")
        told = terminal.shows("Press ENTER").replace("\n", "")
        assert "nothing answers: start the server, or set llm.baseUrl to the one that runs." in told


def test_a_question_waits_until_the_user_stops_typing(program: str, terminal: Terminal, tmp_path: Path) -> None:
    asks = {"calls": [call("run_command", command="cat shop/prices.py")]}
    with ScriptedServer(script(asks, {"text": "It was run."})) as model:
        start(terminal, program, tmp_path, model)
        terminal.type(":Devstral ask run it", "Enter", "i")
        terminal.shows("Devstral has a question: <Esc> to see it")
        terminal.type("1 more", "Enter")
        typed = terminal.shows("1 more\n")
        assert "Run once" not in typed
        terminal.type("Escape")
        terminal.shows("1: Run once")
        terminal.type("1", "Enter")
        assert "has a question" not in terminal.shows("It was run.")


def test_a_change_is_brought_into_sight_and_a_long_line_is_seen_to_its_end(
    program: str, terminal: Terminal, tmp_path: Path
) -> None:
    edits = [
        call("edit_file", file_path="shop/prices.py", old_string="TAX = 0.19\n", new_string=LONG),
        call("edit_file", file_path="shop/prices.py", old_string=OLD_TOTAL, new_string=ROUNDED),
    ]
    with ScriptedServer(script(*read_and(*edits))) as model:
        start(terminal, program, tmp_path, model)
        terminal.type(":Devstral edit round the totals", "Enter")
        terminal.shows("2 changes to review")
        terminal.shows("proposes 1 file")
        assert "word19" in terminal.settled().replace("\n", "")
        terminal.type("]h", "]h")
        terminal.shows("11,1")
        rows = terminal.settled().splitlines()
        at = next(number for number, row in enumerate(rows) if row.startswith("    return sum(prices)"))
        assert rows[at + 1 : at + 6] == ROUNDED.splitlines()


def test_what_comes_while_a_command_is_typed_is_seen_and_the_command_stays(
    program: str, terminal: Terminal, tmp_path: Path
) -> None:
    edit = call("edit_file", file_path="shop/prices.py", old_string=OLD_TOTAL, new_string=ROUNDED)
    with ScriptedServer(script(*read_and(edit))) as model:
        start(terminal, program, tmp_path, model)
        terminal.type(":Devstral edit round the totals", "Enter", ":echo 'I was", "Space")
        terminal.shows("proposes 1 file, +5 -1")
        terminal.shows("1/1  \\ha accepts")
        terminal.type("typing'")
        assert terminal.shows("typing'").rstrip().endswith(":echo 'I was typing'")
        terminal.type("Enter")
        assert terminal.shows("\nI was typing").rstrip().endswith("\nI was typing")


def test_the_file_keeps_most_of_a_small_screen(program: str, terminal: Terminal, tmp_path: Path) -> None:
    paragraph = " ".join(f"word{number}" for number in range(200))
    with ScriptedServer(script({"text": paragraph})) as model:
        start(terminal, program, tmp_path, model)
        terminal.type(":Devstral explain", "Enter")
        screen = terminal.shows("\ndone")
        rows = screen.splitlines()
        above = next(number for number, row in enumerate(rows) if row.startswith("shop/prices.py"))
        assert above >= LINES / 2, screen
        assert "word199" in screen, "the end of a paragraph that has more rows than the window"
