"""When to ask again, and how long to wait before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 3
FIRST_DELAY = 0.5
# A server that wants more patience than this is as good as down for someone who sits and waits.
LONGEST_DELAY = 60.0


def delay_before(
    attempt: int, headers: Mapping[str, str], first_delay: float = FIRST_DELAY, now: datetime | None = None
) -> float | None:
    """Seconds to wait before attempt `attempt` (the first retry is 2); None when there should be none.

    headers: those of the failed answer, names in lower case; their Retry-After is honoured.
    """
    if attempt > ATTEMPTS:
        return None
    delay = max(first_delay * 2.0 ** (attempt - 2), retry_after(headers, now) or 0.0)
    return delay if delay <= LONGEST_DELAY else None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that `Retry-After` (seconds or a date) or `retry-after-ms` asks for; None when it says nothing."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        moment = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
