"""A stream of share quotes made of any market that shows them: recorded, simulated, or scripted by a test. SC-1013."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

from attrs import frozen

from gammacore.domain.sessions import TradingSession
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import MarketData, StreamedQuote


@frozen
class MarketQuotes:
    """Implements ports.market_data.QuoteStream: every quote the market shows, at its step, until the close.

    The plain loop asks for the same messages one by one (`upcoming`).
    """

    market: MarketData
    symbol: str
    session: TradingSession
    clock: Clock
    name: str = "recorded quotes"

    async def messages(self) -> AsyncIterator[StreamedQuote]:
        after = self.clock.now()
        while (message := self.upcoming(after)) is not None:
            after = message.arrived_at
            if (left := (after - self.clock.now()).total_seconds()) > 0:
                await asyncio.sleep(left)
            yield message

    def upcoming(self, after: dt.datetime) -> StreamedQuote | None:
        """The first message after an instant: a quote other than the one before, or why none is usable."""
        before = self._shown(after)
        while (after := self.market.next_at(after)) < self.session.close:
            message = self._shown(after)
            if message.shown is not None and message.shown != before.shown:
                return message
            before = message
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _shown(self, at: dt.datetime) -> StreamedQuote:
        seen = self.market.snapshot(at)
        return StreamedQuote(self.symbol, seen.share or seen.share_defect, at)
