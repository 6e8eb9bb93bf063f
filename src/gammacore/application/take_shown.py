"""Take in what the holdings show and no report says: booked, flagged, alarmed. Rules: R2, CS-408, CS-409, CS-411."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Set

from attrs import frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.application.silent_orders import ENDED_UNREPORTED, SilentOrders
from gammacore.domain.desks.order_news import LATE_FILLS
from gammacore.domain.desks.orphans import ReconcileRules
from gammacore.domain.desks.outside_trades import taken_back
from gammacore.domain.desks.shown_fills import fills_after_all, is_taken_back, unreported_fills
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.holdings.lots import with_price
from gammacore.domain.ledger import AlarmRaised, OrderCanceled, OrderFilled, OrderNotSent
from gammacore.domain.orders import Execution, Order, OrderState
from gammacore.ports.clock import Clock


@frozen
class TakeShown:
    """Books what orders have filled by the holdings; their own news, when they come, correct the price."""

    ledger: DayLedger
    silent: SilentOrders
    clock: Clock
    rules: ReconcileRules

    def unreported(self, has_expired: Callable[[str], bool]) -> None:
        """Fills that no report shows, of silent orders and of what leaves a short naked. Rule: R2.

        What has expired is gone by settlement, and says nothing of an order: its own report is waited for.
        """
        after, orders = dt.timedelta(seconds=self.rules.cover_seconds), self.ledger.book.working_orders
        silent = {order.id for order in orders if self.silent.includes(order)}
        absence = dt.timedelta(seconds=self.rules.absence_seconds)
        for order, shown in tuple(unreported_fills(self.ledger.book, self.clock.now(), after, silent, absence)):
            if not any(map(has_expired, order.ticket.symbols)):
                self._book(order, shown)

    def taken_after_all(self, unknown: Mapping[str, int]) -> set[str]:
        """Symbols that an order brought which counted as refused or never sent: it is ours. Rules: CS-408, CS-574.

        As long as a broker may show a fill late, no longer: after that only its own report says so.
        """
        taken: set[str] = set()
        since = self.clock.now() - dt.timedelta(seconds=self.rules.absence_seconds) - LATE_FILLS
        for order, shown in tuple(fills_after_all(self.ledger.book, since, unknown)):
            self._book(order, shown)
            taken.update(order.ticket.symbols)
        return taken

    def take_back(self) -> None:
        """Give up what was taken for filled where the report and, for a while, the holdings say that it is not. R2."""
        now, after = self.clock.now(), dt.timedelta(seconds=self.rules.cover_seconds)
        for order in self.ledger.book.working_orders:
            reported = self.silent.reported_less.get(order.id)
            if reported is None or not is_taken_back(self.ledger.book, order, reported, now, after):
                continue
            back = order.ticket.gained(order.execution, reported)
            gone = ", ".join(f"{change:+d} {symbol}" for symbol, change in back.items())
            detail = f"order {order.id} was taken for filled by the holdings; they and its report now say {gone}"
            del self.silent.reported_less[order.id]
            self.ledger.record(
                *taken_back(self.ledger.book.holdings[order.ticket.holding], back, order.id, now),
                OrderFilled(now, order.id, reported, complete=False),
                AlarmRaised(now, "fill_taken_back", detail, order.ticket.holding),
            )

    def end_unreported(self, differing: Set[str]) -> None:
        """End orders whose cancel the broker took and of which no report came since: none waits for them. CS-409.

        The holdings agree where none of an order's symbols is `differing`: nothing of it is shown as traded, or it is
        gone by settlement. What fills all the same is a late fill like any other.
        """
        now = self.clock.now()
        for order in self.ledger.book.working_orders:
            if self.silent.ended_without_report(order) and differing.isdisjoint(order.ticket.symbols):
                why = ENDED_UNREPORTED
                never = order.state is OrderState.UNKNOWN
                self.ledger.record(OrderNotSent(now, order.id, why) if never else OrderCanceled(now, order.id, why))

    def _book(self, order: Order, shown: Execution) -> None:
        """`shown` is all that is filled of the order, what was known before included."""
        now, ticket = self.clock.now(), order.ticket
        holding = self.ledger.book.holdings[ticket.holding]
        execution, _ = with_price(ticket, shown, holding.plan)
        is_complete = all(shown.filled_of(leg) >= leg.ratio * ticket.quantity for leg in ticket.legs)
        gained = ", ".join(f"{change:+d} {symbol}" for symbol, change in ticket.gained(order.execution, shown).items())
        detail = f"the broker shows {gained} of order {order.id}, which it reports as {order.state}; taken for filled"
        naked = _naked(holding.filled(ticket, order.execution, execution))
        if naked:
            detail = f"{detail}; naked short {naked}, bought back"
        self.ledger.record(
            OrderFilled(now, order.id, execution, is_complete, price_verified=False),
            AlarmRaised(now, "naked_short" if naked else "fill_not_reported", detail, holding.id),
        )


def _naked(holding: AnyHolding) -> dict[str, int]:
    return holding.naked_shorts() if is_spread(holding) else {}
