from __future__ import annotations

from datetime import UTC, datetime

import pytest

from devstral_ls.llm.retry import delay_before, retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_two_retries_wait_half_a_second_and_a_second() -> None:
    assert [delay_before(attempt, {}) for attempt in (2, 3, 4)] == [0.5, 1.0, None]


def test_the_servers_own_wish_counts_when_it_is_longer() -> None:
    assert delay_before(2, {"retry-after": "7"}) == 7.0
    assert delay_before(2, {"retry-after": "0"}) == 0.5


def test_a_server_that_wants_minutes_is_not_waited_for() -> None:
    assert delay_before(2, {"retry-after": "3600"}) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers, NOW) == expected
