"""Take a fill in that the holdings show and no report tells: booked, flagged, alarmed. Rules: R2, CS-408, CS-411."""

from __future__ import annotations

from attrs import frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.holdings.fill_price import with_price
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.ledger import AlarmRaised, OrderFilled
from gammacore.domain.orders import Execution, Order
from gammacore.ports.clock import Clock


@frozen
class TakeShown:
    """Books what an order has filled by the holdings; its own news, when they come, correct the price."""

    ledger: DayLedger
    clock: Clock

    def __call__(self, order: Order, shown: Execution) -> None:
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
