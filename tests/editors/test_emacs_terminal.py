"""devstral-ls in a real Emacs in a terminal, with Eglot and with lsp-mode, as editors/emacs configures them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, create, edits, environment, script, told
from tests.editors.terminal import PATIENCE, Terminal, awaited

CONFIGURATIONS = Path(__file__).parents[2] / "editors" / "emacs"
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
PROPOSED = "Devstral proposes 1 file, +1 -1: shop/prices.py"

# The Emacs that install.sh unpacks has no C compiler beside it, which it looks for to redefine its own functions.
NO_COMPILER = "(setq native-comp-enable-subr-trampolines nil native-comp-jit-compilation nil)"


@dataclass(frozen=True)
class Client:
    """How a client of Emacs's is started and asked for code actions."""

    name: str
    actions: str
    question: str
    clearing: tuple[str, ...] = ()
    """Keys for a choice that is not the first: Eglot has that one typed already."""
    before: str = "t"
    """Lisp that stands for what a user has besides: an installed package."""


# The package's autoloads, and none of its clients for a hundred other servers: reading those takes seconds.
INSTALLED = '(progn (load "lsp-mode-autoloads") (setq lsp-client-packages nil))'
EGLOT = Client("eglot", "eglot-code-actions", "Pick an action", ("C-a", "C-k"))
LSP_MODE = Client("lsp-mode", "lsp-execute-code-action", "Select code action", before=INSTALLED)
both = pytest.mark.parametrize("client", [EGLOT, LSP_MODE], ids=lambda client: client.name)


@dataclass(frozen=True)
class Emacs:
    """A person at an Emacs that has a file of the project open, and a server for it."""

    terminal: Terminal
    client: Client
    model: ScriptedServer

    def run(self, command: str, question: str = "", answer: str = "") -> None:
        """Type a command, and the answer to what it asks for."""
        self.terminal.type("M-x")
        self.terminal.shows("M-x")
        self.terminal.type(command)
        self.terminal.shows(f"M-x {command}")
        self.terminal.type("Enter")
        if question:
            self.terminal.shows(question)
            self.terminal.type(answer, "Enter")

    def asked(self, count: int) -> str:
        """What the model was told in its question number `count`, once it was asked."""
        awaited(lambda: len(self.model.requests) >= count, self.terminal.screen)
        return told(self.model.requests[count - 1])


@contextmanager
def opened(client: Client, terminal: Terminal, place: Path, *turns: Mapping[str, Any]) -> Iterator[Emacs]:
    emacs = find("emacs")
    assert emacs.version >= (30,)
    root = create(place / "project")
    with ScriptedServer(script(*turns)) as model:
        loads = ["--eval", NO_COMPILER, "--eval", client.before, "-l", str(CONFIGURATIONS / f"{client.name}.el")]
        # As in any tmux: of an xterm Emacs asks things at first, and throws away what is typed before the answers.
        environ = {**environment(place / "home", model.base_url), "TERM": "screen-256color"}
        terminal.start([emacs.program, "-nw", "-Q", *loads, "shop/prices.py"], root, environ)
        terminal.shows("def total")
        it = Emacs(terminal, client, model)
        if client is EGLOT:
            it.run("eglot")
            terminal.shows("Connected!")
        else:
            it.run("lsp")
            terminal.shows("Select action:")
            terminal.type("i")
            terminal.shows("initialized successfully")
        yield it
        terminal.end()


@both
def test_a_code_action_ends_in_an_edit_that_was_asked_about_and_one_undo_takes_back(
    client: Client, terminal: Terminal, tmp_path: Path
) -> None:
    with opened(client, terminal, tmp_path, *TOTAL) as it:
        # Without a region both send what is at the cursor; on an empty line there is nothing.
        terminal.type("C-n")
        it.run(client.actions)
        terminal.shows(client.question)
        terminal.type("Tab", "Tab")  # what all of them begin with, then the list
        terminal.shows("Devstral: review this file")
        if client is EGLOT:
            terminal.picture("emacs-eglot-actions", "Emacs with Eglot")
        terminal.type("improve this file", "Enter")
        terminal.shows(PROPOSED)
        terminal.picture(f"emacs-{client.name}-question", f"Emacs with {client.name}")
        terminal.type("Enter") if client is EGLOT else terminal.type("Apply", "Enter")
        terminal.shows("round(sum(prices), 2)")
        terminal.type("C-_")
        terminal.shows("return sum(prices)")


@both
def test_a_refused_edit_is_told_with_the_next_question_and_a_run_is_cancelled(
    client: Client, terminal: Terminal, tmp_path: Path
) -> None:
    turns = *TOTAL, {"text": "It adds prices up."}, {"text": "Thinking about it", "hang": True}
    with opened(client, terminal, tmp_path, *turns) as it:
        it.run("devstral-edit", "Edit with Devstral:", "round the total to cents")
        terminal.shows(PROPOSED)
        terminal.type(*client.clearing, "Discard", "Enter")
        terminal.shows("return sum(prices)")
        it.run("devstral-ask", "Ask Devstral:", "what is this?")
        told = it.asked(4)
        assert "Your proposed edits to shop/prices.py were rejected." in told
        assert told.endswith("what is this?")
        terminal.shows("It adds prices up.")
        if client is EGLOT:
            terminal.picture("emacs-eglot-answer", "Emacs with Eglot")
        it.run("devstral-ask", "Ask Devstral:", "go on")
        it.asked(5)
        it.run("devstral-cancel")
        assert it.model.await_disconnects(1, PATIENCE)
