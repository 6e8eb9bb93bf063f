"""A market whose volatility is taken away and implied again from its quotes: what a broker's feed makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attrs import evolve, frozen

from gammacore.domain.gex.own_volatility import with_own_volatility
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import MarketData, SettlementPrint


@frozen(eq=False)
class QuotesOnly:
    """Implements ports.market_data over another market of contracts that settle at `settles_at`.

    `clock` says when it is `official_at`, and their settlement price known; without one it always is.
    """

    market: MarketData
    settles_at: dt.datetime
    clock: Clock | None = None
    official_at: dt.datetime | None = None

    @property
    def label(self) -> str:
        return self.market.label

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        if seen.chain is None or seen.spot is None:
            return seen
        return evolve(seen, chain=with_own_volatility(seen.chain, seen.spot, lambda *_: self.settles_at))

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.market.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        if self.clock is not None and self.official_at is not None and self.clock.now() < self.official_at:
            return None
        return self.market.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.market.bars(underlying, seconds, start, end)

    def fingerprint(self) -> str:
        return self.market.fingerprint()
