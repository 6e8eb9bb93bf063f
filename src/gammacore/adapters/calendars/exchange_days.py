"""Which weekdays the exchange is closed on, and the days with other hours: computed once, then kept in a file.

Computing them takes half a second (pandas and thirty years of rules), reading them a few milliseconds. The file is a
convenience and never an authority: its name holds the version of `exchange_calendars` and the years, it is checked
against itself and against what every year of the exchange has, and whatever does not fit is computed anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.domain.sessions import NEW_YORK

FORMAT = 1
SATURDAY = 5
BELLS = (dt.time(9, 30), dt.time(16))
"""New York: the hours of every session that is not named otherwise."""
EARLIEST_CLOSE = dt.time(12)
FEWEST_CLOSED, MOST_CLOSED = 7, 14
"""Weekdays a year without a session: 8 holidays in 1990, and in 2001 four days more."""
FIXED_HOLIDAYS = ((7, 4), (12, 25))

Hours = tuple[dt.time, dt.time]


@frozen
class ExchangeDays:
    """The weekdays of whole years without a session, and the sessions with hours of their own, New York time.

    >>> eve, christmas = dt.date(2025, 12, 24), dt.date(2025, 12, 25)
    >>> days = ExchangeDays(2025, 2025, frozenset({christmas}), {eve: (BELLS[0], dt.time(13))})
    >>> days.hours(christmas) is None, days.hours(eve)[1].hour
    (True, 13)
    """

    first_year: int
    last_year: int
    closed: frozenset[dt.date]
    odd_hours: Mapping[dt.date, Hours]

    def hours(self, date: dt.date) -> Hours | None:
        """When it opens and when the expiring contract stops, New York time; None on a day without a session."""
        if date.weekday() >= SATURDAY or date in self.closed:
            return None
        return self.odd_hours.get(date, BELLS)


def exchange_days(first_year: int, last_year: int) -> ExchangeDays:
    """Those of the library that is installed: from the file where it is sound, else computed and written."""
    path = _kept_in(first_year, last_year)
    if path is not None and (kept := read_days(path, first_year, last_year)) is not None:
        return kept
    days = computed_days(first_year, last_year)
    if path is not None:
        write_days(path, days)
    return days


def computed_days(first_year: int, last_year: int) -> ExchangeDays:
    """Ask `exchange_calendars`, which loads pandas."""
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its use of pandas
        exchange = exchange_calendars.get_calendar("XNYS", start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    bells = zip(exchange.sessions, exchange.opens, exchange.closes, strict=True)
    hours = {day.date(): (_new_york(opening), _new_york(closing)) for day, opening, closing in bells}
    date, closed = dt.date(first_year, 1, 1), set[dt.date]()
    while date.year <= last_year:
        if date.weekday() < SATURDAY and date not in hours:
            closed.add(date)
        date += dt.timedelta(days=1)
    odd = {date: bells for date, bells in hours.items() if bells != BELLS}
    return ExchangeDays(first_year, last_year, frozenset(closed), odd)


def read_days(path: Path, first_year: int, last_year: int) -> ExchangeDays | None:
    """What the file holds; None where there is none, or where it is not wholly what it must be."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["sha256"] != _checksum(document["days"]):
            return None
        (first, last), closed, odd = (document["days"][key] for key in ("years", "closed", "hours"))
        days = ExchangeDays(
            first,
            last,
            frozenset(dt.date.fromisoformat(date) for date in closed),
            {
                dt.date.fromisoformat(date): (dt.time.fromisoformat(opens), dt.time.fromisoformat(closes))
                for date, (opens, closes) in odd.items()
            },
        )
        return days if (first, last) == (first_year, last_year) and is_plausible(days) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_days(path: Path, days: ExchangeDays) -> None:
    """Replace the file whole; a home that takes no file is no error, the next process computes them too."""
    rows = {
        "years": [days.first_year, days.last_year],
        "closed": [date.isoformat() for date in sorted(days.closed)],
        "hours": {
            date.isoformat(): [f"{bell:%H:%M}" for bell in bells] for date, bells in sorted(days.odd_hours.items())
        },
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"sha256": _checksum(rows), "days": rows}), encoding="utf-8")
        if read_days(draft, days.first_year, days.last_year) == days:
            os.replace(draft, path)
    except OSError:
        pass
    with suppress(OSError):
        draft.unlink(missing_ok=True)


def is_plausible(days: ExchangeDays) -> bool:
    """Whether they can be those of the exchange: no other file that happens to parse passes for its calendar."""
    years = range(days.first_year, days.last_year + 1)
    a_year = dict.fromkeys(years, 0)
    for date in days.closed:
        if date.year not in a_year or date.weekday() >= SATURDAY:
            return False
        a_year[date.year] += 1
    holidays = {_observed(dt.date(year, *day)) for year in years for day in FIXED_HOLIDAYS}
    return (
        all(FEWEST_CLOSED <= count <= MOST_CLOSED for count in a_year.values())
        and holidays <= days.closed
        and all(
            date.year in a_year
            and days.hours(date) == (opens, closes)
            and BELLS[0] <= opens < EARLIEST_CLOSE <= closes <= BELLS[1]
            for date, (opens, closes) in days.odd_hours.items()
        )
    )


def _observed(holiday: dt.date) -> dt.date:
    """Friday before a Saturday, Monday after a Sunday."""
    beside = {SATURDAY: -1, SATURDAY + 1: 1}
    return holiday + dt.timedelta(days=beside.get(holiday.weekday(), 0))


def _kept_in(first_year: int, last_year: int) -> Path | None:
    """The file of this version and these years; None where the version or the user's cache folder is not known."""
    try:
        version = metadata.version("exchange_calendars")
        folder = os.environ.get("XDG_CACHE_HOME") or _platform_cache()
        return Path(folder, "gammacore", f"nyse-{first_year}-{last_year}-exchange_calendars-{version}-{FORMAT}.json")
    except (metadata.PackageNotFoundError, RuntimeError):
        return None


def _platform_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _checksum(rows: object) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _new_york(bell: Any) -> dt.time:
    """The wall clock of a pandas time stamp."""
    instant: dt.datetime = bell.to_pydatetime()
    return instant.astimezone(NEW_YORK).time()
