"""Judging economic releases ourselves, where no document does it. Rule: DH-454."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import frozen

from gammacore.domain.announced import MarketEvent
from gammacore.domain.dated_table import Coverage, Horizon
from gammacore.domain.parameters import parameter
from gammacore.domain.regime.documents import finite_number
from gammacore.domain.regime.regime import NO_EVENT, MacroState, MacroStatus
from gammacore.domain.sessions import new_york, new_york_date
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput


class Release(StrEnum):
    """What was published; CPI, PCE, unemployment, FOMC and GDP in points, payrolls in persons."""

    CPI = "cpi"
    PCE = "pce"
    UNEMPLOYMENT = "unemployment"
    FOMC = "fomc"
    GDP = "gdp"
    PAYROLLS = "payrolls"


_POINTS = Decimal("0.2")
SURPRISES: dict[Release, Decimal] = {
    Release.CPI: _POINTS,
    Release.PCE: _POINTS,
    Release.UNEMPLOYMENT: _POINTS,
    Release.FOMC: Decimal("0.25"),
    Release.GDP: Decimal("0.5"),
    Release.PAYROLLS: Decimal(50_000),
}
"""From which |actual - expected| a release is significant."""

_FIGURE = re.compile(r"\b(actual|expected|volatility)=(\S+)")
_FIGURES = {"actual", "expected", "volatility"}


@frozen
class MacroRelease:
    """One publication: the event with its New York time, the actual and the expected figure, and its volatility.

    A release that is still to come has no actual figure. `volatility` is the expected one: "low", "moderate", "high" or
    "extreme"; anything else counts as high. Rules: DH-453, DH-454.

    >>> print(release := MacroRelease.read("CPI 2026-12-10 08:30 actual=3.4 expected=3.2 volatility=high bls.gov"))
    CPI 2026-12-10 08:30 actual=3.4 expected=3.2 volatility=high bls.gov
    >>> release.is_significant
    True
    """

    event: MarketEvent
    actual: Decimal | None = None
    expected: Decimal | None = None
    volatility: str = ""

    def __attrs_post_init__(self) -> None:
        if self.event.name.lower() not in set(Release):
            raise InvalidInput("name", self.event.name, f"give one of {', '.join(Release)}")
        if self.event.time is None:
            raise InvalidInput("time", None, "give the New York time of the release: nothing is known before it")

    @classmethod
    def read(cls, written: str | Mapping[str, Any] | MacroRelease) -> MacroRelease:
        """A release as people write it: an event with figures, as one line of text or as a table.

        Raises:
            ValueError: it is neither, or a part is missing or cannot be.
        """
        if isinstance(written, MacroRelease):
            return written
        if isinstance(written, str):
            found = _FIGURE.findall(written)
            figures: dict[str, Any] = dict(found)
            if len(found) > len(figures):
                raise ValueError(written)
            event = MarketEvent.read(_FIGURE.sub("", written))
        else:
            figures = {name: value for name, value in written.items() if name in _FIGURES}
            event = MarketEvent.read({name: value for name, value in written.items() if name not in _FIGURES})
        actual, expected = (_figure(figures.get(name)) for name in ("actual", "expected"))
        try:
            return cls(event, actual, expected, str(figures.get("volatility", "")))
        except InvalidInput as wrong:
            raise ValueError(written) from wrong

    @property
    def kind(self) -> Release:
        return Release(self.event.name.lower())

    @property
    def at(self) -> dt.datetime:
        """The instant it is published."""
        return new_york(self.event.date, self.event.time or dt.time())

    @property
    def is_significant(self) -> bool:
        """Far enough from the expected figure; without an expected or an actual figure it is not."""
        if self.actual is None or self.expected is None:
            return False
        return abs(self.actual - self.expected) >= SURPRISES[self.kind]

    def __str__(self) -> str:
        figures = {"actual": self.actual, "expected": self.expected, "volatility": self.volatility or None}
        printed = "".join(f" {name}={value}" for name, value in figures.items() if value is not None)
        event = self.event
        return f"{event.name} {event.date} {event.time:%H:%M}{printed} {event.source}"


def _figure(value: object) -> Decimal | None:
    if value is None:
        return None
    if (number := finite_number(value)) is None:
        raise ValueError(value)
    return number


def judge_releases(releases: Iterable[MacroRelease]) -> MacroStatus:
    """The status a day's releases amount to.

    >>> cpi = MacroRelease.read("CPI 2026-12-10 08:30 actual=3.4 expected=3.2 volatility=high bls.gov")
    >>> judge_releases([cpi]), judge_releases([cpi, cpi])
    (<MacroStatus.VOLATILITY_EVENT: 'Volatility_Event'>, <MacroStatus.HIGH: 'High_Volatility'>)
    """
    words = [release.volatility.lower() for release in releases if release.is_significant]
    if not words:
        return MacroStatus.NORMAL
    if "extreme" in words:
        return MacroStatus.EXTREME
    high = sum(word not in ("low", "moderate", "medium", "normal") for word in words)
    return MacroStatus.HIGH if high >= 2 else MacroStatus.VOLATILITY_EVENT


@frozen
class MacroReleases:
    """When on, macro events come from these releases and from no document; off by default. Rule: DH-454.

    A release counts from its time on: a replayed day does not know it earlier. On a date outside the table no straddle
    is bought; what is held is hedged as without an event.

    >>> line = "CPI 2026-12-10 10:00 actual=3.4 expected=3.2 volatility=high bls.gov"
    >>> releases = MacroReleases(on=True, events=(MacroRelease.read(line),))
    >>> noon = new_york(dt.date(2026, 12, 10), dt.time(12))
    >>> releases.state(noon).status, releases.state(noon - dt.timedelta(hours=3)).detected
    ('Volatility_Event', False)
    """

    on: bool = parameter(False, "Judge macro events by these releases, not by a document (DH-454).")
    events: tuple[MacroRelease, ...] = parameter(
        (),
        'Each "CPI 2026-12-10 08:30 actual=3.4 expected=3.2 volatility=high bls.gov", figures where known; '
        "or cpi, pce, unemployment, fomc, gdp (points), payrolls (persons).",
    )
    complete_to: dt.date | None = parameter(
        None, "The last date to which your releases are complete; none = the last of them."
    )

    def __attrs_post_init__(self) -> None:
        if self.on and not self.events:
            raise InvalidInput("on", True, "name releases in events, or leave it off")
        if self.events or self.complete_to is not None:
            self._horizon()

    @property
    def horizons(self) -> tuple[Horizon, ...]:
        """What the table knows; none while it is off."""
        return (self._horizon(),) if self.on else ()

    def judge(self, date: dt.date) -> Verdict:
        """Whether something new may be bought on a New York date: only one the table covers."""
        for table in self.horizons:
            if table.coverage(date) is not Coverage.KNOWN:
                return Verdict.unknown("releases_unknown", date, f"{table.table} known {table.first} to {table.last}")
        return Verdict.ok(date if self.on else "off")

    def state(self, now: dt.datetime) -> MacroState:
        """What the releases of today up to `now` amount to; the event begins with the newest significant one."""
        today = new_york_date(now)
        known = [one for one in self.events if one.event.date == today and one.at <= now and one.is_significant]
        if not known:
            return NO_EVENT
        began, names = max(one.at for one in known), tuple(one.event.name for one in known)
        return MacroState(True, began, status=judge_releases(known).value, events=names)

    def unchanged_until(self, now: dt.datetime) -> dt.datetime:
        """The last instant at which `state` is what it is at `now`: before the next release of the day."""
        tomorrow = new_york(new_york_date(now) + dt.timedelta(days=1), dt.time())
        coming = (one.at for one in self.events if now < one.at < tomorrow)
        return min(coming, default=tomorrow) - dt.timedelta(microseconds=1)

    def _horizon(self) -> Horizon:
        dates = (each.event.date for each in self.events)
        outside = "no straddle is bought (releases_unknown)"
        return Horizon.of_dates("macro releases", dates, self.complete_to, "releases.events", outside)


NO_RELEASES = MacroReleases()
