"""How old what was published is."""

from __future__ import annotations

import datetime as dt

GREY_SECONDS = 10.0
"""A picture older than this is shown as old while a session is open. Rule: OP-503."""


def seconds_since(text: object, now: dt.datetime) -> float | None:
    """Seconds from an ISO instant to now; None where there is none.

    >>> seconds_since("2026-03-03T15:00:00+00:00", dt.datetime(2026, 3, 3, 15, 1, tzinfo=dt.UTC))
    60.0
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        return max(0.0, (now - dt.datetime.fromisoformat(text)).total_seconds())
    except (ValueError, TypeError):
        return None
