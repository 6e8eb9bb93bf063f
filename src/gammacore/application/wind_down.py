"""The end of a run: entries closed, working orders called back, and what is held closed where that is asked for.

Nothing is latched: the next start goes on with the ledger as it is. Rule: SC-1009.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from gammacore.domain.desks.flattening import go_flat
from gammacore.domain.desks.scalp_duties import AT_THE_BROKER
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.strategy import Cancel, Decision
from gammacore.errors import BrokerError

if TYPE_CHECKING:
    from gammacore.application.trade_day import TradeDay

REASON = "the run is being ended"
RUN_ENDED = "run_ended"
AGAIN = dt.timedelta(seconds=2)
"""From a closing order that came to nothing to the next (ours)."""


class WindDown:
    """Call `step` until it returns True, or the caller's patience ends."""

    def __init__(self, day: TradeDay) -> None:
        self._day = day

    def step(self, *, flatten: bool) -> bool:
        """One look at orders and account, and what follows from it. True once it is over and verified.

        While the exchange is closed nothing can be closed: then it is over once no order works.
        """
        day = self._day
        flatten = flatten and day.session.is_trading(day.clock.now())
        day.survival.begin_cycle()
        day.survival.run("orders", partial(day.desk.advance, at_once=True))
        day.keep_house()
        for step in self._steps(flatten=flatten):
            day.survival.run("an order", partial(day.carry_out, step))
        works = any(not order.ticket.is_stop for order in day.ledger.book.working_orders)  # a stop outlives the run
        if works or (flatten and self.held()):
            return False
        return not flatten or self._is_flat_at_the_broker()

    def held(self) -> Mapping[str, int]:
        """Signed shares and contracts by symbol, of everything a strategy chose to hold."""
        total: dict[str, int] = {}
        for holding in self._chosen():
            for symbol, quantity in holding.quantities.items():
                total[symbol] = total.get(symbol, 0) + quantity
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    def reaches_broker(self) -> bool:
        """Whether the broker answers now."""
        try:
            self._day.broker.holdings()
        except BrokerError:
            return False
        return True

    def alarm(self, detail: str) -> None:
        """Alert people of an end by a fault, or one that left something."""
        day, now = self._day, self._day.clock.now()
        if day.watch is not None:
            day.watch.crashed(detail, now)
        day.ledger.record(AlarmRaised(now, RUN_ENDED, detail))

    def _steps(self, *, flatten: bool) -> list[Decision]:
        book, now = self._day.ledger.book, self._day.clock.now()
        steps: list[Decision] = [
            Cancel(order.id, REASON) for order in book.working_orders if _is_called_back(order, flatten=flatten)
        ]
        if flatten and not steps:
            for holding in self._chosen():
                steps.extend(go_flat(holding, book, now, AGAIN))
        return steps

    def _is_flat_at_the_broker(self) -> bool:
        """Whether the broker shows nothing of what was held; without an answer it is not known, and asked again.

        What another trader holds in the same account is not ours to close.
        """
        book = self._day.ledger.book
        try:
            held = self._day.broker.holdings()
        except BrokerError:
            return False
        expected, foreign = book.expected_holdings(), book.quarantined
        symbols = {symbol for order in book.orders_since(self._day.session.open) for symbol in order.ticket.symbols}
        return all(held.get(s, 0) == expected.get(s, 0) + foreign.get(s, 0) for s in symbols)

    def _chosen(self) -> Iterator[AnyHolding]:
        """What a strategy chose to hold, spreads excepted, which have exits of their own."""
        return (one for one in self._day.ledger.book.live_holdings if one.is_chosen and one.plan is None)


def _is_called_back(order: Order, *, flatten: bool) -> bool:
    """Everything at the broker, but where all is closed anyway: an exit at market is on its way there already.

    A protective stop rests on: it is for the time in which nothing runs.
    """
    is_on_its_way = flatten and order.ticket.purpose is Purpose.EXIT and order.ticket.limit is None
    return order.state in AT_THE_BROKER and not is_on_its_way and not order.ticket.is_stop
