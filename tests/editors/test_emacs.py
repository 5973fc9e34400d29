"""devstral-ls in a real Emacs with Eglot, with the configuration of editors/emacs as it stands there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, create, edits, environment, script

HERE = Path(__file__).parent / "emacs"
CONFIGURATION = HERE.parents[2] / "editors" / "emacs" / "eglot.el"


def test_a_code_action_ends_in_an_edit_that_was_asked_about_and_can_be_undone(tmp_path: Path) -> None:
    emacs = find("emacs")
    root = create(tmp_path / "project")
    turns = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
    with ScriptedServer(script(*turns, {"text": "It adds prices up."})) as model:
        environ = environment(tmp_path / "home", model.base_url)
        done = subprocess.run(
            [emacs.program, "-Q", "--batch", "-l", CONFIGURATION, "-l", HERE / "edit.el"],
            cwd=root,
            env={**environ, "OUTCOME": str(tmp_path / "outcome")},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "outcome").read_text())
    print(seen)
    assert seen["after"] == PRICES.replace(OLD_TOTAL, NEW_TOTAL)
    assert False
