"""A live market of either broker: from look to look, and bars asked for once.

What has ended does not change, so only bars that may be new are asked of the broker.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from attrs import define, field, frozen

from gammacore.adapters.wire.prices import SeenPrice
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession, require_aware
from gammacore.errors import BrokerError, InvalidInput, MissingData
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import Expiries

DAY_SECONDS = 86_400
MINUTE_SECONDS = 60

Ask = Callable[[dt.datetime, dt.datetime], Sequence[Bar]]
"""(start, end) -> bars, oldest first."""


@frozen
class Series:
    """Bars of one symbol and length, seconds."""

    symbol: str
    seconds: int


@define
class _Known:
    """Bars of one stretch, from an instant on, and the last question: until when, and when it was asked."""

    since: dt.datetime
    until: dt.datetime
    asked_at: dt.datetime
    bars: dict[dt.datetime, Bar] = field(factory=dict)

    @property
    def newest(self) -> Bar | None:
        return self.bars[max(self.bars)] if self.bars else None

    def never_asked(self, end: dt.datetime) -> dt.timedelta:
        """How much of the time up to `end` no question reached, though it was past when the last one was asked."""
        return min(end, self.asked_at) - self.until


class KnownBars:
    """The ended bars of every series asked for so far, in stretches: the openings of last week are not those of today.

    The newest one known is asked for again with what follows it: the vendor may have added to it late. A bar that is
    due and not there is asked for again after `patience_seconds`, not at every look; and no more once the question
    came that much later than the bar.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience = dt.timedelta(seconds=patience_seconds)
        self._known: dict[Series, list[_Known]] = {}

    def bars(self, series: Series, start: dt.datetime, end: dt.datetime, now: dt.datetime, ask: Ask) -> list[Bar]:
        """The bars with start <= bar.start and bar.end <= end that have ended by `now`."""
        end = min(end, now)
        if end <= start:
            return []
        known = self._stretch_of(series, start)
        if known is None:
            known = _Known(start, end, now, _ended(ask(start, end), now))
            self._keep(series, known)
        elif self._is_due(known, series.seconds, end, now):
            newest = known.newest
            known.bars |= _ended(ask(known.since if newest is None else newest.start, end), now)
            known.until, known.asked_at = max(known.until, end), now
        return [known.bars[at] for at in sorted(known.bars) if start <= at and known.bars[at].end <= end]

    def _stretch_of(self, series: Series, start: dt.datetime) -> _Known | None:
        """The stretch a question begins in, the one that reaches furthest; None where none was asked for there."""
        there = (known for known in self._known.get(series, ()) if known.since <= start <= known.until)
        return max(there, key=lambda known: known.until, default=None)

    def _keep(self, series: Series, new: _Known) -> None:
        """A stretch that lies within a new one says nothing more."""
        others = (known for known in self._known.get(series, ()) if known.since < new.since or known.until > new.until)
        self._known[series] = [*others, new]

    def _is_due(self, known: _Known, seconds: int, end: dt.datetime, now: dt.datetime) -> bool:
        """Whether another bar may have ended since the newest one, and may be there by now."""
        if known.newest is not None and end < known.newest.end + dt.timedelta(seconds=seconds):
            return False
        if known.never_asked(end) >= dt.timedelta(seconds=seconds):
            return True
        if known.until >= end and known.asked_at - end >= self._patience:
            return False
        return now - known.asked_at >= self._patience


def _ended(bars: Sequence[Bar], now: dt.datetime) -> dict[dt.datetime, Bar]:
    return {bar.start: bar for bar in bars if bar.start <= now - dt.timedelta(seconds=bar.seconds)}


def in_order(bars: Iterable[Bar | None]) -> list[Bar]:
    """Bars by their start, each once: of two the later one corrects the earlier."""
    known = {bar.start: bar for bar in bars if bar is not None}
    return [known[start] for start in sorted(known)]


@contextmanager
def missing_where_silent() -> Iterator[None]:
    """A broker's silence is, to who asks for a market, data that is missing.

    Raises:
        MissingData: no answer, or none that can be read.
    """
    try:
        yield
    except BrokerError as silence:
        raise MissingData(str(silence)) from silence


@frozen
class LiveMarketSettings:
    """How a live market is looked at."""

    step_seconds: float = parameter(3.0, "From look to look, seconds (CS-501).", at_least=0.1)
    quote_age_seconds: float = parameter(15.0, "Oldest usable quote, seconds (CS-014).", above=0)
    ahead_seconds: float = parameter(5.0, "A quote dated further ahead of our clock is undated, seconds.", at_least=0)
    expiries: Scope = parameter(TODAY, "Expiries shown, by their days from the session's.")
    settlement_minutes: float = parameter(
        15.0, "The day's close counts as official this long after the session, minutes.", at_least=0
    )
    bar_patience_seconds: float = parameter(10.0, "A bar that is late is asked for again after this.", at_least=0)

    @property
    def ahead(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.ahead_seconds)


@frozen
class Look:
    """What one look at the broker's market shows, points; what it does not say, or does not date, is None.

    `share` is the quote of the underlying where that is a share, or why the one shown is unusable.
    """

    spot: SeenPrice | None
    previous_close: Decimal | None
    vix: SeenPrice | None
    chain: OptionChain | None
    share: Quote | str | None = None


class LiveMarket(ABC):
    """What the market data port promises of any broker's live market; a broker says how it looks."""

    underlying: Underlying
    session: TradingSession
    clock: Clock
    settings: LiveMarketSettings
    _attended: Expiries | None

    @abstractmethod
    def _look(self, now: dt.datetime) -> Look:
        """Ask the broker once.

        Raises:
            MissingData: no answer, or none that can be read.
        """

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        look = self._look(now := require_aware("now", now))
        return MarketSnapshot(
            at=now,
            underlying=self.underlying.symbol,
            spot=None if look.spot is None else look.spot.price,
            spot_at=None if look.spot is None else look.spot.at,
            chain=look.chain,
            vix=None if look.vix is None else look.vix.price,
            quote_age_limit=self.settings.quote_age_seconds,
            previous_close=look.previous_close,
            share=look.share if isinstance(look.share, Quote) else None,
            vix_at=None if look.vix is None else look.vix.at,
            share_defect=look.share if isinstance(look.share, str) else None,
        )

    def attend(self, expiries: Expiries | None) -> None:
        self._attended = expiries

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return next_step(self.session, self.settings.step_seconds, after)

    def fingerprint(self) -> str:
        """Empty: a live market cannot be shown again."""
        return ""

    def _close_is_out(self) -> bool:
        """Whether the session's official close may be asked for."""
        return self.clock.now() >= self.session.close + dt.timedelta(minutes=self.settings.settlement_minutes)


def asked_of_bars(seconds: int, start: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Both ends of a question for bars.

    Raises:
        InvalidInput: bars of no length, or a time without its zone.
    """
    if seconds < 1:
        raise InvalidInput("seconds", seconds, "give at least 1")
    return require_aware("start", start), require_aware("end", end)


def next_step(session: TradingSession, step_seconds: float, after: dt.datetime) -> dt.datetime:
    """The next step: the open when it is still to come, the close as one of them, then on from there.

    >>> session = TradingSession.of(dt.date(2026, 8, 19))
    >>> next_step(session, 3.0, session.open - dt.timedelta(hours=1)) == session.open
    True
    """
    after = require_aware("after", after)
    if after < session.open:
        return session.open
    begin = session.open if after < session.close else session.close
    step = dt.timedelta(seconds=step_seconds)
    following = begin + ((after - begin) // step + 1) * step
    return min(following, session.close) if after < session.close else following
