"""Dates and times as others write them: one reader for tables, side files, options and configuration.

A day that could be two days is none until `day_first` settles it: 03/04/2026 is never guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from gammacore.domain.sessions import NEW_YORK

CHICAGO = ZoneInfo("America/Chicago")
LONGEST = 60
"""Characters; no date or time is longer."""

EXPIRY_YEARS = 10
"""No option is listed further ahead: an expiry beyond is a misread one."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_UNITS = {10: Decimal(1), 13: Decimal(1000), 16: Decimal(1_000_000), 19: Decimal(1_000_000_000)}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\.?"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_MONTH}[\s-]*{_DAY}[\s,-]+{_YEAR}",
        rf"{_DAY}[\s-]*{_MONTH}[\s,-]*{_YEAR}",
        rf"(?P<year>[0-9]{{4}})[\s-]*{_MONTH}[\s-]*{_DAY}",
    )
)
_IN_A_LINE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        *(rf"(?<![0-9a-z]){named.pattern}(?![0-9:])" for named in _NAMED),
        r"(?<![0-9.:/-])[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?![0-9/:])",
        r"(?<![0-9.,:/-])20[0-9]{6}(?![0-9.,:])",
    )
)
_NUMERIC = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})")
_TIME_AFTER = re.compile(r"(?:[T ]+|,\s*)(?:at\s+)?[0-9]{1,2}:[0-9]{2}.*|(?<=^[0-9]{8})[T ][0-9]{4,6}\Z", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?",
    re.IGNORECASE,
)
_CLOCK_IN_A_LINE = re.compile(rf"(?<![0-9:+-]){_CLOCK.pattern}", re.IGNORECASE)
_ZONES: tuple[tuple[re.Pattern[str], dt.tzinfo], ...] = (
    (re.compile(r"\be[sd]?t\b", re.IGNORECASE), NEW_YORK),
    (re.compile(r"\bc[sd]?t\b", re.IGNORECASE), CHICAGO),
    (re.compile(r"\b(?:gmt|utc)\b|(?<=[0-9])z\b", re.IGNORECASE), dt.UTC),
)
_OFFSET = re.compile(r"\b(?:gmt|utc)\s*([+-][0-9]{1,2})(?::?([0-9]{2}))?|(?<=[0-9])([+-][0-9]{2}):?([0-9]{2})\b",
                     re.IGNORECASE)  # fmt: skip


def days_of(text: str) -> tuple[dt.date, ...]:
    """The calendar days a text may mean, ascending: none where it is no day, several where it is ambiguous.

    Eight digits are YYYYMMDD and six YYMMDD as in option symbols; of digits alone nothing else is a day. A year of two
    digits is 1969 to 2068.

    >>> [str(day) for day in days_of("260819")], [str(day) for day in days_of("3/4/2026")], days_of("2024119")
    (['2026-08-19'], ['2026-03-04', '2026-04-03'], ())
    """
    return tuple(sorted(set(_readings(text))))


def read_day(text: str, day_first: bool | None = None) -> dt.date | None:
    """A calendar day, with or without a time after it; None for anything else and for a day that is ambiguous.

    `day_first` settles 03/04/2026: True is the 3rd of April, False the 4th of March.

    >>> read_day("2026-07-20T16:00:00"), read_day("7/20/2026"), read_day("soon")
    (datetime.date(2026, 7, 20), datetime.date(2026, 7, 20), None)
    >>> read_day("03/04/2026"), read_day("03/04/2026", day_first=False)
    (None, datetime.date(2026, 3, 4))
    """
    days = days_of(text)
    if len(days) > 1 and day_first is not None:
        days = tuple(filter(None, [_settled(_day_text(text), day_first)]))
    return days[0] if len(days) == 1 else None


def find_days(line: str) -> tuple[tuple[dt.date, ...], str] | None:
    """The days meant by the first piece of a line that is shaped like a date, and the line without it; None: no such.

    >>> find_days("Date: September 14, 2023 at 4:31 PM EDT")
    ((datetime.date(2023, 9, 14),), 'Date:   at 4:31 PM EDT')
    """
    for pattern in _IN_A_LINE:
        if match := pattern.search(line):
            return days_of(match[0]), f"{line[: match.start()]} {line[match.end() :]}"
    return None


def find_clock(line: str) -> tuple[dt.time | None, bool]:
    """The first time of day in a line, and whether one is written there at all: 25:00 is written and does not exist.

    >>> find_clock("at 4:31 PM EDT"), find_clock("25:00"), find_clock("soon")
    ((datetime.time(16, 31), True), (None, True), (None, False))
    """
    match = _CLOCK_IN_A_LINE.search(line)
    return (None, False) if match is None else (clock_of(match), True)


def within_listing(expiry: dt.date, quoted: dt.date) -> bool:
    """Whether an expiry may be quoted on a day: not before it, and not more than ten years after.

    >>> within_listing(dt.date(2026, 8, 19), dt.date(2026, 8, 19)), within_listing(dt.date(2608, 1, 9), dt.date.max)
    (True, False)
    """
    return quoted <= expiry and (expiry.year - quoted.year, expiry.month, expiry.day) <= (
        EXPIRY_YEARS, quoted.month, quoted.day,
    )  # fmt: skip


def read_clock(text: str) -> dt.time | None:
    """A time of day: 09:33[:37[.5]], 9:33 AM, 93337, 0933, or milliseconds since midnight in seven or eight digits.

    >>> read_clock("9:33:37 AM"), read_clock("34417000"), read_clock("0933")
    (datetime.time(9, 33, 37), datetime.time(9, 33, 37), datetime.time(9, 33))
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return _clock_of_digits(text)
    match = _CLOCK.fullmatch(text)
    return None if match is None else clock_of(match)


def clock_of(match: re.Match[str]) -> dt.time | None:
    """The time of day of hour, minute, second and am or pm; None when there is no such time."""
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    part = ((match.groupdict().get("part") or "") + "000000")[:6]
    try:
        return dt.time(hour, int(match["minute"]), int(match["second"] or 0), int(part))
    except ValueError:
        return None


def clock_of_milliseconds(since_midnight: int) -> dt.time | None:
    """The time of day so many milliseconds after midnight; None from the next midnight on.

    >>> clock_of_milliseconds(34_200_000), clock_of_milliseconds(86_400_000)
    (datetime.time(9, 30), None)
    """
    minutes, milliseconds = divmod(since_midnight, 60_000)
    if minutes >= 24 * 60:
        return None
    return dt.time(minutes // 60, minutes % 60, milliseconds // 1000, milliseconds % 1000 * 1000)


def read_instant(text: str, zone: ZoneInfo, day_first: bool | None = None) -> dt.datetime | None:
    """An instant, UTC: ISO with or without offset, date and time with or without a zone, the epoch in s, ms, µs or ns.

    Without an offset or a zone it is wall-clock time in `zone`. A day alone is no instant.

    >>> str(read_instant("2026-07-20T09:33:37", ZoneInfo("America/New_York")))
    '2026-07-20 13:33:37+00:00'
    >>> str(read_instant("7/20/2026 9:33:37 AM EDT", ZoneInfo("UTC")))
    '2026-07-20 13:33:37+00:00'
    """
    text = text.strip()
    if len(text) > LONGEST or not text.isascii():
        return None
    if re.fullmatch(r"[0-9]{9,19}(\.[0-9]+)?", text):
        return _instant_of_digits(text, zone)
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]|[0-9]{8}T[0-9]", text):
        try:
            return _utc(dt.datetime.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            pass
    after = _TIME_AFTER.search(text)
    if after is None:
        return None
    clock_text = re.sub(r"^(?:[T ]+|,\s*)(?:at\s+)?", "", after[0], flags=re.IGNORECASE)
    found = zone_of(clock_text)
    bare = clock_text if found is None else clock_text[: found[1]].strip()
    day, clock = read_day(text[: after.start()], day_first), read_clock(bare)
    if day is None or clock is None:
        return None
    return _utc(dt.datetime.combine(day, clock, None if found is None else found[0]), zone)


def zone_of(text: str) -> tuple[dt.tzinfo, int] | None:
    """The zone or offset that a text names, and where its name begins; None when it names none.

    EST and EDT both mean New York's wall clock and CST and CDT Chicago's: people write the winter name all year.
    """
    if match := _OFFSET.search(text):
        hours, minutes = int(match[1] or match[3]), int(match[2] or match[4] or 0)
        west = (match[1] or match[3]).startswith("-")
        offset = dt.timedelta(hours=hours, minutes=-minutes if west else minutes)
        return (dt.timezone(offset), match.start()) if abs(offset) < dt.timedelta(hours=24) else None
    found = ((zone, match.start()) for pattern, zone in _ZONES if (match := pattern.search(text)) is not None)
    return next(found, None)


def at_clock(date: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The UTC instant of a day and a time of day in `zone`."""
    return _utc(dt.datetime.combine(date, clock), zone)


def _day_text(text: str) -> str:
    return _TIME_AFTER.sub("", text.strip(), count=1).strip()


def _readings(text: str) -> list[dt.date]:
    if len(text) > LONGEST or not text.isascii():
        return []
    day = _day_text(text)
    if day.isdigit():
        return _existing((day[:-4], day[-4:-2], day[-2:])) if len(day) in {6, 8} else []
    weekday = _WEEKDAY.match(day)
    day = day if weekday is None else day[weekday.end() :]
    for pattern in _NAMED:
        if match := pattern.fullmatch(day):
            month = str(_MONTHS.index(match["month"][:3].lower()) + 1)
            return _on(weekday, _existing((match["year"], month, match["day"])))
    if match := _NUMERIC.fullmatch(day):
        first, second, third = match.group(1, 3, 4)
        orders = [(first, second, third)] if len(first) != 1 else []
        orders += [(third, first, second), (third, second, first)]
        return _on(weekday, [found for order in orders for found in _existing(order)])
    return []


def _settled(text: str, day_first: bool) -> dt.date | None:
    """The day of two numbers and a year at the end, once their order is known."""
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    first, second, year = match.group(1, 3, 4)
    found = _existing((year, second, first) if day_first else (year, first, second))
    return found[0] if found else None


def _existing(parts: tuple[str, str, str]) -> list[dt.date]:
    """The day of year, month and day, or none; a year has two digits or four."""
    year, month, day = parts
    if len(year) not in {2, 4} or len(month) > 2 or len(day) > 2:
        return []
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 69 else 1900
    try:
        return [dt.date(number, int(month), int(day))]
    except ValueError:
        return []


def _on(weekday: re.Match[str] | None, days: list[dt.date]) -> list[dt.date]:
    """The days that fall on the weekday that is named, if one is."""
    return [day for day in days if weekday is None or _WEEKDAYS[day.weekday()] == weekday[1].lower()]


def _clock_of_digits(digits: str) -> dt.time | None:
    if len(digits) in {7, 8}:
        return clock_of_milliseconds(int(digits))
    if not 3 <= len(digits) <= 6:
        return None
    padded = digits.zfill(4) if len(digits) <= 4 else digits.zfill(6)
    hour, minute, second = int(padded[:2]), int(padded[2:4]), int(padded[4:] or 0)
    return dt.time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _instant_of_digits(text: str, zone: ZoneInfo) -> dt.datetime | None:
    whole = text.partition(".")[0]
    if len(whole) == 14:
        date, clock = read_day(whole[:8]), read_clock(whole[8:])
        return None if date is None or clock is None else _utc(dt.datetime.combine(date, clock), zone)
    unit = _EPOCH_UNITS.get(max(len(whole), 10))
    if unit is None:
        return None
    return _EPOCH + dt.timedelta(microseconds=int(Decimal(text) * 1_000_000 / unit))


def _utc(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
    return aware.astimezone(dt.UTC)
