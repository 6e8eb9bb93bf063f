"""A market of which nothing before an instant is shown: a study's warm-up is only so long. Rule: ST-202."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from attrs import evolve

from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.ports.market_data import MarketData


class HiddenPast:
    """Wraps a market: no bar that began before `since`, and no previous close of a session before it.

    Everything else is the wrapped market's, its label and fingerprint too: what is hidden is an option of the run.
    """

    def __init__(self, market: MarketData, since: dt.datetime, *, hides_previous: bool) -> None:
        self.wrapped = market
        self._since = since
        self._hides_previous = hides_previous

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        """What the market shows, without the close of a session that is not read."""
        shown = self.wrapped.snapshot(now)
        return evolve(shown, previous_close=None) if self._hides_previous else shown

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """The bars that begin at `since` or later. See `MarketData.bars`."""
        start = max(start, self._since)
        return self.wrapped.bars(underlying, seconds, start, end) if start < end else ()
