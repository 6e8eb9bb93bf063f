"""Share orders that ended unfilled are asked for again while the account shows shares the book lacks.

An option that is too much is compared and asked about (CS-574); of shares another trader may hold any number beside
ours (CS-571). So a hedge of which no answer came, and which no look found for a while, or of which a wrong answer said
that nothing filled, stayed in the account unseen.
Rules: R4, CS-408, CS-571.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.domain.desks.shown_fills import share_orders_unfound
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

ASKED_AGAIN = dt.timedelta(minutes=1)
"""A broker that finds an order after all does so within minutes; the shares may be another's for good (ours)."""
AT_MOST = 10
"""Orders asked for at a time, the newest: an account that refuses all day gives no end of them (ours)."""


class UnfoundShares:
    """Takes the fill of such an order from its own report, like any other; the holdings alone prove nothing."""

    def __init__(self, ledger: DayLedger, desk: OrderDesk, broker: Broker, clock: Clock) -> None:
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self._asked: dict[str, dt.datetime] = {}

    def __call__(self, held: Mapping[str, int]) -> None:
        """`held` are signed contracts and shares at the broker, by symbol."""
        now = self._clock.now()
        for order in tuple(share_orders_unfound(self._ledger.book, now, held))[-AT_MOST:]:
            if now - self._asked.get(order.id, dt.datetime.min.replace(tzinfo=dt.UTC)) < ASKED_AGAIN:
                continue
            self._asked[order.id] = now
            try:
                report = self._broker.order(order.id)
            except BrokerError:
                return
            if report is not None:
                self._desk.take(order, report)
