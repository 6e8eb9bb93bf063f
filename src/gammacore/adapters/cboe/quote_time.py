"""The instant a CBOE table was quoted, however the site of the day spelled it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput

CHICAGO = ZoneInfo("America/Chicago")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_MONTH}[\s-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,-]+(?P<year>\d{{4}})\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?[\s-]+{_MONTH}[\s,-]+(?P<year>\d{{4}})\b",
        r"\b(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?=\D|$)",
    )
)
_NUMERIC = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b")
_TIME = re.compile(r"(?<![\d:+-])(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap])?\.?(?:m\b\.?)?")
_OFFSET = re.compile(r"\b(?:gmt|utc)\s*([+-]\d{1,2})(?::?(\d{2}))?|(?<=\d)([+-]\d{2}):?(\d{2})\b")
_ZONES = (
    (re.compile(r"\be[sd]?t\b"), NEW_YORK),
    (re.compile(r"\bc[sd]?t\b"), CHICAGO),
    (re.compile(r"\b(?:gmt|utc)\b|(?<=\d)z\b"), dt.UTC),
)
_MEND = "give a quoted date like 'September 14, 2023 at 4:31 PM EDT'"
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
    words = text.strip().lower()
    date, rest = _date(words, expiries, field, text)
    return dt.datetime.combine(date, _time(rest, field, text), _zone(rest)).astimezone(dt.UTC)


def mentions_date(text: str) -> bool:
    """Whether the text holds a date and a time."""
    words = text.lower()
    return _TIME.search(words) is not None and (
        _NUMERIC.search(words) is not None or any(pattern.search(words) for pattern in _DATES)
    )


def _date(words: str, expiries: Iterable[dt.date], field: str, text: str) -> tuple[dt.date, str]:
    for pattern in _DATES:
        if match := pattern.search(words):
            month = match["month"]
            number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
            found = _existing(int(match["year"]), number, int(match["day"]))
            if found is None:
                raise InvalidInput(field, repr(text.strip()), "give a date that exists")
            return found, words[: match.start()] + " " + words[match.end() :]
    if match := _NUMERIC.search(words):
        rest = words[: match.start()] + " " + words[match.end() :]
        return _numeric(int(match[1]), int(match[2]), int(match[3]), expiries, field, text), rest
    raise InvalidInput(field, repr(text.strip()[:80]), _MEND)


def _numeric(first: int, second: int, year: int, expiries: Iterable[dt.date], field: str, text: str) -> dt.date:
    readings = {_existing(year, first, second), _existing(year, second, first)} - {None}
    possible = sorted(date for date in readings if date is not None)
    if len(possible) == 1:
        return possible[0]
    front = min(expiries, default=None)
    if front is not None:
        possible = [date for date in possible if date - _LIVE_BEFORE <= front <= date + _LISTED_AHEAD]
    if len(possible) == 1:
        return possible[0]
    raise InvalidInput(field, repr(text.strip()), "write the month as a word: day and month could be either")


def _existing(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _time(rest: str, field: str, text: str) -> dt.time:
    match = _TIME.search(rest)
    if match is None:
        raise InvalidInput(field, repr(text.strip()), "give the time of the quotes as well, like 4:31 PM EDT")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4] and not 1 <= hour <= 12:
        raise InvalidInput(field, repr(text.strip()), "give a time that exists")
    if match[4]:
        hour = hour % 12 + (12 if match[4] == "p" else 0)
    try:
        return dt.time(hour, minute, second)
    except ValueError as wrong:
        raise InvalidInput(field, repr(text.strip()), "give a time that exists") from wrong


def _zone(rest: str) -> dt.tzinfo:
    if match := _OFFSET.search(rest):
        hours, minutes = int(match[1] or match[3]), int(match[2] or match[4] or 0)
        return dt.timezone(dt.timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes))
    return next((zone for pattern, zone in _ZONES if pattern.search(rest)), NEW_YORK)
