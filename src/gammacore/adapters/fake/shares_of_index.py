"""The shares that follow an index, where only the index is recorded or simulated: its price divided by their ratio."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN

from attrs import evolve, frozen

from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.spreads import CENT
from gammacore.ports.market_data import MarketData, SettlementPrint


@frozen
class SharesOfIndex:
    """A market of `index.hedge_share` made of the market of the index; no chain. Rule: DH-220.

    Real shares stray from index / ratio by dividends and financing: a study's figure, never a live price.
    """

    market: MarketData
    index: Underlying

    @property
    def label(self) -> str:
        return f"{self.index.hedge_share} as {self.index.symbol} / {self.index.hedge_ratio}, {self.market.label}"

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        price = None if seen.spot is None else (seen.spot / self.index.hedge_ratio).quantize(CENT, ROUND_HALF_EVEN)
        return evolve(seen, underlying=self.index.hedge_share, spot=price, chain=None, previous_close=None)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.market.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """None: shares do not settle."""
        return None

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """None are kept of these shares."""
        return ()

    def fingerprint(self) -> str:
        return self.market.fingerprint()
