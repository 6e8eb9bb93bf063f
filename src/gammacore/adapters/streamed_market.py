"""A market whose share quotes are streamed besides: the newest quote laid over the last poll, and the tape of them all.

Rules: SC-007, SC-008, SC-1002, SC-1004, SC-1008.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Protocol

from attrs import evolve

from gammacore.domain.market import Bar, MarketSnapshot, Quote
from gammacore.domain.tape import Tape
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint, StreamedQuote

POLLED = dt.timedelta(seconds=1)
"""From look to look while the feed does not let us listen. Rule: SC-1008."""


class RecordedStream(Protocol):
    """Quotes that were kept, to be shown again at their times."""

    def upcoming(self, after: dt.datetime) -> StreamedQuote | None:
        """The first message after an instant; None after the last."""
        ...


class StreamedMarket:
    """Implements ports.market_data.QuoteFeed over a polled market.

    The streamed quote gives `share`, and its middle the price, while it is at least as new as what was polled; while
    the stream is silent the polled market stands, so a silent stream never hides a newer price.

    One thread takes messages, another looks. The tape is folded under a lock, of microseconds: a look folds the quote
    it polled, for a day whose stream is down must have a tape too.
    """

    def __init__(
        self, polled: MarketData, symbol: str, tape: Tape, *, recorded: RecordedStream | None = None
    ) -> None:  # fmt: skip
        self._polled = polled
        self._symbol = symbol
        self._recorded = recorded
        self._lock = threading.Lock()
        self._tape = tape
        self._last: MarketSnapshot | None = None
        self._newest: StreamedQuote | None = None
        self._alive_at: dt.datetime | None = None
        self._is_refused = False

    # -- the stream's side --------------------------------------------------------------------------------------------

    def take(self, message: StreamedQuote) -> None:
        at = message.arrived_at
        self._alive_at = at if self._alive_at is None else max(self._alive_at, at)
        self._is_refused = False
        if message.shown is None or message.symbol != self._symbol:
            return
        quote, defect = _parted(message.shown)
        with self._lock:
            self._tape = self._tape.after(quote, at, self._tape.age_limit, defect=defect, alive_at=at)
        self._newest = message

    def refused(self) -> None:
        """The feed does not let us listen: until a message comes the market is polled every second."""
        self._is_refused = True

    # -- the core's side ----------------------------------------------------------------------------------------------

    @property
    def is_recorded(self) -> bool:
        return self._recorded is not None

    @property
    def newest(self) -> StreamedQuote | None:
        return self._newest

    def alive_at(self) -> dt.datetime | None:
        return self._alive_at

    def tape_after(self, market: MarketSnapshot) -> Tape:
        with self._lock:
            self._tape = self._tape.look(market, alive_at=self._alive_at)
            return self._tape

    def laid_over(self, now: dt.datetime) -> MarketSnapshot | None:
        return None if self._last is None else self._over(evolve(self._last, at=now))

    def upcoming(self, after: dt.datetime) -> StreamedQuote | None:
        return None if self._recorded is None else self._recorded.upcoming(after)

    def _over(self, market: MarketSnapshot) -> MarketSnapshot:
        message = self._newest
        if message is None or message.shown is None:
            return market
        quote, defect = _parted(message.shown)
        seen = message.arrived_at if quote is None else quote.at
        if market.share is not None and market.share.at > seen:
            return market
        if quote is None:
            return evolve(market, share=None, share_defect=defect)
        if market.spot is not None and market.spot_at is not None and market.spot_at > seen:
            return evolve(market, share=quote, share_defect=None)
        return evolve(market, share=quote, share_defect=None, spot=quote.mid, spot_at=quote.at)

    # -- the market ---------------------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        return self._polled.label

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        market = self._polled.snapshot(now)
        before, self._last = self._last, market
        if market.share is not None and (before is None or market.share != before.share):
            shown = min(market.share.at, now)
            self._alive_at = shown if self._alive_at is None else max(self._alive_at, shown)
        return self._over(market)

    def attend(self, expiries: Expiries | None) -> None:
        self._polled.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        following = self._polled.next_at(after)
        return min(following, after + POLLED) if self._is_refused else following

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self._polled.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self._polled.bars(underlying, seconds, start, end)

    def fingerprint(self) -> str:
        return self._polled.fingerprint()


def _parted(shown: Quote | str) -> tuple[Quote | None, str | None]:
    """The quote, or why there is none."""
    return (None, shown) if isinstance(shown, str) else (shown, None)
