"""A recorded day as a market: the same calls as a live feed, and never a value from the future.

What was known from when on (tracks), chains cut out of a day's rows, longer bars built of shorter ones, and what became
of the rows of a source.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import groupby, pairwise
from statistics import median
from typing import Generic, TypeVar

from attrs import define, field, frozen

from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.market_history import total_volume
from gammacore.domain.sessions import NEW_YORK, TradingSession, require_aware
from gammacore.ports.market_data import Expiries, SettlementPrint

SETTLES_A_DAY = "say market.day_first = true for day/month, false for month/day"
"""The fix for dates like 03/04/2026."""


@define
class Intake:
    """Rows counted by what became of them. `first_line` is where a reason was met first, for its correction.

    Reasons that start with "unreadable_", "unusable_", "ambiguous_", "expiry_", "short_" or "long_" are defects of the
    source; "other_date", "other_underlying", "adjusted", "filtered" and "exact_duplicate" are rows that were
    understood. Of rows that contradict each other ("conflicting_") the reader of the table decides which holds, if any.
    `without_exposure` counts snapshots with too few readable rows to measure an exposure of, `quality` the rows whose
    quote cannot be used, by reason, `contracts` the different ones (ST-109).

    >>> intake = Intake(rows=3, used=2)
    >>> intake.count("unusable_strike", line=4)
    >>> str(intake)
    '2 of 3 rows used; 1 unusable_strike (first in line 4)'
    """

    rows: int = 0
    used: int = 0
    reasons: dict[str, int] = field(factory=dict)
    first_line: dict[str, int] = field(factory=dict)
    without_exposure: int = 0
    quality: dict[str, int] = field(factory=dict)
    contracts: int = 0

    def count(self, reason: str, line: int = 0, times: int = 1) -> None:
        if times:
            self.reasons[reason] = self.reasons.get(reason, 0) + times
        if line:
            self.first_line.setdefault(reason, line)

    def __getitem__(self, reason: str) -> int:
        return self.reasons.get(reason, 0)

    def __str__(self) -> str:
        parts = [f"{self.used} of {self.rows} rows used", *(self._phrase(reason) for reason in self.reasons)]
        if self.without_exposure:
            parts.append(f"{self.without_exposure} snapshots without exposure: more than one row in twenty unreadable")
        return "; ".join(parts)

    def _phrase(self, reason: str) -> str:
        words = [f"first in line {self.first_line[reason]}"] if reason in self.first_line else []
        words += [SETTLES_A_DAY] if reason.startswith("ambiguous_") else []
        where = f" ({'; '.join(words)})" if words else ""
        return f"{self.reasons[reason]} {reason}{where}"


T = TypeVar("T")

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
LONE_STEP_SECONDS = 60.0
"""The step of a recording too short to show one."""


@frozen
class Seen:
    """A price, points, with the instant it was seen."""

    price: Decimal
    at: dt.datetime | None


@frozen(eq=False)
class Track(Generic[T]):
    """A value over time: `values[i]` is known from `since[i]` on, until `since[i + 1]`. `since` is ascending.

    >>> noon = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
    >>> track = Track.of([(noon, "after")])
    >>> track.at(noon), track.at(noon - dt.timedelta(microseconds=1))
    ('after', None)
    """

    since: tuple[dt.datetime, ...] = ()
    values: tuple[T, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[tuple[dt.datetime, T]]) -> Track[T]:
        """A track of (known since, value) pairs in any order; of two at the same instant the later given holds."""
        ordered = sorted(dict(entries).items())
        return cls(tuple(since for since, _ in ordered), tuple(value for _, value in ordered))

    @classmethod
    def constant(cls, value: T) -> Track[T]:
        return cls((EVER,), (value,))

    def at(self, now: dt.datetime) -> T | None:
        """The value known at `now`; None before the first."""
        known = bisect_right(self.since, now)
        return self.values[known - 1] if known else None

    def known_since(self, now: dt.datetime) -> dt.datetime | None:
        """Since when the value known at `now` has been; `now` itself for a constant, None before the first."""
        known = bisect_right(self.since, now)
        if not known:
            return None
        return now if self.since[known - 1] == EVER else self.since[known - 1]


@define(eq=False)
class ChainTape:
    """The instants at which something was recorded, ascending, and the chain of each, built when first asked for."""

    times: tuple[dt.datetime, ...]
    build: Callable[[int], OptionChain | None]
    _built: dict[int, OptionChain | None] = field(factory=dict, init=False)

    def at(self, now: dt.datetime) -> OptionChain | None:
        """The newest chain recorded at or before `now`; None before the first."""
        index = bisect_right(self.times, now) - 1
        if index < 0:
            return None
        if index not in self._built:
            self._built[index] = self.build(index)
        return self._built[index]

    def after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first recorded instant strictly after `instant`."""
        index = bisect_right(self.times, instant)
        return self.times[index] if index < len(self.times) else None

    def step_seconds(self) -> float:
        """The median distance between neighbouring instants, seconds."""
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(self.times)]
        return median(gaps) if gaps else LONE_STEP_SECONDS


BarSource = Callable[[str, int, dt.datetime, dt.datetime], Sequence[Bar]]
"""(symbol, seconds, start, end) -> bars, oldest first."""

HOUR_SECONDS = 3600


def no_bars(_symbol: str, _seconds: int, _start: dt.datetime, _end: dt.datetime) -> Sequence[Bar]:
    return ()


def bars_within(native: Iterable[Bar], seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
    """Bars of `seconds` with start <= bar.start and bar.end <= end, from ascending native bars.

    Native bars of that length are returned as they are; of shorter ones longer bars are built on the clock's own
    multiples, up to an hour (longer ones would begin at the wrong wall-clock time). A longer bar needs at least one
    native bar; minutes without a trade have none.
    """
    native = list(native)
    exact = [bar for bar in native if bar.seconds == seconds]
    if not exact and seconds <= HOUR_SECONDS:
        exact = _lengthened((bar for bar in native if seconds % bar.seconds == 0), seconds)
    return tuple(bar for bar in exact if start <= bar.start and bar.end <= end)


def _lengthened(native: Iterable[Bar], seconds: int) -> list[Bar]:
    def slot(bar: Bar) -> int:
        return int(bar.start.timestamp()) // seconds

    return [_merged(list(bars), number * seconds, seconds) for number, bars in groupby(native, slot)]


def _merged(bars: Sequence[Bar], start: int, seconds: int) -> Bar:
    return Bar(
        dt.datetime.fromtimestamp(start, dt.UTC), seconds, bars[0].open,
        max(bar.high for bar in bars), min(bar.low for bar in bars), bars[-1].close, volume=total_volume(bars),
    )  # fmt: skip


HOLE_STEPS = 1.5
"""The next recorded instant further away than this many steps is a hole: look one step later instead."""


@frozen(eq=False)
class RecordedMarket:
    """One underlying on one recorded day, behind the MarketData port.

    `snapshot` shows the newest that was recorded at or before now, however old: quotes and price keep the time they
    were seen, so a hole goes stale by itself. `quote_age_limit` is in seconds, by default two recorded steps (CS-014).
    Settlement is, in this order, the print that was configured or recorded, else the last price before the close,
    flagged estimated (CS-528). `label` is what the journal calls this market. `lineage` is that of the ledger the
    recording was made beside, "" for any other source; `intake` says what became of the rows read, `beside` the same of
    each file of closes, prices or VIX, by its name. `share` is the quote of the underlying's own shares, or why the one
    that was shown is unusable. `vix_at` is when each VIX was seen, where that is not since when it is known (SC-108).
    """

    underlying: str
    session: TradingSession
    chains: ChainTape
    spots: Track[Seen | None]
    step_seconds: float
    quote_age_limit: Track[float]
    content: str
    vix: Track[Decimal | None] = field(factory=Track)
    previous_close: Track[Decimal | None] = field(factory=Track)
    prints: Mapping[dt.date, SettlementPrint] = field(factory=dict)
    bar_source: BarSource = no_bars
    label: str = "recorded"
    lineage: str = ""
    intake: Intake = field(factory=Intake)
    beside: Mapping[str, Intake] = field(factory=dict)
    share: Track[Quote | str | None] = field(factory=Track)
    vix_at: Track[dt.datetime | None] | None = None

    @property
    def times(self) -> tuple[dt.datetime, ...]:
        """Every recorded instant, ascending."""
        return self.chains.times

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        now = require_aware("now", now)
        spot, share, vix = self.spots.at(now), self.share.at(now), self.vix.at(now)
        vix_at = self.vix.known_since(now) if self.vix_at is None else self.vix_at.at(now)
        return MarketSnapshot(
            at=now,
            underlying=self.underlying,
            spot=None if spot is None else spot.price,
            spot_at=None if spot is None else spot.at,
            chain=partial(self.chains.at, now),  # most looks hold nothing and judge nothing: none is built for them
            vix=vix,
            quote_age_limit=self.quote_age_limit.at(now) or 2 * self.step_seconds,
            previous_close=self.previous_close.at(now),
            share=share if isinstance(share, Quote) else None,
            vix_at=None if vix is None else vix_at,
            share_defect=share if isinstance(share, str) else None,
        )

    def attend(self, expiries: Expiries | None) -> None:
        """Everything is shown at no cost."""

    def next_at(self, after: dt.datetime) -> dt.datetime:
        after = require_aware("after", after)
        following = self.chains.after(after)
        if following is None or (following - after).total_seconds() > HOLE_STEPS * self.step_seconds:
            return after + dt.timedelta(seconds=self.step_seconds)
        return following

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        if underlying != self.underlying:
            return None
        if (known := self.prints.get(date)) is not None:
            return known
        return self._last_price() if date == self.session.date else None

    def _last_price(self) -> SettlementPrint | None:
        last = self.spots.at(self.session.close)
        if last is None or last.at is None or last.at < self.session.open:
            return None
        seen = last.at.astimezone(NEW_YORK)
        return SettlementPrint(last.price, True, f"last price before the close, {seen:%H:%M:%S} New York")

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.bar_source(underlying, seconds, require_aware("start", start), require_aware("end", end))

    def fingerprint(self) -> str:
        return self.content
