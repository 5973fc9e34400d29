from __future__ import annotations

import os
from pathlib import Path

import pytest

from devstral_ls.execution.layers_run import mounts_overlays

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shells")


@pytest.mark.parametrize(
    ("said", "expected"),
    [("bubblewrap 0.8.0", False), ("bubblewrap 0.11.0", True), ("bubblewrap 1.0", True), ("no version", False)],
)
def test_only_a_bubblewrap_that_says_so_mounts_overlays(tmp_path: Path, said: str, expected: bool) -> None:
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    assert mounts_overlays(str(program)) is expected
