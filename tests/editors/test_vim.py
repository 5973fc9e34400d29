"""devstral-ls in a real Vim with ALE in a terminal, with the configuration of editors/vim as it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, create, edits, environment, script, told
from tests.editors.terminal import PATIENCE, Terminal, awaited

CONFIGURATION = Path(__file__).parents[2] / "editors" / "vim" / "ale.vim"
CHOICE = "Type number and <Enter>"
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
CHANGED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
PROPOSED = "Devstral proposes 1 file, +1 -1: the code actions apply"


@dataclass(frozen=True)
class Vim:
    """A person at a Vim that has a file of the project open."""

    terminal: Terminal
    root: Path
    model: ScriptedServer

    def run(self, command: str) -> None:
        self.terminal.type(f":{command}", "Enter")

    def code_actions(self) -> dict[str, str]:
        """Open the menu, about the selection if there is one; title -> the number to type."""
        self.run("ALECodeAction")
        self.terminal.shows(CHOICE)
        listed = re.findall(r"^(\d+)\) (.*?)\s*$", self.terminal.screen(), re.MULTILINE)
        return {title: number for number, title in listed}

    def act(self, title: str) -> None:
        self.terminal.type(self.code_actions()[title], "Enter")

    def written(self) -> str:
        """What is on disk after the buffer was written. Vim's own message may be gone before it is seen."""
        file = self.root / "shop/prices.py"
        before = file.stat()
        self.run("write")
        awaited(lambda: file.exists() and file.stat() != before and file.stat().st_size > 0, self.terminal.screen)
        return file.read_text()

    def last(self, count: int) -> str:
        """What the model was told in its question number `count`, once it was asked."""
        awaited(lambda: len(self.model.requests) >= count, self.terminal.screen)
        return told(self.model.requests[count - 1])


@contextmanager
def opened(terminal: Terminal, place: Path, *turns: Mapping[str, Any]) -> Iterator[Vim]:
    vim = find("vim")
    assert vim.version >= (9, 1)
    root = create(place / "project")
    home = place / "home"
    with ScriptedServer(script(*turns)) as model:
        environ = environment(home, model.base_url)
        (home / ".vimrc").write_text(f"source {CONFIGURATION}\n")
        terminal.start([vim.program, "shop/prices.py"], root, environ)
        terminal.shows("def total")
        terminal.type(":echo 'ALE' ale#Has('ale-4.0.0')", "Enter")
        terminal.shows("ALE 1")
        yield Vim(terminal, root, model)
        terminal.end()


def test_a_code_action_ends_in_a_marked_proposal_that_a_code_action_applies(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, *TOTAL) as it:
        terminal.type("ggVG")
        it.act("Devstral: improve the selection")
        terminal.shows(PROPOSED)
        terminal.shows("W     return sum(prices)")
        terminal.picture("vim-proposal", "Vim with ALE")
        it.code_actions()
        terminal.picture("vim-actions", "Vim with ALE")
        terminal.type("Enter")
        it.act("Devstral: apply all (1 file, +1 -1)")
        terminal.shows("round(sum(prices), 2)")
        terminal.shows("\n    return round")  # the mark in the margin is gone
        assert it.written() == CHANGED
        terminal.type("u")
        terminal.shows("return sum(prices)")
        assert it.written() == PRICES


def test_a_discarded_proposal_changes_nothing_and_the_model_hears_of_it(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, *TOTAL, {"text": "I see."}) as it:
        # As any linter of ALE's reports it, but without that linter's program.
        it.run("call ale#other_source#ShowResults(bufnr(''), 'cents', [{'lnum': 11, 'col': 5, 'text': 'not rounded'}])")
        it.run("11Devstral fix")
        assert "not rounded" in it.last(1)
        terminal.shows(PROPOSED)
        it.act("Devstral: discard the proposal")
        it.run("Devstral ask why?")
        assert "Your proposed edits to shop/prices.py were rejected." in it.last(4)
        assert it.written() == PRICES


def test_a_question_is_about_the_lines_given_as_typed_and_a_run_is_cancelled(
    terminal: Terminal, tmp_path: Path
) -> None:
    with opened(terminal, tmp_path, {"text": "It adds prices up."}, {"text": "Thinking about it", "hang": True}) as it:
        terminal.type("G", "o", "# typed a moment ago", "Escape")
        it.run("10,12Devstral ask what is this for?")
        terminal.shows("It adds prices up.")
        asked = it.last(1)
        assert "    11\t    return sum(prices)\n    12\t# typed a moment ago\n" in asked
        assert asked.endswith("what is this for?")
        it.run("Devstral explain")
        it.last(2)
        it.run("Devstral cancel")
        assert it.model.await_disconnects(1, PATIENCE)


def test_text_typed_in_the_edited_line_wins_and_the_proposal_waits(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, *TOTAL) as it:
        it.run("Devstral edit round the total to cents")
        terminal.shows(PROPOSED)
        terminal.type("11GA", " or 0", "Escape")
        terminal.shows("or 0")
        it.act("Devstral: apply all (1 file, +1 -1)")
        terminal.shows("changed where Devstral's edits are: they stay")
        assert it.written() == PRICES.replace("sum(prices)", "sum(prices) or 0")


def test_a_file_the_agent_adds_is_a_buffer_after_its_code_action(terminal: Terminal, tmp_path: Path) -> None:
    added = {"calls": [call("write_file", file_path="shop/new.py", content=NEW)]}
    with opened(terminal, tmp_path, added, {"text": "Done."}) as it:
        it.run("Devstral edit add a file")
        terminal.shows("Devstral proposes 1 file, +2 -0")
        it.act("Devstral: apply all (1 file, +2 -0)")
        terminal.shows("def new")
        it.run("wall")
        new = it.root / "shop/new.py"
        # Vim makes the file first and fills it then.
        awaited(lambda: new.exists() and new.read_text() == NEW, terminal.screen)


NEW = "def new():\n    pass\n"


def test_where_it_does_not_run_one_line_says_why(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path) as it:
        it.run("set filetype=")
        it.run("Devstral ask what is this?")
        terminal.shows("Devstral needs a file of a type")
        it.run("let g:ale_linters.python = ['ruff'] | set filetype=python")
        it.run("Devstral ask what is this?")
        terminal.shows("Devstral is not in g:ale_linters for python")
        it.run("let $PATH = '/nowhere'")
        it.run("Devstral ask what is this?")
        terminal.shows("devstral-ls is not found on PATH")
