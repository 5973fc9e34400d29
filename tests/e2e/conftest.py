"""The servers that the tests of one worker share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.stage import Stages


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stages]:
    """Every server is told to leave at the end, and has to do so with exit code 0."""
    stages = Stages(tmp_path_factory.mktemp("stages"))
    yield stages
    await stages.close()
