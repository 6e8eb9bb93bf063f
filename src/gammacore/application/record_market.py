"""Record a market's day as the trading loop would have seen it, so that a replay comes to the same decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from attrs import frozen

from gammacore.application.gather_history import DAYS_BACK, openings_of
from gammacore.application.trade_day import SETTLEMENT_PATIENCE
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.market_history import ONE_DAY, ONE_MINUTE
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.errors import MarketDataError
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import MarketData, Recorder, SettlementPrint

SETTLEMENT_LOOK = dt.timedelta(minutes=1)
"""How often the official close is asked for once the session is over."""

OnLine = Callable[[str], None]


@frozen(eq=False)
class RecordMarket:
    """One underlying's day, from now (its open at the earliest) to its settlement.

    A look that fails is kept as one that showed nothing, which is what the loop makes of it (CS-504). `previous` is the
    session whose bars the filters ask for; `tell` is called, once for each stretch, that the market does not answer.
    """

    market: MarketData
    underlying: Underlying
    session: TradingSession
    previous: TradingSession | None
    clock: Clock
    recorder: Recorder
    tell: OnLine = lambda _words: None

    def looks(self) -> int:
        """Look until the close has been seen; how many looks failed."""
        self.clock.wait_until(self.session.open)
        failed, answered = 0, True
        while True:
            now = self.clock.now()
            seen = self._look(now, answered)
            failed, answered = failed + (seen is None), seen is not None
            self.recorder.append(seen or MarketSnapshot(now, self.underlying.symbol, None, None, None, None))
            if now >= self.session.close:
                return failed
            self.clock.wait_until(self.market.next_at(now))

    def _look(self, now: dt.datetime, answered: bool) -> MarketSnapshot | None:
        try:
            return self.market.snapshot(now)
        except MarketDataError as silence:
            if answered:
                self.tell(f"{self.market.label}: {silence}; a look that showed nothing is recorded as one")
            return None

    def settlement(self) -> SettlementPrint | None:
        """The official close, waited for as long as the loop waits; None when it was not reported."""
        while (reported := self._settlement_now()) is None:
            now = self.clock.now()
            if now >= self.session.close + SETTLEMENT_PATIENCE:
                return None
            self.clock.wait_until(now + SETTLEMENT_LOOK)
        self.recorder.write_settlement(self.session.date, reported)
        return reported

    def _settlement_now(self) -> SettlementPrint | None:
        try:
            return self.market.settlement(self.underlying.symbol, self.session.date)
        except MarketDataError:
            return None  # asked for again

    def bars(self) -> None:
        """Keep every bar the filters and the desks may ask for, up to now. Rules: CS-355, SC-304, SC-309, SC-912."""
        session, end = self.session, min(self.clock.now(), self.session.close)
        begin = (self.previous or session).open
        for symbol in filter(None, dict.fromkeys((self.underlying.symbol, self.underlying.hedge_share, "VIX"))):
            for seconds, start in ((60, begin), (300, begin), (ONE_DAY, session.open - DAYS_BACK)):
                self._keep(symbol, seconds, start, end)
        days = self._known(self.underlying.symbol, ONE_DAY, session.open - DAYS_BACK, session.open)
        for start, end in openings_of([bar for bar in days if new_york_date(bar.start) < session.date]):
            self._keep(self.underlying.symbol, ONE_MINUTE, start, end)

    def _keep(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> None:
        self.recorder.write_bars(symbol, self._known(symbol, seconds, start, end))

    def _known(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        try:
            return self.market.bars(symbol, seconds, start, end)
        except MarketDataError as silence:
            self.tell(f"{symbol}: no bars of {seconds} s are recorded: {silence}")
            return ()
