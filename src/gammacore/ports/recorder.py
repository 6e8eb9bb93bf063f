"""The recorder port: where what a market showed is kept, to be shown again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.ports.market_data import SettlementPrint


class Recorder(Protocol):
    """Keeps one market's day. What was kept survives the process."""

    def append(self, snapshot: MarketSnapshot) -> None:
        """Keep what was seen; never older than the look before."""
        ...

    def write_bars(self, symbol: str, bars: Sequence[Bar]) -> None:
        """Keep bars of any symbol; the same ones again change nothing."""
        ...

    def write_settlement(self, date: dt.date, settlement: SettlementPrint) -> None:
        """Keep the price the contracts of a date settled at."""
        ...
