"""What the plugin draws, on the screen of a real terminal; `make screenshots` keeps it for docs/editors/neovim.md."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import CONFIGURATIONS
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, call, create, edits, environment, script
from tests.editors.terminal import Terminal

TITLE = "nvim shop/prices.py"

READ, EDIT, _ = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
TAX = call("edit_file", file_path="shop/prices.py", old_string="TAX = 0.19\n", new_string="TAX = 0.19  # since 2007\n")
TURNS = [
    READ,
    {"text": "Sums of floats lose cents, so I round where they are added up.", "calls": [*EDIT["calls"], TAX]},
    {"text": "`total` now rounds to **cents**; I also noted since when the tax is what it is."},
]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("a picture needs a terminal: install tmux")
    it = Terminal(tmp_path / "tmux")
    yield it
    it.end()


def test_the_review_and_the_diff_are_seen_on_the_screen(terminal: Terminal, tmp_path: Path) -> None:
    neovim = find("neovim")
    root = create(tmp_path / "project")
    command = [neovim.program, "--clean", "-n", "-i", "NONE", "--cmd", f"set rtp^={CONFIGURATIONS}"]
    with ScriptedServer(script(*TURNS)) as model:
        environ = {**environment(tmp_path / "home", model.base_url), "COLORTERM": "truecolor"}
        settings = [*("-u", str(CONFIGURATIONS / "example.lua")), *("-c", "set laststatus=2 noshowcmd noruler")]
        terminal.start([*command, *settings, "shop/prices.py"], root, environ)
        terminal.shows("What things cost")
        terminal.type(":Devstral edit round the totals to cents", "Enter")
        terminal.shows("2 changes to review")
        terminal.shows("proposes 1 file, +2 -2")
        terminal.type("]h", ":", "Escape")
        terminal.picture("neovim-review", TITLE)
        seen = terminal.settled()
        assert "TAX = 0.19   1/2  \\ha accepts  \\hr rejects\nTAX = 0.19  # since 2007" in seen
        assert "    return round(sum(prices), 2)" in seen
        assert "> round the totals to cents" in seen
        terminal.type(":Devstral output", "Enter", ":Devstral diff", "Enter")
        terminal.shows("shop/prices.py as proposed")
        terminal.picture("neovim-diff", TITLE)
        terminal.type(":qall!", "Enter")
