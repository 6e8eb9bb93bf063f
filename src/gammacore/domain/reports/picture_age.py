"""How old what a loop published is, by the clock of the machine. Rules: OP-106, OP-503."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

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


def holdings_now(picture: Mapping[str, Any], now: dt.datetime) -> list[dict[str, Any]]:
    """The holdings of a picture with `mark_age` as it is now, seconds; None where a leg was never marked.

    What was old when it was published is so many seconds of the market, which go by faster in a paced study.

    >>> seen = {"at": "2026-03-03T15:00:00+00:00", "pace": 60.0, "holdings": [{"id": "a", "mark_age": 30.0}]}
    >>> holdings_now(seen, dt.datetime(2026, 3, 3, 15, 0, 2, tzinfo=dt.UTC))
    [{'id': 'a', 'mark_age': 2.5}]
    """
    since, pace = seconds_since(picture.get("at"), now) or 0.0, picture.get("pace") or 1.0
    return [
        {**one, "mark_age": None if one["mark_age"] is None else round(one["mark_age"] / pace + since, 1)}
        for one in picture["holdings"]
    ]
