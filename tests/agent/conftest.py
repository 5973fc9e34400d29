from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.stage import Stage
from tests.tools.workspaces import workspace


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A session on a workspace with one file, `a.py`."""
    return Stage(workspace(tmp_path, {"a.py": "one\ntwo\n"}))
