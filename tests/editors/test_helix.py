"""devstral-ls in a real Helix in a terminal, with the configuration of editors/helix as it stands there."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, create, edits, environment, script, told
from tests.editors.terminal import PATIENCE, Terminal

CONFIGURATION = Path(__file__).parents[2] / "editors" / "helix"


class Helix:
    """A person at a Helix in a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def code_actions(self) -> list[str]:
        """Open the menu; its titles. Until the server is up there is none, and then it is asked for again."""
        end = time.monotonic() + PATIENCE
        while True:
            self.terminal.type("Space", "a")
            try:
                self.terminal.shows("Devstral: ", 1.0)
            except AssertionError:
                assert time.monotonic() < end, self.terminal.screen()
                self.escape()
            else:
                return re.findall(r"Devstral: .*?(?=  |$)", self.terminal.settled(), re.MULTILINE)

    def escape(self) -> None:
        """Close the menu. A key right behind Escape would be taken for that key with Alt."""
        self.terminal.type("Escape")
        end = time.monotonic() + PATIENCE
        while "Devstral: " in self.terminal.settled():
            assert time.monotonic() < end, self.terminal.screen()

    def insert(self, *keys: str) -> None:
        """Type text, beginning with the key that starts that, and leave the insert mode for good."""
        self.terminal.type(*keys)
        self.terminal.shows(" INS ")
        self.terminal.type("Escape")
        self.terminal.shows(" NOR ")

    def act(self, title: str) -> None:
        """Pick the action `title`; the first is picked already when the menu opens."""
        titles = self.code_actions()
        assert title in titles, self.terminal.screen()
        self.terminal.type(*["C-n"] * titles.index(title), "Enter")

    def apply(self, title: str, shown: str) -> None:
        """Pick an action that edits, until its edit is there.

        Helix 25.01 may ask for the actions before it sends what was typed; then it refuses what they edit.
        """
        self.act(title)
        end = time.monotonic() + PATIENCE
        while shown not in (screen := self.terminal.settled()):
            assert time.monotonic() < end, screen
            if "outdated workspace edit" in screen:
                self.act(title)


@dataclass(frozen=True)
class Opened:
    """Helix with a file of the project open."""

    user: Helix
    terminal: Terminal
    root: Path
    model: ScriptedServer

    def answered(self, count: int) -> None:
        """Until the model was asked `count` times."""
        end = time.monotonic() + PATIENCE
        while len(self.model.requests) < count:
            assert time.monotonic() < end, self.terminal.screen()
            time.sleep(0.02)

    def written(self, text: str) -> None:
        """Until this is what is on disk. Helix writes by moving the file away first."""
        end = time.monotonic() + PATIENCE
        found = None
        while found != text:
            assert time.monotonic() < end, found
            time.sleep(0.02)
            with suppress(FileNotFoundError):
                found = (self.root / "shop/prices.py").read_text()


@contextmanager
def opened(terminal: Terminal, place: Path, *turns: Mapping[str, Any]) -> Iterator[Opened]:
    helix = find("helix")
    root = create(place / "project")
    home = place / "home"
    shutil.copytree(CONFIGURATION, home / ".config" / "helix")
    with ScriptedServer(script(*turns)) as model:
        environ = {**environment(home, model.base_url), "XDG_CONFIG_HOME": str(home / ".config")}
        terminal.start([helix.program, "shop/prices.py"], root, environ)
        terminal.shows("def total")
        yield Opened(Helix(terminal), terminal, root, model)
        terminal.end()


def test_a_code_action_ends_in_a_proposal_that_a_code_action_applies(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, *edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)) as it:
        it.user.act("Devstral: improve this file")
        # Helix 25.01 can't be asked; it is told.
        terminal.shows("Devstral proposes 1 file, +1 -1: the code actions apply, show or discard it.")
        it.user.code_actions()
        terminal.picture("helix-actions", "Helix")
        it.user.escape()
        it.user.act("Devstral: show the proposed diff")
        # Nor can it open documents for a server.
        terminal.shows("The diff is at file:///")
        it.user.act("Devstral: apply all (1 file, +1 -1)")
        terminal.shows("round(sum(prices), 2)")
        terminal.type("u")
        terminal.shows("return sum(prices)")
        terminal.type("U")
        terminal.shows("round(sum(prices), 2)")
        terminal.type(":w", "Enter")
        terminal.shows("written")
        assert (it.root / "shop/prices.py").read_text() == PRICES.replace(OLD_TOTAL, NEW_TOTAL)


PROPOSED = "Devstral proposes 1 file, +1 -1: the code actions apply, show or discard it."
APPLY = "Devstral: apply all (1 file, +1 -1)"
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)


def test_a_discarded_proposal_changes_nothing_and_the_model_hears_of_it(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, *TOTAL, {"text": "I see."}) as it:
        it.user.act("Devstral: improve this file")
        terminal.shows(PROPOSED)
        it.user.act("Devstral: discard the proposal")
        it.user.act("Devstral: improve this file")
        it.answered(4)
        assert "Your proposed edits to shop/prices.py were rejected." in told(it.model.requests[-1])
        terminal.shows("return sum(prices)")


def test_text_typed_elsewhere_stays_beside_the_edit_which_one_command_takes_back_after_a_write(
    terminal: Terminal, tmp_path: Path
) -> None:
    with opened(terminal, tmp_path, *TOTAL) as it:
        it.user.act("Devstral: improve this file")
        terminal.shows(PROPOSED)
        it.user.insert("g", "g", "O", "# mine")
        it.user.apply(APPLY, "round(sum(prices), 2)")
        terminal.type(":w", "Enter")
        terminal.shows("written")
        assert (it.root / "shop/prices.py").read_text() == "# mine\n" + PRICES.replace(OLD_TOTAL, NEW_TOTAL)
        terminal.type(":lsp-workspace-command devstral.undo", "Enter")
        terminal.shows("return sum(prices)")
        terminal.type(":w", "Enter")
        it.written("# mine\n" + PRICES)
        terminal.type("u")
        terminal.shows("round(sum(prices), 2)")


def test_text_typed_in_the_edited_line_wins_and_the_proposal_waits(terminal: Terminal, tmp_path: Path) -> None:
    mine = PRICES.replace("    return sum(prices)\n", "    return sum(prices) or 0\n")
    with opened(terminal, tmp_path, *TOTAL) as it:
        it.user.act("Devstral: improve this file")
        terminal.shows(PROPOSED)
        it.user.insert("1", "1", "G", "A", " or 0")
        it.user.act(APPLY)
        terminal.shows("changed where Devstral's edits are: they stay")
        terminal.type(":w", "Enter")
        it.written(mine)
        assert APPLY in it.user.code_actions()


def test_a_workspace_command_without_arguments_is_about_the_last_place(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, {"text": "It adds prices up."}, {"text": "Thinking about it", "hang": True}) as it:
        it.user.code_actions()
        it.user.escape()
        terminal.type(":lsp-workspace-command devstral.explain", "Enter")
        terminal.shows("It adds prices up.")
        assert "Current file: shop/prices.py (python)" in told(it.model.requests[0])
        terminal.type(":lsp-workspace-command devstral.showTranscript", "Enter")
        terminal.shows("The transcript is at file:///")
        terminal.type(":lsp-workspace-command devstral.review", "Enter")
        terminal.shows("Thinking")
        terminal.type(":lsp-workspace-command devstral.cancel", "Enter")
        assert it.model.await_disconnects(1)


def test_an_instruction_comment_that_is_not_saved_asks_for_anything(terminal: Terminal, tmp_path: Path) -> None:
    with opened(terminal, tmp_path, {"text": "It rounds nothing."}) as it:
        it.user.insert("g", "g", "O", "# devstral: is this exact?")
        it.user.act("Devstral: do “is this exact?”")
        it.answered(1)
        assert "is this exact?" in told(it.model.requests[0])
        terminal.shows("Devstral proposes 1 file, +0 -1")  # the comment goes when it is carried out
