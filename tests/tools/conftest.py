from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.tools.reads import Reads
from devstral_ls.tools.tool import ToolContext
from tests.tools.workspaces import workspace


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., ToolContext]:
    """A workspace with these files, in which nothing was read yet."""

    def make(files: dict[str, str | bytes], opened: dict[str, str] | None = None) -> ToolContext:
        return ToolContext(workspace(tmp_path, files, opened), Reads())

    return make
