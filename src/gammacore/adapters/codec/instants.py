"""Instants as text: ISO 8601 in UTC with its offset, so that text order is time order."""

from __future__ import annotations

import datetime as dt

from gammacore.errors import InvalidInput


def instant_to_text(instant: object) -> str:
    """An aware instant in UTC, to the microsecond.

    >>> instant_to_text(dt.datetime(2026, 8, 19, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=-4))))
    '2026-08-19T14:30:00+00:00'
    """
    if not isinstance(instant, dt.datetime) or instant.utcoffset() is None:
        raise InvalidInput("instant", instant, "give a date and time with its time zone")
    if instant.tzinfo is not dt.UTC:
        instant = instant.astimezone(dt.UTC)
    return instant.isoformat()


def instant_from_text(text: object) -> dt.datetime:
    """The instant that `instant_to_text` wrote; anything else is refused.

    Raises:
        ValueError: not an instant, or not in UTC.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an instant in quotes")
    instant = dt.datetime.fromisoformat(text)
    if instant.utcoffset() != dt.timedelta(0) or instant.isoformat() != text:
        raise ValueError(f"{text!r} is not an instant in UTC like 2026-08-19T14:30:00+00:00")
    return instant
