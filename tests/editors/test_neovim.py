"""devstral-ls in a real Neovim, with the configuration of editors/neovim as it stands there.

Every case runs in the newest Neovim there is; those marked `both` also in 0.10, the oldest that is supported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import Neovim
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, edits

both = pytest.mark.parametrize("neovim", ["neovim", "neovim-0.10"], indirect=True)


@pytest.fixture
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    """A Neovim; of the newest version unless the test is parametrized."""
    return Neovim(find(getattr(request, "param", "neovim")), tmp_path)


@both
def test_a_code_action_ends_in_an_edit_that_one_undo_takes_back(neovim: Neovim) -> None:
    def applied(model: ScriptedServer, root: Path) -> None:
        assert (root / "shop/prices.py").read_text() == PRICES, "applying must not write the file"

    played = neovim.play("action", *edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL), at={"applied": applied})
    seen = played.seen
    assert seen["after"] + "\n" == PRICES.replace(OLD_TOTAL, NEW_TOTAL)
