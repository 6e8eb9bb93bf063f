"""No entry on event days, or around an event: FOMC announcements, options expiry, ends of quarters, releases.

Expiry Fridays and ends of months follow from the rules of the exchange and are shipped. Dates of releases (CPI, PPI,
payrolls) are set by their publishers and moved by them, in 2025 and 2026 twice: they are given in the configuration.
Rules: CS-304, CS-352, CS-367.
"""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from attrs import frozen

from gammacore.domain.announced import MarketEvent
from gammacore.domain.dated_table import Coverage, Horizon
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

SOURCE = "Federal Reserve Board, meeting calendars; 2028-01-26 tentative, announced 2025-09-05"
FOMC_ANNOUNCEMENTS: tuple[dt.date, ...] = tuple(
    dt.date(year, int(day[:2]), int(day[3:]))
    for year, days in (
        (2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10"),
        (2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09"),
        (2027, "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08"),
        (2028, "01-26"),
    )
    for day in days.split()
)
"""The second day of each meeting."""

FIRST_YEAR, LAST_YEAR = 1994, 2100
"""The Committee announces on the day of the meeting since 1994; what is outside is a slip of the hand."""
LONGEST_PAUSE = dt.timedelta(weeks=9)
"""Meetings are at most eight weeks apart: where the next one known is further off than this, one is missing between."""


@frozen
class FomcGate:
    """No entry on an FOMC announcement day; after the last one known nothing is sold, before the first it passes.

    A day is known when the next announcement known is at most nine weeks away: dates of 2034 alone say nothing of 2030.

    >>> FomcGate().judge(dt.date(2027, 1, 27)).reason, FomcGate().judge(dt.date(2034, 1, 3)).reason
    ('fomc_day', 'fomc_day_unknown')
    >>> FomcGate().judge(dt.date(2015, 12, 24)).passed, FomcGate().judge(dt.date(2034, 1, 3)).passed
    (True, False)
    """

    on: bool = parameter(True, "Skip FOMC announcement days.")
    dates: tuple[dt.date, ...] = parameter((), "Further FOMC announcement days, beside the shipped 2025 to 2028-01-26.")

    def __attrs_post_init__(self) -> None:
        for date in self.dates:
            if not FIRST_YEAR <= date.year <= LAST_YEAR:
                raise InvalidInput("dates", date, f"give announcement days of {FIRST_YEAR} to {LAST_YEAR}")

    @property
    def known(self) -> tuple[dt.date, ...]:
        """Every announcement day known, shipped and configured, each once, in order."""
        return _in_order(tuple(self.dates))

    def horizon(self, date: dt.date) -> Horizon:
        """What is known on a date: to the last announcement before the first gap that follows it."""
        known = self.known
        following = bisect_left(known, date)
        reached, last = max(date, known[0]), known[max(following - 1, 0)]
        for announcement in known[following:]:
            if announcement - reached > LONGEST_PAUSE:
                break
            reached = last = announcement
        return Horizon(
            "FOMC announcement days",
            known[0],
            last,
            f"{SOURCE}; entries.fomc.dates" if self.dates else SOURCE,
            before="fomc_day passes without being judged",
            after="every entry is skipped (fomc_day_unknown)",
            fix="add the announcement days that follow to entries.fomc.dates",
        )

    def judge(self, date: dt.date) -> Verdict:
        if not self.on:
            return Verdict.ok("off")
        if date in self.known:
            return Verdict.skip("fomc_day", date)
        horizon = self.horizon(date)
        match horizon.coverage(date):
            case Coverage.BEFORE:
                return Verdict.unknown("fomc_day_unknown", date, f"no dates known before {horizon.first}", blocks=False)
            case Coverage.AFTER:
                return Verdict.unknown("fomc_day_unknown", date, f"no dates known after {horizon.last}")
            case Coverage.KNOWN:
                return Verdict.ok(date)
            case never:
                assert_never(never)


@lru_cache(maxsize=16)
def _in_order(added: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
    return tuple(sorted({*FOMC_ANNOUNCEMENTS, *added}))


DAY = dt.timedelta(days=1)
FRIDAY, SATURDAY = 4, 5
QUARTER_MONTHS = (3, 6, 9, 12)
COMPUTED_FROM, COMPUTED_TO = dt.date(2006, 1, 1), dt.date(2035, 12, 31)
"""Where the rules below agree with the exchange's calendar, day by day."""
COMPUTED_BY = "third Friday and last session by the rules of the exchange"


class ComputedEvent(StrEnum):
    """An event whose date follows from the calendar; where the exchange is closed that day, the session before it."""

    OPEX = "opex"
    """Expiry of monthly options: the third Friday."""
    TRIPLE_WITCHING = "triple_witching"
    """Expiry of quarterly futures and options: the third Friday of March, June, September and December."""
    MONTH_END = "month_end"
    """The last session of a month."""
    QUARTER_END = "quarter_end"
    """The last session of March, June, September and December."""


class EventsMissing(StrEnum):
    """What a date outside the tables does: no entry, or an entry with the verdict unknown."""

    CLOSED = "closed"
    OPEN = "open"


@frozen
class EventDays:
    """When on, no entry on a day with an event, or within so many minutes of it; off by default. Rule: CS-367.

    >>> days = EventDays(on=True)
    >>> print(days.judge(dt.date(2026, 6, 18), new_york(dt.date(2026, 6, 18), dt.time(10))))
    skip event_day: opex 2026-06-18 third Friday and last session by the rules of the exchange
    """

    on: bool = parameter(False, "Skip entries on event days.")
    computed: tuple[ComputedEvent, ...] = parameter(
        (ComputedEvent.OPEX, ComputedEvent.QUARTER_END),
        "Events by the calendar: opex, triple_witching, month_end, quarter_end.",
    )
    events: tuple[MarketEvent, ...] = parameter(
        (), 'Announced events, each like "CPI 2026-12-10 08:30 bls.gov": name, date, New York time if any, source.'
    )
    complete_to: dt.date | None = parameter(
        None, "The last date to which your events are complete; none = the last of them."
    )
    minutes: int | None = parameter(
        None, "Minutes before and after an event with a time in which nothing is opened; none = all day.", at_least=0
    )
    missing: EventsMissing = parameter(
        EventsMissing.CLOSED, "A date outside the tables: closed = no entry, or open = it passes as unknown."
    )

    def __attrs_post_init__(self) -> None:
        if self.on and not self.computed and not self.events:
            raise InvalidInput("on", True, "name events in computed or events, or leave it off")
        if self.events or self.complete_to is not None:
            self._announced("")

    @property
    def horizons(self) -> tuple[Horizon, ...]:
        """What each of the two tables in use knows."""
        after = "every entry is skipped (event_day_unknown)"
        if self.missing is EventsMissing.OPEN:
            after = "event_day passes without being judged"
        tables = []
        if self.computed:
            names, update = ", ".join(self.computed), "update gammacore, or leave entries.event_days.computed empty"
            tables.append(
                Horizon(f"event days ({names})", COMPUTED_FROM, COMPUTED_TO, COMPUTED_BY, after, after, update)
            )
        if self.events:
            tables.append(self._announced(after))
        return tuple(tables)

    def _announced(self, outside: str) -> Horizon:
        """What the events of the configuration know."""
        names = ", ".join(dict.fromkeys(each.name for each in self.events))
        dates = (each.date for each in self.events)
        return Horizon.of_dates(f"event days ({names})", dates, self.complete_to, "entries.event_days.events", outside)

    def on_date(self, date: dt.date) -> tuple[MarketEvent, ...]:
        """The events of a New York date, computed ones first, each once."""
        computed = (MarketEvent(kind, date, None, COMPUTED_BY) for kind in self.computed if falls_on(kind, date))
        announced = (each for each in self.events if each.date == date)
        return tuple(dict.fromkeys((*computed, *announced)))

    def judge(self, date: dt.date, now: dt.datetime) -> Verdict:
        """`date` is the session's New York date."""
        if not self.on:
            return Verdict.ok("off")
        for event in self.on_date(date):
            if self.minutes is None or event.time is None:
                return Verdict.skip("event_day", event)
            distance = abs((now - new_york(event.date, event.time)).total_seconds()) / 60
            if distance <= self.minutes:
                return Verdict.skip("event_day", f"{event}, {distance:.0f} min away", f"<= {self.minutes} min")
        for table in self.horizons:
            if table.coverage(date) is not Coverage.KNOWN:
                known = f"{table.table} known {table.first} to {table.last}"
                return Verdict.unknown("event_day_unknown", date, known, blocks=self.missing is EventsMissing.CLOSED)
        return Verdict.ok(date)


def falls_on(kind: ComputedEvent, date: dt.date) -> bool:
    """Whether a computed event is on a date.

    >>> falls_on(ComputedEvent.OPEX, dt.date(2026, 6, 18)), falls_on(ComputedEvent.OPEX, dt.date(2026, 6, 19))
    (True, False)
    """
    return _DATES[kind](date.year, date.month) == date


def _third_friday(year: int, month: int) -> dt.date | None:
    return _session_on_or_before(dt.date(year, month, 15 + (FRIDAY - dt.date(year, month, 15).weekday()) % 7))


def _month_end(year: int, month: int) -> dt.date | None:
    return _session_on_or_before(dt.date(year, month, calendar.monthrange(year, month)[1]))


def _quarterly(of_month: Callable[[int, int], dt.date | None]) -> Callable[[int, int], dt.date | None]:
    return lambda year, month: of_month(year, month) if month in QUARTER_MONTHS else None


_DATES: Mapping[ComputedEvent, Callable[[int, int], dt.date | None]] = {
    ComputedEvent.OPEX: _third_friday,
    ComputedEvent.TRIPLE_WITCHING: _quarterly(_third_friday),
    ComputedEvent.MONTH_END: _month_end,
    ComputedEvent.QUARTER_END: _quarterly(_month_end),
}


def _session_on_or_before(date: dt.date) -> dt.date:
    holidays = _holidays(date.year)
    while date.weekday() >= SATURDAY or date in holidays:
        date -= DAY
    return date


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[dt.date]:
    """Holidays of the exchange that can be a third Friday or the last weekday of a month."""
    return frozenset(_moving_holidays(year))


def _moving_holidays(year: int) -> Iterator[dt.date]:
    yield _easter(year) - 2 * DAY  # Good Friday
    memorial = dt.date(year, 5, 31)
    yield memorial - memorial.weekday() * DAY  # the last Monday of May
    if year >= 2022:  # Juneteenth, on the Friday before when it is a Saturday
        juneteenth = dt.date(year, 6, 19)
        yield juneteenth - DAY if juneteenth.weekday() == SATURDAY else juneteenth


def _easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher)."""
    golden, century, rest = year % 19, *divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap_centuries - correction + 15) % 30
    leaps, year_rest = divmod(rest, 4)
    weekday = (32 + 2 * century_rest + 2 * leaps - moon - year_rest) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)
