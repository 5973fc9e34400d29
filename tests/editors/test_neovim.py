"""devstral-ls in a real Neovim, with the configuration of editors/neovim as it stands there.

Every case runs in the newest Neovim there is; those marked `both` also in 0.10, the oldest that is supported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import Neovim
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told

both = pytest.mark.parametrize("neovim", ["neovim", "neovim-0.10"], indirect=True)

CHANGED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)


@pytest.fixture
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    """A Neovim; of the newest version unless the test is parametrized."""
    return Neovim(find(getattr(request, "param", "neovim")), tmp_path)


@pytest.fixture
def new_neovim(neovim: Neovim) -> Neovim:
    """A Neovim that has what editors/neovim/mappings.lua needs."""
    if not neovim.new:
        pytest.skip(f"{neovim.editor} is older than 0.11")
    return neovim


@both
def test_a_code_action_ends_in_an_edit_that_one_undo_takes_back(neovim: Neovim) -> None:
    def applied(model: ScriptedServer, root: Path) -> None:
        assert (root / "shop/prices.py").read_text() == PRICES, "applying must not write the file"

    played = neovim.play("action", *TOTAL, at={"applied": applied})
    seen = played.seen
    print(seen)
    assert seen["after"] + "\n" == CHANGED
    assert False


@both
def test_unsaved_text_is_what_the_model_reads_and_discard_leaves_it_alone(neovim: Neovim) -> None:
    played = neovim.play("unsaved", *TOTAL)
    print(played.seen)
    print(told(played.model.requests[-1]))
    assert False

@both
def test_text_typed_elsewhere_while_the_question_is_open_stays(neovim: Neovim) -> None:
    played = neovim.play("typed_elsewhere", *TOTAL)
    print(played.seen)
    assert False

@both
def test_text_typed_in_the_edited_line_wins_over_the_proposal(neovim: Neovim) -> None:
    played = neovim.play("typed_there", *TOTAL)
    print(played.seen)
    assert False

def test_late(neovim: Neovim) -> None:
    played = neovim.play("answered_late", *TOTAL)
    print(played.seen)
    assert False

def test_shown_first(neovim: Neovim) -> None:
    played = neovim.play("shown_first", *TOTAL)
    print(played.seen)
    assert False

@both
def test_cancel(neovim: Neovim) -> None:
    def stopped(n: int) -> Any:
        def check(model: ScriptedServer, _: Path) -> None:
            assert model.await_disconnects(n)
        return check
    hang = {"text": "Thinking about it", "hang": True}
    played = neovim.play("cancel", hang, hang, hang, at={"cancelled by a command": stopped(1), "cancelled by an action": stopped(2), "cancelled by the progress": stopped(3)})
    print(played.seen)
    assert False

@both
def test_instruction(neovim: Neovim) -> None:
    played = neovim.play("instruction", *TOTAL)
    print(played.seen)
    print(told(played.model.requests[-1]))
    assert False

def test_diagnostics(new_neovim: Neovim) -> None:
    played = new_neovim.play("diagnostics", *TOTAL)
    print(played.seen)
    print(told(played.model.requests[-1]))
    assert False

def test_ask(new_neovim: Neovim) -> None:
    played = new_neovim.play("ask", {"text": "It adds prices up."})
    print(played.seen)
    print(told(played.model.requests[-1]))
    assert False

@both
def test_new_file(neovim: Neovim) -> None:
    def asked(_: ScriptedServer, root: Path) -> None:
        assert not (root / "tests").exists()
    played = neovim.play("new_file", {"calls": [call("write_file", file_path="tests/test_prices.py", content="def test_total():\n    assert True\n")]}, {"text": "Done."}, at={"asked": asked})
    print(played.seen)
    print(played.on_disk("tests/test_prices.py"))
    assert False

@both
def test_endings(neovim: Neovim) -> None:
    content = "# first 🦉\r\n# second 日本\r\n# third\r\n# vierte 🦉 Zeile ohne Ende".encode()
    played = neovim.play("endings", *edits("shop/notes.py", "# vierte 🦉 Zeile", "# neu\n# vierte 🦉 ünïcode Zeile"), files={"shop/notes.py": content})
    print(played.seen)
    print(played.on_disk("shop/notes.py"))
    assert False

def test_command(neovim: Neovim) -> None:
    played = neovim.play("command", {"calls": [call("run_command", command="cat shop/prices.py")]}, *TOTAL)
    print(played.seen)
    assert False
