"""What waits for the core: the newest quote of each symbol, every fill in its order, and whether time has passed.

Everything here is called in the event loop. Rules: SC-1003, SC-1004, SC-1010.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from attrs import frozen

from gammacore.ports.broker import News
from gammacore.ports.driving import SlotCounts
from gammacore.ports.market_data import StreamedQuote

Kept = TypeVar("Kept")


class LatestSlot(Generic[Kept]):
    """One place for the newest of many: `put` overwrites, and never blocks or fails; `take` waits.

    >>> slot = LatestSlot()
    >>> slot.put("590.00"), slot.put("590.01"), slot.take_now()
    (None, None, '590.01')
    >>> slot.counts
    SlotCounts(put=2, overwritten=1, taken=1)
    """

    def __init__(self, on_put: Callable[[], None] = lambda: None) -> None:
        self._on_put = on_put
        self._kept: Kept | None = None
        self._filled: asyncio.Event | None = None
        self._is_closed = False
        self._put = self._overwritten = self._taken = 0

    def put(self, newest: Kept) -> None:
        """Keep it in place of what waits. A closed slot takes nothing any more."""
        if self._is_closed:
            return
        self._put += 1
        if self._kept is not None:
            self._overwritten += 1
        self._kept = newest
        if self._filled is not None:
            self._filled.set()
        self._on_put()

    def take_now(self) -> Kept | None:
        """What waits, once; None where nothing does."""
        kept, self._kept = self._kept, None
        if kept is not None:
            self._taken += 1
        return kept

    async def take(self) -> Kept:
        """What waits, or what comes next."""
        while (kept := self.take_now()) is None:
            self._filled = asyncio.Event()
            await self._filled.wait()
        return kept

    def close(self) -> None:
        """Take nothing any more; what still waits is overwritten by the end."""
        self._is_closed = True
        if self._kept is not None:
            self._kept = None
            self._overwritten += 1

    @property
    def counts(self) -> SlotCounts:
        return SlotCounts(self._put, self._overwritten, self._taken)


@frozen
class Tick:
    """Time has passed."""


Work = News | Tick | StreamedQuote
"""What the core is woken for, in the order of its urgency."""


class Inflow:
    """All that flows to the core. Fills keep their order and are never overwritten; ticks and quotes are coalesced."""

    def __init__(self) -> None:
        self._slots: dict[str, LatestSlot[StreamedQuote]] = {}
        self._fills: deque[News] = deque()
        self._is_due = False
        self._stirred = asyncio.Event()
        self.quotes = 0
        """Messages with a quote, those a slot overwrote too."""

    def quote(self, quote: StreamedQuote) -> None:
        self.quotes += 1
        if (slot := self._slots.get(quote.symbol)) is None:
            slot = self._slots[quote.symbol] = LatestSlot(self._stirred.set)
        slot.put(quote)

    def fill(self, news: News) -> None:
        self._fills.append(news)
        self._stirred.set()

    def tick(self) -> None:
        self._is_due = True
        self._stirred.set()

    async def next(self) -> Work:
        """The next thing to do: a fill, then time, then the quote of a symbol."""
        while (work := self._now()) is None:
            self._stirred.clear()
            await self._stirred.wait()
        return work

    def close(self) -> None:
        """No quote is taken any more."""
        for slot in self._slots.values():
            slot.close()

    @property
    def slots(self) -> Mapping[str, SlotCounts]:
        return {symbol: slot.counts for symbol, slot in self._slots.items()}

    def _now(self) -> Work | None:
        if self._fills:
            return self._fills.popleft()
        if self._is_due:
            self._is_due = False
            return Tick()
        return next((quote for slot in self._slots.values() if (quote := slot.take_now()) is not None), None)
