"""What holds for every test: each request that a scripted server received is one that every real server takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from devstral_ls.scripted.traffic import Traffic
from tests.doubles.judges import objection

_received: list[Any] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "refused_requests: sends requests on purpose that a real server refuses")
    Traffic.watchers.append(_received.append)


@pytest.fixture(autouse=True)
def every_request_is_one_that_all_servers_take(request: pytest.FixtureRequest) -> Iterator[None]:
    _received.clear()
    yield
    received = list(_received)
    if request.node.get_closest_marker("refused_requests") is None:
        objections = [found for body in received if (found := objection(body))]
        assert objections == [], "a request that a real server refuses"
