"""What the market did before this instant, as far as a filter may look: completed bars and daily closes.

Nothing here knows the future: a bar counts from its end on, a daily close from the next session on. What is missing
is empty, never guessed. Rules: CS-355, CS-356, CS-358.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.market import Bar
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.errors import InvalidInput

FIVE_MINUTES = 300
ONE_MINUTE = 60
ONE_DAY = 86_400
STALE_BARS = 2


@frozen
class DailyHistory:
    """Completed daily closes of one symbol, points, oldest first, up to the session before; and today's open.

    The symbol is the hedge share where its bars exist, else the underlying, whose opens print late. Rule: CS-358.
    """

    symbol: str
    closes: tuple[Decimal, ...]
    today_open: Decimal | None = None

    @property
    def previous_close(self) -> Decimal:
        return self.closes[-1]

    @classmethod
    def of(
        cls,
        symbol: str,
        bars: Iterable[Bar],
        session: TradingSession,
        before: TradingSession | None,
        today_open: Decimal | None = None,
    ) -> DailyHistory | None:
        """The closes of the dates before `session`; None unless they reach the session `before` it.

        A gap measured from an older close, or a run of closes that ends last week, would be another figure.
        """
        known = {date: bar.close for bar in bars if (date := new_york_date(bar.start)) < session.date and bar.low > 0}
        if before is None or not known or max(known) != before.date:
            return None
        return cls(symbol, tuple(known[date] for date in sorted(known)), today_open)


@frozen
class MarketHistory:
    """What a filter may know of the past at `at`; every part may be empty, which means missing.

    `five_minute` and `vix_five_minute` are completed bars of the regular hours of the session before and of today,
    `one_minute` of today alone; oldest first, points of the underlying (VIX points). Rule: CS-355.
    For the scalping desks: `days` are daily bars before today, `night` minutes between the close before and the open,
    `openings` minutes of the first half hours of up to five sessions before (SC-304, SC-309).
    `previous` is the session before.
    """

    at: dt.datetime
    session: TradingSession
    five_minute: tuple[Bar, ...] = ()
    one_minute: tuple[Bar, ...] = ()
    vix_five_minute: tuple[Bar, ...] = ()
    daily: DailyHistory | None = None
    days: tuple[Bar, ...] = ()
    night: tuple[Bar, ...] = ()
    openings: tuple[Bar, ...] = ()
    previous: TradingSession | None = None

    @classmethod
    def of(
        cls,
        at: dt.datetime,
        session: TradingSession,
        before: TradingSession | None,
        *,
        five_minute: Iterable[Bar] = (),
        one_minute: Iterable[Bar] = (),
        vix_five_minute: Iterable[Bar] = (),
        daily: DailyHistory | None = None,
    ) -> MarketHistory:
        """The history of what a market shows: bars not ended yet, of other days, out of hours or not above 0 stay out.

        A series whose newest bar ended more than two bars ago, counted in trading time, has stopped and is missing.
        """
        both = (session,) if before is None else (before, session)
        return cls(
            at,
            session,
            _completed(five_minute, FIVE_MINUTES, at, both),
            _completed(one_minute, ONE_MINUTE, at, (session,)),
            _completed(vix_five_minute, FIVE_MINUTES, at, both),
            daily,
            previous=before,
        )

    def change_over(self, bars: Sequence[Bar], minutes: int, price: Decimal) -> Decimal | None:
        """How far `price` is from where these bars were `minutes` ago, signed points; None when they do not say."""
        earlier = price_ago(bars, minutes, self.at, self.session)
        return None if earlier is None else price - earlier


def price_ago(bars: Sequence[Bar], minutes: int, now: dt.datetime, session: TradingSession) -> Decimal | None:
    """The price that many minutes ago, points: the close of the bar that ended then. Rule: CS-356.

    Counted back in whole bars from the end of the last one before `now`; where that is before the session's open,
    the open itself. None when that bar is missing.
    """
    if not bars:
        return None
    step = dt.timedelta(seconds=bars[-1].seconds)
    then = session.open + (now - session.open) // step * step - dt.timedelta(minutes=minutes)
    if then <= session.open:
        return opening_price(bars, session)
    return next((bar.close for bar in reversed(bars) if bar.end == then), None)


def opening_price(bars: Iterable[Bar], session: TradingSession) -> Decimal | None:
    """The open of the bar that starts with the session, points; None without that very bar."""
    return next((bar.open for bar in bars if bar.start == session.open), None)


def converted(bars: Iterable[Bar], ratio: Decimal) -> tuple[Bar, ...]:
    """Bars of the hedge share in index points: every price × the present index/share ratio. Rule: CS-356.

    The ratio is today's price of one over that of the other; a flat × 10 is off by tens of points (CS-353).
    """
    if not (ratio.is_finite() and ratio > 0):
        raise InvalidInput("ratio", ratio, "give index points per share point, above 0")
    return tuple(
        evolve(bar, open=bar.open * ratio, high=bar.high * ratio, low=bar.low * ratio, close=bar.close * ratio)
        for bar in bars
    )


def _completed(
    bars: Iterable[Bar], seconds: int, at: dt.datetime, sessions: Sequence[TradingSession]
) -> tuple[Bar, ...]:
    length = dt.timedelta(seconds=seconds)
    starts = tuple((each.open, min(each.close, at) - length) for each in sessions)
    known = {bar.start: bar for bar in bars if bar.seconds == seconds and _is_in(starts, bar.start) and bar.low > 0}
    ended = tuple(map(known.__getitem__, sorted(known)))
    return () if not ended or _has_stopped(ended[-1], at, sessions[-1]) else ended


def _is_in(spans: tuple[tuple[dt.datetime, dt.datetime], ...], instant: dt.datetime) -> bool:
    """Whether an instant is in one of the spans, both ends included."""
    for first, last in spans:  # noqa: SIM110 - a loop, as it is asked of every bar of two sessions at each slot
        if first <= instant <= last:
            return True
    return False


def _has_stopped(last: Bar, at: dt.datetime, session: TradingSession) -> bool:
    return at - max(last.end, session.open) > dt.timedelta(seconds=STALE_BARS * last.seconds)


def total_volume(bars: Iterable[Bar]) -> int | None:
    """Shares traded in all of these bars; None as soon as one does not say: a part is not the whole. Rule: SC-009."""
    total = 0
    for bar in bars:
        if bar.volume is None:
            return None
        total += bar.volume
    return total
