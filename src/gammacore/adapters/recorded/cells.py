"""What a cell of a vendor's table says: a day, an instant, a right, a number. None when it says nothing readable."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%Y/%m/%d", "%d-%b-%Y", "%d%b%Y")
_CLOCK_FORMATS = ("%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f", "%H:%M:%S", "%H:%M")
_EPOCH_UNITS = {10: Decimal(1), 13: Decimal(1000), 16: Decimal(1_000_000), 19: Decimal(1_000_000_000)}
_RIGHTS = {"c": True, "call": True, "calls": True, "p": False, "put": False, "puts": False}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_day(text: str) -> dt.date | None:
    """A calendar day: ISO, with or without a time after it, YYYYMMDD, or the US month/day/year.

    >>> read_day("2026-07-20T16:00:00"), read_day("7/20/2026"), read_day("soon")
    (datetime.date(2026, 7, 20), datetime.date(2026, 7, 20), None)
    """
    day = re.split(r"[T ]", text.strip(), maxsplit=1)[0]
    for shape in _DAY_FORMATS:
        try:
            return dt.datetime.strptime(day, shape).date()  # noqa: DTZ007 - a day has no offset
        except ValueError:
            continue
    return None


def read_clock(text: str) -> dt.time | None:
    """A time of day: 09:33[:37[.5]], 9:33 AM, 93337, 0933, or milliseconds since midnight in seven or eight digits.

    >>> read_clock("9:33:37 AM"), read_clock("34417000"), read_clock("0933")
    (datetime.time(9, 33, 37), datetime.time(9, 33, 37), datetime.time(9, 33))
    """
    text = text.strip()
    if text.isdigit():
        return _clock_of_digits(text)
    for shape in _CLOCK_FORMATS:
        try:
            return dt.datetime.strptime(text, shape).time()  # noqa: DTZ007 - a time of day has no offset
        except ValueError:
            continue
    return None


def _clock_of_digits(digits: str) -> dt.time | None:
    if len(digits) in {7, 8}:
        return clock_of_milliseconds(int(digits))
    if not 3 <= len(digits) <= 6:
        return None
    padded = digits.zfill(4) if len(digits) <= 4 else digits.zfill(6)
    hour, minute, second = int(padded[:2]), int(padded[2:4]), int(padded[4:] or 0)
    return dt.time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def clock_of_milliseconds(since_midnight: int) -> dt.time | None:
    """The time of day so many milliseconds after midnight; None from the next midnight on.

    >>> clock_of_milliseconds(34_200_000), clock_of_milliseconds(86_400_000)
    (datetime.time(9, 30), None)
    """
    minutes, milliseconds = divmod(since_midnight, 60_000)
    if minutes >= 24 * 60:
        return None
    return dt.time(minutes // 60, minutes % 60, milliseconds // 1000, milliseconds % 1000 * 1000)


def read_instant(text: str, zone: ZoneInfo) -> dt.datetime | None:
    """An instant, UTC: ISO with or without offset, US date and time, or the epoch in s, ms, µs or ns.

    Without an offset it is wall-clock time in `zone`. A day alone is no instant.

    >>> str(read_instant("2026-07-20T09:33:37", ZoneInfo("America/New_York")))
    '2026-07-20 13:33:37+00:00'
    >>> str(read_instant("1784554417000", ZoneInfo("UTC")))
    '2026-07-20 13:33:37+00:00'
    """
    text = text.strip()
    if re.fullmatch(r"\d{9,19}(\.\d+)?", text):
        return _instant_of_digits(text, zone)
    day, _, clock = text.replace("T", " ", 1).partition(" ")
    if not clock:
        return None
    try:
        return _utc(dt.datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        pass
    date, time = read_day(day), read_clock(clock)
    return None if date is None or time is None else _utc(dt.datetime.combine(date, time), zone)


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


def at_clock(date: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The UTC instant of a day and a time of day in `zone`."""
    return _utc(dt.datetime.combine(date, clock), zone)


def read_right(text: str) -> bool | None:
    """True for a call (C, call, CALL), False for a put.

    >>> read_right("Call"), read_right("P"), read_right("X")
    (True, False, None)
    """
    return _RIGHTS.get(text.strip().casefold())


def read_price(text: str) -> Decimal | None:
    """A price above 0, points, with the digits it was written in; None for anything else."""
    try:
        price = Decimal(text.strip())
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
