"""Confirm what is closed: a holding that is flat by fills is booked once the broker shows it flat too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from gammacore.application.alarms import Containment
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.book.results import booked, end_of
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.orders import Order
from gammacore.domain.sessions import TradingSession
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

PRICE_PATIENCE = dt.timedelta(seconds=60)
"""So long a filled close waits for the price the broker has not reported, before the worst is booked (ours)."""
CONFIRMED_WITHIN = dt.timedelta(minutes=2)
"""So long after its last fill a loop that would end stays to see the broker confirm it: longer than a missing price."""


class ConfirmClosed:
    """Books what is over, exactly once. Rules: CS-411, CS-561..564."""

    def __init__(
        self,
        ledger: DayLedger,
        broker: Broker,
        clock: Clock,
        after: dt.timedelta = dt.timedelta(seconds=2),
        has_answered: Callable[[Order], bool] = lambda order: True,
    ) -> None:
        """`after`: a broker's list of holdings may be older than a fill by so much. Rule: CS-562.

        `has_answered`: whether the broker has reported an order since it was booked as filled.
        """
        self._after = after
        self._has_answered = has_answered
        self._contained = Containment(ledger, clock)
        self._ledger = ledger
        self._broker = broker
        self._clock = clock

    def __call__(self, session: TradingSession) -> None:
        """Book holdings that are flat by fills, once a successful query shows only what others hold.

        Shares are not compared: another trader of the account may hold some beside ours. What went in this session at
        no known price may be shown again: it is booked, as an estimate, once the session is over. Rule: CS-572.
        """
        if not (live := self._ledger.book.live_holdings):
            return
        is_on = self._clock.now() < session.close
        flat = [holding for holding in live if self._may_be_over(holding) and not self._may_return(holding, session)]
        flat = [holding for holding in flat if not (is_on and self._may_be_priced(holding))]
        if not flat:
            return
        try:
            held = by_contract(self._broker.holdings())
        except BrokerError:
            return  # a failed query confirms nothing
        book = self._ledger.book
        expected, foreign = book.expected_holdings(), book.quarantined
        for holding in flat:
            options = [symbol for symbol, lots in holding.lots.items() if lots.is_option]
            if all(held.get(s, 0) == expected.get(s, 0) + foreign.get(s, 0) for s in options):
                self._contained(partial(self._book, holding), f"the end of {holding.id}", holding.id)

    def _may_return(self, holding: AnyHolding, session: TradingSession) -> bool:
        is_on = self._clock.now() < session.close
        return is_on and any(missing.since >= session.open for missing in holding.missing.values())

    def _may_be_priced(self, holding: AnyHolding) -> bool:
        """Whether only the holdings showed a fill so far: its price comes once the broker answers again. CS-411."""
        return any(not self._has_answered(order) for order in self._unpriced_closes(holding))

    def is_waiting(self) -> bool:
        """Whether a holding became flat by fills a moment ago: what the broker holds is still to be seen. CS-562."""
        flat = (one for one in self._ledger.book.live_holdings if one.is_flat and one.has_filled)
        return any(self._clock.now() - self._last_change(holding) < CONFIRMED_WITHIN for holding in flat)

    def _book(self, holding: AnyHolding) -> None:
        """Book a close the broker has confirmed; a price it never reported is an estimate, and alarmed. CS-411."""
        now, orders = self._clock.now(), self._ledger.book.orders_of(holding.id)
        unpriced = self._unpriced_closes(holding)
        alarms = (
            AlarmRaised(now, "price_missing", f"{order.id} is booked at {order.execution.price}, the worst", holding.id)
            for order in unpriced
        )
        self._ledger.record(*alarms, booked(holding, now, end_of(holding, orders), estimated=bool(unpriced)))

    def _unpriced_closes(self, holding: AnyHolding) -> list[Order]:
        orders = self._ledger.book.orders_of(holding.id)
        return [order for order in orders if order.lacks_price and order.ticket.purpose.closes]

    def _may_be_over(self, holding: AnyHolding) -> bool:
        if not holding.is_flat or not holding.has_filled:
            return False
        now = self._clock.now()
        if any(order.is_working for order in self._ledger.book.orders_of(holding.id)):
            return False
        if any(now - order.changed_at < PRICE_PATIENCE for order in self._unpriced_closes(holding)):
            return False
        return now - self._last_change(holding) >= self._after

    def _last_change(self, holding: AnyHolding) -> dt.datetime:
        orders = self._ledger.book.orders_of(holding.id)
        return max((order.changed_at for order in orders), default=holding.opened_at)
