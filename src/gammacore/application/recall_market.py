"""Recall what the market showed: every look adds to it, and a restart relives the day so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress

from attrs import evolve

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.book.book import Book
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.market_memory import MarketMemory, WatchedSpread
from gammacore.domain.tape import Tape
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

NOTHING_SEEN = MarketMemory()


class RecallMarket:
    """Keeps the memory of the market between cycles. It is a fold of snapshots, so nothing of it is ledgered."""

    def __init__(
        self, ledger: DayLedger, market: MarketData, underlying: Underlying, begins_as: MarketMemory = NOTHING_SEEN,
        tape: Callable[[MarketSnapshot], Tape] | None = None,
    ) -> None:  # fmt: skip
        """`begins_as` says what is to be remembered. `tape` folds quotes elsewhere, those between two looks too, and is
        given each look; by default the looks alone are folded. Rule: SC-1004.
        """
        self._tape = tape
        self._ledger = ledger
        self._market = market
        self._underlying = underlying
        self.memory = begins_as

    def __call__(self, snapshot: MarketSnapshot) -> MarketMemory:
        """The memory with this look added."""
        self.memory = self._after(snapshot, self._ledger.book)
        return self.memory

    def _after(self, snapshot: MarketSnapshot, book: Book) -> MarketMemory:
        if self._tape is None:
            return self.memory.after(snapshot, book, self._underlying)
        folded = evolve(self.memory, tape=None).after(snapshot, book, self._underlying)
        return evolve(folded, tape=self._tape(snapshot))

    def watch(self, slot: dt.datetime, watched: WatchedSpread) -> None:
        """Begin to watch a spread before it is sold; a restart begins anew. Rule: CS-361."""
        self.memory = self.memory.watching(slot, watched)

    def rebuild(self, start: dt.datetime, now: dt.datetime) -> None:
        """Rebuild the memory of [start, now) from the ledger and the market, as a run without a break would have it.

        A live feed does not show the past: there the memory starts afresh.
        """
        relives = bool(self._ledger.book.live_spreads) or self.memory.tape is not None or self._tape is not None
        if start >= now or not relives or not self._market.fingerprint():
            return
        events, reported = list(self._ledger.events()), 0
        book, at = Book(), start
        while at < now:
            while reported < len(events) and events[reported].at <= at:
                book.apply(events[reported])
                reported += 1
            with suppress(MarketDataError):  # nothing was seen then either
                self.memory = self._after(self._market.snapshot(at), book)
            at = self._market.next_at(at)
