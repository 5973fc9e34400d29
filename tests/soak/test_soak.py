"""Two hundred runs while somebody types, saves, undoes, closes and renames at random.

No text that was accepted is lost, none that was not is written, and every proposal is accounted for.

SOAK_SEED: the seed, a new one each time unless given. SOAK_RUNS: how many runs there are in all.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.doubles.editor import EGLOT, HELIX, KATE, NEOVIM, VS_CODE, Personality
from tests.soak.scene import scene

pytestmark = pytest.mark.asyncio(loop_scope="function")

SEED = int(os.environ.get("SOAK_SEED") or time.time_ns() % 1_000_000)
RUNS = int(os.environ.get("SOAK_RUNS") or 200)
EDITORS = (VS_CODE, NEOVIM, HELIX, EGLOT, KATE)
ACTS = 2


@pytest.mark.parametrize("act", range(ACTS))
@pytest.mark.parametrize("personality", EDITORS, ids=lambda personality: personality.name)
async def test_nothing_is_lost_nothing_is_forced_and_nothing_is_forgotten(
    personality: Personality, act: int, tmp_path: Path
) -> None:
    seed = SEED + act
    async with scene(personality, seed, tmp_path) as on:
        try:
            await on.play(RUNS // (len(EDITORS) * ACTS))
        finally:
            if on.ledger.wrong or os.environ.get("SOAK_TELL"):
                print(f"SOAK_SEED={SEED} {personality.name} {act}", *on.ledger.said, sep="\n")
        assert on.ledger.wrong == [], f"SOAK_SEED={SEED}"
