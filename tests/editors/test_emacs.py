"""devstral-ls in a real Emacs with Eglot, with the configuration of editors/emacs as it stands there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, create, edits, environment, script

HERE = Path(__file__).parent / "emacs"
CONFIGURATION = HERE.parents[2] / "editors" / "emacs" / "eglot.el"

PATIENCE = 60.0
"""Seconds after which an Emacs that does not end is ended."""


def play(case: str, place: Path, *turns: Mapping[str, Any]) -> dict[str, Any]:
    """What emacs/CASE.el saw."""
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
    seen: dict[str, Any] = json.loads(outcome.read_text())
    return seen


def test_a_code_action_ends_in_an_edit_that_was_asked_about_and_can_be_undone(tmp_path: Path) -> None:
    turns = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
    seen = play("edit", tmp_path, *turns, {"text": "It adds prices up."})
    assert "Devstral: improve this file" in seen["menu"]
    assert seen["blocked"] < 5, "Emacs waits for the answer to the command, not for the run"
    (question,) = seen["questions"]
    assert "Devstral proposes 1 file, +1 -1: shop/prices.py" in question
    assert seen["after"] == PRICES.replace(OLD_TOTAL, NEW_TOTAL)
    assert seen["undone"] is True


def test_a_file_the_agent_adds_to_a_folder_is_a_buffer_after_the_question(tmp_path: Path) -> None:
    content = "def test_total():\n    assert True\n"
    added = {"calls": [call("write_file", file_path="shop/test_prices.py", content=content)]}
    seen = play("new_file", tmp_path, added, {"text": "Done."})
    assert "Devstral proposes 1 file, +2 -0: shop/test_prices.py" in seen["questions"][-1]
    assert seen["text"] == content
