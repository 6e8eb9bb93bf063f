"""How long an order works, when it is called back, from when on its absence counts. Rules: CS-409, CS-535, R4."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.orders import Order, OrderState, OrderTicket, Purpose
from gammacore.domain.parameters import parameter
from gammacore.errors import OrderTooOld

CALLED_BACK_AGAIN = 60
"""Seconds between the cancels of an order that none has ended yet, after the first few (ours).

Rules: CS-409, SC-212, R9.
"""


@frozen
class OrderLife:
    """How long an order works and how it is called back, one step a cycle. Rules: CS-409, CS-535."""

    poll_seconds: int = parameter(10, "A working order is looked at this often, seconds.", at_least=0)
    entry_life_seconds: int = parameter(300, "An entry that has not filled by then is called back.", above=0)
    exit_life_seconds: int = parameter(30, "A close at a limit that has not filled by then is sent anew.", above=0)
    market_exit_life_seconds: int = parameter(
        120, "A close at market that buys shorts back and has not filled by then is sent anew.", above=0
    )
    verify_seconds: int = parameter(3, "A cancel is looked at again after this many seconds.", at_least=0)
    max_cancels: int = parameter(3, "Cancels sent for one order in a row, before one a minute.", at_least=1)
    absent_looks: int = parameter(2, "Looks in a row that must not find an order before it counts as absent.",
                                  at_least=1)  # fmt: skip
    absent_seconds: int = parameter(
        15,
        "At a real broker an order that is not found counts as absent no sooner after it was sent, seconds.",
        at_least=0,
    )
    resend_seconds: int = parameter(30, "An intent leaves only while younger, also after a restart.", at_least=0)

    def should_cancel(self, order: Order, now: dt.datetime) -> bool:
        """An order has had its time; a cancel without an answer is repeated, `max_cancels` in a row, then each minute.

        It is never given up: while the order works no exit takes its place, and a short of it may be naked. Asking
        once more ends nothing that is not ended yet and sends nothing new. Rules: SC-211, SC-212, decision 0051.

        Buying back at market fills or is refused at once; what rests is lost somewhere, and another is only sent when
        the broker has reported that this one is gone. A sale at market may rest. Rules: CS-409, CS-563, R9.
        """
        if order.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED):
            life = self.life_seconds(order.ticket)
            return life is not None and order.age_seconds(now) >= life
        if order.state is not OrderState.CANCEL_REQUESTED:
            return False
        pause = self.verify_seconds if order.cancels < self.max_cancels else max(self.verify_seconds, CALLED_BACK_AGAIN)
        return (now - order.changed_at).total_seconds() >= pause

    def believes_absence_from(self, order: Order) -> dt.datetime:
        """From when on an order that no look finds may count as absent: a broker may list late what it has. Rule: R4.

        What buys back a short is not waited for: until it fills the risk stays, and twice is a long, which is bounded.
        """
        patience = 0 if order.ticket.buys_back else self.absent_seconds  # a resting stop is no purchase yet
        return order.changed_at + dt.timedelta(seconds=patience)

    def require_fresh(self, order: Order, now: dt.datetime, time_is_doubted: bool = False) -> None:
        """The gate of an order, asked next to the wire: after every look-up, wait and connection. Rules: R1, R10.

        Raises:
            OrderTooOld: it was decided too long ago, or how long ago is unknown.
        """
        if (age := order.age_seconds(now)) > self.resend_seconds:
            raise OrderTooOld(f"{age:.0f} s old when it was about to leave: to be decided anew")
        if time_is_doubted:
            raise OrderTooOld("the clock jumped while it was on its way: to be decided anew")

    def life_seconds(self, ticket: OrderTicket) -> int | None:
        """Seconds from its intent on that an order may rest; None for the day."""
        if ticket.life is not None:
            return ticket.life.seconds
        if ticket.purpose is Purpose.ENTRY:
            return self.entry_life_seconds
        if ticket.is_market:
            return self.market_exit_life_seconds if ticket.buys_back else None
        return self.exit_life_seconds if ticket.purpose.closes else None
