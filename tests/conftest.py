"""What holds for every test: no example is timed, and every request to a scripted server is one all servers take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from devstral_ls.scripted.traffic import Traffic
from tests.doubles.judges import objection

_received: list[Any] = []

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


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
