"""The instant a CBOE table was quoted, however the site of the day spelled it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.written_dates import find_clock, find_days, zone_of
from gammacore.errors import InvalidInput

_LIVE_BEFORE = dt.timedelta(days=4)
_LISTED_AHEAD = dt.timedelta(days=40)


def quoted_at(text: str, expiries: Iterable[dt.date], field: str = "date") -> dt.datetime:
    """The instant in `text`, UTC; without a zone it is New York time.

    EST and EDT both mean New York's wall clock and CST and CDT Chicago's: people write the winter name all year. A
    date in figures that could be day/month or month/day is decided by the expiries of the table, whose first is
    neither long dead nor far away; when they cannot tell, it is refused.

    Raises:
        InvalidInput: no date or time in the text, one that does not exist, or an ambiguous one.

    >>> quoted_at("Date: 14 September 2023 at 16:31 EDT", []).isoformat()
    '2023-09-14T20:31:00+00:00'
    """
    date, rest = _date(text, expiries, field)
    clock, written = find_clock(rest)
    if clock is None:
        fix = "give a time that exists" if written else "give the time of the quotes as well, like 4:31 PM EDT"
        raise InvalidInput(field, shown(text), fix)
    return at_zone(date, clock, rest)


def at_zone(date: dt.date, clock: dt.time, rest: str) -> dt.datetime:
    """The UTC instant of a day and a time of day in the zone that `rest` names, New York's without one."""
    zone = zone_of(rest)
    return dt.datetime.combine(date, clock, NEW_YORK if zone is None else zone[0]).astimezone(dt.UTC)


def dated(text: str, expiries: Iterable[dt.date], field: str = "date") -> dt.date:
    """The day in `text`, with or without a time beside it.

    Raises:
        InvalidInput: none, one that does not exist, or an ambiguous one.
    """
    return _date(text, expiries, field)[0]


def shown(line: str) -> str:
    """A line of a table as a refusal shows it."""
    return repr(line.strip()[:80])


def mentions_date(text: str) -> bool:
    """Whether the text holds a date and a time."""
    return find_days(text) is not None and find_clock(text)[1]


def _date(text: str, expiries: Iterable[dt.date], field: str) -> tuple[dt.date, str]:
    found = find_days(text)
    if found is None:
        raise InvalidInput(field, shown(text), "give a quoted date like 'September 14, 2023 at 4:31 PM EDT'")
    days, rest = found
    if not days:
        raise InvalidInput(field, shown(text), "give a date that exists")
    front = min(expiries, default=None)
    if len(days) > 1 and front is not None:
        days = tuple(day for day in days if day - _LIVE_BEFORE <= front <= day + _LISTED_AHEAD)
    if len(days) != 1:
        raise InvalidInput(field, shown(text), "write the month as a word: day and month could be either")
    return days[0], rest
