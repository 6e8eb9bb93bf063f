"""Orders about which nothing readable comes: alarmed after their life, which counts from the intent.

Rules: CS-410, CS-563, DH-241.
"""

from __future__ import annotations

import datetime as dt

from gammacore.application.alarms import RepeatedAlarms
from gammacore.domain.hedging.decision import Alarm
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import Execution, Order, OrderReport, OrderState
from gammacore.ports.clock import Clock

UNANSWERED = dt.timedelta(seconds=30)
"""So long after the broker took a cancel, and no report since, the order no longer keeps another back (ours)."""

ENDED_UNREPORTED = "no report of it came, and the broker shows nothing of it traded"
"""Why an order counts as canceled that the broker never reported as such: it may work all the same."""


class SilentOrders:
    """Remembers, for this process, when each order was last reported, and which cancels the broker took."""

    def __init__(self, clock: Clock, life: OrderLife, fill_timeout: dt.timedelta) -> None:
        self._clock = clock
        self._life = life
        self._fill_timeout = fill_timeout
        self._answered: dict[str, dt.datetime] = {}
        self._cancels_taken: dict[str, dt.datetime] = {}
        self.reported_less: dict[str, Execution] = {}
        """By order, what its last report says is filled where that is less than is booked."""
        self._alarm = RepeatedAlarms(clock)

    def note_report(self, order: Order) -> None:
        self._answered[order.id] = self._clock.now()
        self.reported_less.pop(order.id, None)

    def has_answered(self, order: Order) -> bool:
        """Whether something readable came about it since it last changed in the book."""
        return self._answered.get(order.id, order.intended_at) > order.changed_at

    def cancel_was_taken(self, order_id: str) -> None:
        self._cancels_taken.setdefault(order_id, self._clock.now())

    def includes(self, order: Order) -> bool:
        """Whether nothing readable has come about it for its life, or for the fill time-out where that is shorter."""
        life = self._life.life_seconds(order.ticket)
        patience = self._fill_timeout
        if life is not None:
            patience = min(patience, dt.timedelta(seconds=life))
        return order.is_working and self._clock.now() - self._since(order) >= patience

    def alarms(self, order: Order, why: str = "") -> tuple[AlarmRaised, ...]:
        """The alarm of a silent order, every five minutes, whatever its state: it counts as in flight. Rule: DH-241.

        `why` is what the look failed by.
        """
        if not self.includes(order):
            return ()
        silent = (self._clock.now() - self._since(order)).total_seconds()
        detail = f"no news of order {order.id} for {silent:.0f} s; it counts as in flight"
        detail = f"{detail} ({why})" if why else detail
        return self._alarm(Alarm.FILL_UNKNOWN.value, detail, order.ticket.holding, about=order.id)

    def odd_words(self, order: Order, report: OrderReport) -> tuple[AlarmRaised, ...]:
        """What the broker says of an order that works, in a word we do not know or as a reason, once. Rule: CS-410."""
        if not order.is_working or report.state.is_final or not report.reason:
            return ()
        detail = f"the broker says of order {order.id}: {report.reason}; it counts as in flight"
        about = f"{order.id} {report.reason}"
        return self._alarm("order_word", detail, order.ticket.holding, about=about, again=None)

    def ended_without_report(self, order: Order) -> bool:
        """Whether the broker took a cancel of it a while ago and no report of it came since.

        A close at market that would have filled at once ends like that without a cancel: where no answer to it came, it
        has no id to be called back by. What the holdings show must agree. Rules: CS-409, CS-535.
        """
        now, since = self._clock.now(), self._since(order)
        if order.state is OrderState.UNKNOWN:
            return order.ticket.buys_back and order.ticket.is_market and self.includes(order)
        taken = self._cancels_taken.get(order.id)
        is_called_back = order.state is OrderState.CANCEL_REQUESTED and taken is not None
        return is_called_back and taken is not None and now - taken >= UNANSWERED and since < taken

    def works_after_all(self, order: Order, report: OrderReport) -> bool:
        """Whether an order that was ended without a report is at work by its first one: it is called back again. R9."""
        return order.state is OrderState.CANCELED and order.reason == ENDED_UNREPORTED and not report.state.is_final

    def _since(self, order: Order) -> dt.datetime:
        return max(order.intended_at, self._answered.get(order.id, order.intended_at))
