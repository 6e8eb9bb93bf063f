"""A market whose volatility is taken away: its quotes alone, as a broker's feed shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint


def quotes_alone(chain: OptionChain) -> OptionChain:
    """The chain without volatility and gamma."""
    unknown = np.full(len(chain), np.nan)
    bare = evolve(chain, iv=unknown, gamma=unknown)
    bare.defects.clear()  # unusable quotes were counted when they were taken out
    bare.defects.update(chain.defects)
    return bare


@frozen(eq=False)
class QuotesOnly:
    """Implements ports.market_data over another market.

    `clock` says when it is `official_at`, and their settlement price known; without one it always is.
    """

    market: MarketData
    clock: Clock | None = None
    official_at: dt.datetime | None = None

    @property
    def label(self) -> str:
        return self.market.label

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        return seen if seen.chain is None else evolve(seen, chain=quotes_alone(seen.chain))

    def attend(self, expiries: Expiries | None) -> None:
        """Everything is shown at no cost."""

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
