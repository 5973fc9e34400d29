"""devstral-ls in a real Emacs with Eglot, with the configuration of editors/emacs as it stands there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, create, edits, environment, script, told

HERE = Path(__file__).parent / "emacs"
CONFIGURATION = HERE.parents[2] / "editors" / "emacs" / "eglot.el"

PATIENCE = 60.0
"""Seconds after which an Emacs that does not end is ended."""


@dataclass(frozen=True)
class Played:
    """What came of a case. seen: what it showed; last: everything the model was told in its last question."""

    seen: dict[str, Any]
    root: Path
    last: str


def play(case: str, place: Path, *turns: Mapping[str, Any]) -> Played:
    """Play emacs/CASE.el."""
    emacs = find("emacs")
    root = create(place / "project")
    outcome = place / "outcome"
    with ScriptedServer(script(*turns)) as model:
        environ = environment(place / "home", model.base_url)
        loads = [part for file in (CONFIGURATION, HERE / "user.el", HERE / f"{case}.el") for part in ("-l", str(file))]
        done = subprocess.run(
            [emacs.program, "-Q", "--batch", *loads],
            cwd=root,
            env={**environ, "OUTCOME": str(outcome)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return Played(json.loads(outcome.read_text()), root, told(model.requests[-1]))


CHANGED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
PROSE = {"text": "It adds prices up."}


def test_a_code_action_ends_in_an_edit_that_was_asked_about_and_one_undo_takes_back(tmp_path: Path) -> None:
    played = play("edit", tmp_path, *TOTAL, PROSE)
    seen = played.seen
    assert "Devstral: improve this file" in seen["menu"]
    assert seen["blocked"] < 5, "Emacs waits for the answer to the command, not for the run"
    (question,) = seen["questions"]
    assert "Devstral proposes 1 file, +1 -1: shop/prices.py" in question
    assert seen["after"] == CHANGED
    assert seen["undone"] is True
    assert seen["pending"] == 0
    assert "Your proposed edits to shop/prices.py were applied and then undone by the user." in played.last


def test_a_discarded_proposal_changes_nothing_and_the_model_hears_of_it(tmp_path: Path) -> None:
    played = play("rejected", tmp_path, *TOTAL, PROSE)
    assert played.seen["untouched"] is True
    assert "Your proposed edits to shop/prices.py were rejected." in played.last


def test_text_typed_elsewhere_while_the_question_is_open_stays(tmp_path: Path) -> None:
    seen = play("typed_elsewhere", tmp_path, *TOTAL).seen
    assert seen["after"] == "# mine\n" + CHANGED
    assert seen["undone"] == "# mine\n" + PRICES


def test_text_typed_in_the_edited_line_wins_and_the_proposal_waits(tmp_path: Path) -> None:
    seen = play("typed_there", tmp_path, *TOTAL).seen
    assert seen["after"] == PRICES.replace("return sum", "return math.fsum")
    assert seen["pending"] == 1


def test_an_applied_proposal_is_taken_back_after_it_was_saved(tmp_path: Path) -> None:
    played = play("undo", tmp_path, *TOTAL)
    assert played.seen["written"] == "# mine\n" + CHANGED
    assert played.seen["after"] == "# mine\n" + PRICES
    assert played.seen["undone"] is True
    assert (played.root / "shop/prices.py").read_text() == "# mine\n" + CHANGED, "undoing does not write the file"


def test_a_file_the_agent_adds_to_a_folder_is_a_buffer_after_the_question(tmp_path: Path) -> None:
    seen = play("new_file", tmp_path, added("shop/test_prices.py"), {"text": "Done."}).seen
    assert "Devstral proposes 1 file, +2 -0: shop/test_prices.py" in seen["questions"][-1]
    assert seen["text"] == CONTENT


def test_a_file_in_a_new_folder_waits_until_the_folder_is_there(tmp_path: Path) -> None:
    seen = play("new_folder", tmp_path, added("tests/test_prices.py"), {"text": "Done."}).seen
    assert (seen["opened"], seen["pending"]) == (False, 1)
    assert seen["text"] == CONTENT


CONTENT = "def test_total():\n    assert True\n"


def added(name: str) -> dict[str, Any]:
    return {"calls": [call("write_file", file_path=name, content=CONTENT)]}
