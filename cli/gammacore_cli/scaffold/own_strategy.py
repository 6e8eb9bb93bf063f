"""own-strategy: five shares, bought at 10:00 New York and sold at 15:30. Change it step by step; its test runs offline.

    gammacore trade --strategy own_strategy.py:OwnStrategy
    python -m pytest test_own_strategy.py

A strategy is a name and three pure methods: no clock, no file, no network, no state of its own. The same situation
gives the same decisions, so a day can be traded again, and a restart goes on where the ledger stands. Everything it may
look at is in `gammacore.Situation`: the time, the market, and the book with what is held and which orders work. Orders,
restarts, limits, reports and `gammacore flatten` are the loop's.

`decide` is asked every few seconds, and an order may take longer than that to fill. So it looks at its own working
orders and its holdings first: while an order works, what is held is about to change, and nothing is sent a second time.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

import gammacore
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.sessions import new_york
from gammacore.domain.strategy import Trade


@frozen
class OwnStrategy:
    """Its figures are fields with defaults, so that a test can vary them."""

    name: str = "own-strategy"  # in the ledger and in each order's id: keep it once money was traded under it
    default_underlying: str = "SPY"  # traded where neither --underlying nor the configuration names another
    shares: int = 5
    begin: dt.time = dt.time(10)  # New York
    end: dt.time = dt.time(15, 30)

    def needs(self, now: dt.datetime, session: gammacore.TradingSession, book: BookView) -> gammacore.Needs:
        """What this look needs besides the market and the book, like dealer gamma: `Needs(exposure=True)`."""
        return gammacore.Needs()

    def deadlines(self, session: gammacore.TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """Instants at which `decide` must be asked even when the market is silent."""
        return new_york(session.date, self.begin), new_york(session.date, self.end)

    def decide(self, situation: gammacore.Situation) -> gammacore.Decisions:
        """What to do now; an empty answer is no order."""
        book, now = situation.book, situation.now
        share, date = situation.underlying.symbol, situation.session.date
        begin, end = self.deadlines(situation.session, book)
        own = f"{share}-{date:%Y%m%d}-{self.name}"  # the holding's name; one a day

        # 1. Wait while an order works: it may still fill.
        if any(order.is_working for order in book.orders_of(own)):
            return gammacore.Decisions()

        # 2. Look at what is held. A holding stays in the book when it is closed: nothing is bought twice a day.
        holding = book.holding(own)
        held = 0 if holding is None else holding.held(share)

        # 3. Enter once. Without a fresh price there is nothing to decide on.
        if holding is None and begin <= now < end and situation.price is not None:
            legs = (ShareLeg(share, Side.BUY, closes=False),)
            buy = Trade(own, self.name, share, Purpose.ENTRY, legs, self.shares, Effect.DEBIT, reason="begin")
            return gammacore.Decisions((buy,))

        # 4. Leave with all that is held, also when the entry filled in part; a refused exit is tried again here.
        if holding is not None and held > 0 and now >= end:
            return gammacore.Decisions((closing_trade(holding, share, Purpose.EXIT, reason="end"),))
        return gammacore.Decisions()
