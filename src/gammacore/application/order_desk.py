"""The order desk: the only caller of `Broker.submit`. Intent first, then the wire; one step per order and cycle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from gammacore.application.alarms import ALARM_AGAIN, Containment, RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.application.guard import Guard
from gammacore.application.refusals import Refusals
from gammacore.application.silent_orders import ENDED_UNREPORTED, SilentOrders
from gammacore.domain.desks.closing import buying_back_since
from gammacore.domain.desks.order_news import lacks_price, may_fill_late, news_of, unpriced
from gammacore.domain.desks.protective import stops_beside
from gammacore.domain.desks.scalp_duties import AT_THE_BROKER
from gammacore.domain.holding_events import PolicyRecorded
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.holdings.plans import Opening, SpreadPlan, policy_id
from gammacore.domain.ledger import (
    AlarmRaised,
    CancelRequested,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
)
from gammacore.domain.order_answers import LESS_THAN_BOOKED, judge_answer
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import Order, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.domain.risk.guard import Refused, Risk
from gammacore.domain.scalping.trigger import TriggerRules
from gammacore.domain.verdicts import Verdict
from gammacore.errors import BrokerError, BrokerUnavailable, OrderRejected, OutcomeUnknown
from gammacore.ports.broker import Broker, News
from gammacore.ports.clock import Clock

UNCLEAR_AGAIN = dt.timedelta(minutes=1)
"""An order that no cancel ends keeps every other from being sent: that is reported more often. Rule: CS-410."""
FILL_TIMEOUT = dt.timedelta(seconds=60)
"""Without news of an order for this long a person is alerted. Rule: DH-241."""
STIRRED_AGAIN = dt.timedelta(seconds=4)
"""An order that the stream reports over and over is looked at this often: each look costs requests (ours)."""
_NOT_FOUND_YET = (OrderState.INTENDED, OrderState.UNKNOWN)


class OrderDesk:
    """Sends orders so that, whatever happens next, we know they were meant and can find out what became of them.

    Rules: CS-408..414, CS-535, R1, R4.
    """

    def __init__(
        self,
        ledger: DayLedger,
        broker: Broker,
        clock: Clock,
        life: OrderLife,
        guard: Guard,
        fill_timeout: dt.timedelta = FILL_TIMEOUT,
        time_is_doubted: Callable[[], bool] = lambda: False,
        triggers: TriggerRules | None = None,
    ) -> None:
        """`time_is_doubted` says whether the clock jumped and what the time is has not been settled since.

        `triggers` bound the age of a hedge at the wire, where a strategy hedges by them. Rule: SC-443.
        """
        self._triggers = triggers
        self._guard = guard
        self.refuse = Refusals(ledger, clock)
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._life = life
        self.silent = SilentOrders(clock, life, fill_timeout)
        self._time_is_doubted = time_is_doubted
        self._polled: dict[str, dt.datetime] = {}
        self._absences: dict[str, int] = {}
        self._called_back: set[str] = set()
        self._alarm = RepeatedAlarms(clock)
        self._stirred: set[str] = set()
        self._misread: dict[str, int] = {}
        self._contained = Containment(ledger, clock)
        self._spoken_of: set[str] = set()

    def on_news(self, news: News) -> None:
        """Orders the broker's stream spoke of are looked up at the next look; after a gap all that work are."""
        working = {order.id for order in self._ledger.book.working_orders}
        self._spoken_of |= news.orders & working
        self._stirred |= working if news.gap else news.orders & working

    def wakes(self) -> bool:
        """Whether the stream spoke of an order that was not looked at a moment ago: repeats cost no more than that."""
        now, orders = self._clock.now(), self._ledger.book.orders
        return any(orders[name].is_working and self._may_look_again(name, now) for name in self._spoken_of)

    def _may_look_again(self, order_id: str, now: dt.datetime) -> bool:
        last = self._polled.get(order_id)
        return last is None or now - last >= STIRRED_AGAIN

    def send(
        self,
        ticket: OrderTicket,
        opens: Opening | None = None,
        plan: SpreadPlan | None = None,
        first: Sequence[Event] = (),
    ) -> OrderState | Refused:
        """Ask the guard, record the intent durably (with `first`, in one append), then submit, once.

        `opens` is what the first order of a holding begins, `plan` that of a spread. A refusal is journaled where its
        reason is new; `first` is not recorded then. Where an intent grew too old before its first byte (the ledger was
        out of reach, the machine slept) the market is another one: nothing is sent.

        Raises:
            WriteConflict: another writer holds this ledger; nothing was sent.
        """
        if (known := self._ledger.book.order(ticket.id)) is not None:
            return known.state  # intended before: reconciliation decides, not a second submit
        if (waits := self._call_stops_back(ticket, first)) is not None:
            return waits
        judged = self._guard(ticket, plan, opens)
        if isinstance(judged, Refused):
            self.refuse.of(ticket, judged, first)
            return judged
        ticket = judged.ticket
        now = self._clock.now()
        self._ledger.record(*first, *self._new_policy(plan, now), OrderIntended(now, ticket, opens))
        if self._ledger.is_behind and judged.risk is not Risk.REDUCES:
            why = f"the ledger could not be written: {self._ledger.fault}"
            return self._note(OrderNotSent(self._clock.now(), ticket.id, why))
        return self._deliver(ticket)

    def _call_stops_back(self, ticket: OrderTicket, first: Sequence[Event]) -> Refused | None:
        """Call the stops back that rest on what an order closes, and look at once; a refusal while one still works.

        Until the broker has confirmed it, a stop may fill: beside it the same short would be bought back twice. Only
        then is `first` recorded alone. A close that nothing would let out leaves its stop where it is. Decision 0058.
        """
        if not (resting := stops_beside(ticket, self._ledger.book)):
            return None
        if (held_back := self._guard.holds_back(ticket)) is not None:
            self.refuse.of(ticket, held_back, first)
            return held_back
        for stop in resting:
            if stop.state in AT_THE_BROKER:
                self.cancel(stop, "closing")
            look = partial(self._look_up, self._ledger.book.orders[stop.id], self._clock.now())
            self._contained(look, f"the news of order {stop.id}", ticket.holding)
        works = [stop.id for stop in resting if self._ledger.book.orders[stop.id].is_working]
        if not works:
            return None
        self._ledger.record(*first)
        return Refused(Risk.REDUCES, Verdict.skip("stop_works", ", ".join(works), "is called back first"))

    def _new_policy(self, plan: SpreadPlan | None, now: dt.datetime) -> tuple[PolicyRecorded, ...]:
        """The stop policy of a spread, where this ledger does not have it yet."""
        if plan is None or self._ledger.book.knows_policy(name := policy_id(plan.policy)):
            return ()
        return (PolicyRecorded(now, name, plan.policy),)

    def _deliver(self, ticket: OrderTicket) -> OrderState:
        def gate() -> None:
            order, now = self._ledger.book.orders[ticket.id], self._clock.now()
            self._life.require_fresh(order, now, self._time_is_doubted())
            if self._triggers is not None and ticket.purpose is Purpose.HEDGE:
                self._triggers.require_alive(order.intended_at, now)

        try:
            receipt = self._broker.submit(ticket, gate)
        except OrderRejected as refusal:
            return self._note(OrderWasRejected(self._clock.now(), ticket.id, refusal.reason))
        except BrokerUnavailable as outage:  # refused before it left: nothing was sent
            return self._note(OrderNotSent(self._clock.now(), ticket.id, str(outage)))
        except BrokerError as doubt:  # OutcomeUnknown, and whatever else does not prove that nothing left
            reported = doubt.broker_id if isinstance(doubt, OutcomeUnknown) else ""
            return self._note(OrderOutcomeUnknown(self._clock.now(), ticket.id, str(doubt), reported))
        return self._note(OrderAccepted(self._clock.now(), ticket.id, receipt.broker_id))

    def _note(self, event: OrderWasRejected | OrderNotSent | OrderOutcomeUnknown | OrderAccepted) -> OrderState:
        self._ledger.record(event)
        return self._ledger.book.orders[event.id].state

    def cancel(self, order: Order, reason: str) -> None:
        """Ask for an order back, durably noted first; it may still fill. Rule: CS-409."""
        now = self._clock.now()
        alarm = _uncovered(self._ledger.book.holdings[order.ticket.holding], now)
        self._ledger.record(*alarm, CancelRequested(now, order.id, reason))
        try:
            self._ask_back(order)
        except BrokerError as refusal:
            self._ledger.record(AlarmRaised(self._clock.now(), "cancel_not_taken", str(refusal), order.ticket.holding))

    def _ask_back(self, order: Order) -> None:
        self._called_back.add(order.id)
        self._broker.cancel(order.id)
        self.silent.cancel_was_taken(order.id)

    def advance(self, *, at_once: bool = False) -> None:
        """Move every working order one step: look it up, book what is new, call it back when its time is over.

        Each at its own pace; `at_once` all of them, for a run that is being ended (SC-1009).
        A failed look is no news: the order stays as it is. What one order's news breaks leaves the others untouched.
        """
        book = self._ledger.book
        for order in (*book.working_orders, *unpriced(book), *may_fill_late(book, self._clock.now())):
            now = self._clock.now()
            if order.state is OrderState.CANCEL_REQUESTED and order.id not in self._called_back:
                with suppress(BrokerError):  # noted before a restart, it may never have left; the look below tells
                    self._ask_back(order)
            if at_once or self._is_due(order, now):
                self._contained(
                    partial(self._look_up, order, now), f"the news of order {order.id}", order.ticket.holding
                )

    def deadlines(self) -> tuple[dt.datetime, ...]:
        """Instants at which an order not found may count as absent, and is looked for again. Rule: R4."""
        if not (working := self._ledger.book.working_orders):
            return ()
        lost = (order for order in working if order.state in _NOT_FOUND_YET)
        called_back = (one for one in working if one.state is OrderState.CANCEL_REQUESTED)
        return (
            *(max(self._life.believes_absence_from(order), self._looked_up_again_at(order)) for order in lost),
            *(self._looked_up_again_at(order) for order in called_back if order.ticket.is_stop),  # a close waits for it
        )

    def _looked_up_again_at(self, order: Order) -> dt.datetime:
        """Seconds from the last look, not a whole step of the market: what is lost may be an exit. Rule: CS-409."""
        last = self._polled.get(order.id, order.changed_at)
        return last + dt.timedelta(seconds=self._life.verify_seconds)

    def _look_up(self, order: Order, now: dt.datetime) -> None:
        self._polled[order.id] = now
        self._stirred.discard(order.id)
        self._spoken_of.discard(order.id)
        try:
            report = self._ask(order)
        except BrokerError as failure:
            self._no_report(order, now, str(failure))
            return
        if report is None:
            if order.is_working:
                self._absent(order, now)
                self._no_report(self._ledger.book.orders[order.id], now)
            return
        self._absences.pop(order.id, None)
        self.take(order, report)
        if order.id in self._misread:
            self._no_report(order, now)
            return
        self.silent.note_report(order)
        if self.silent.works_after_all(order, report):
            self.cancel(order, "it works after all")
        self._ledger.record(*self.silent.odd_words(order, report))
        self._call_back(order.id, now)

    def _ask(self, order: Order) -> OrderReport | None:
        """The order by its client id; by the broker's own where that finds nothing, or the list is down. Rule: R4."""
        if not order.broker_id:
            return self._broker.order(order.id)
        with suppress(BrokerError):
            if (report := self._broker.order(order.id)) is not None:
                return report
        return self._broker.order_by_broker_id(order.id, order.broker_id)

    def _no_report(self, order: Order, now: dt.datetime, why: str = "") -> None:
        """A look that brought nothing: alarmed once that is long, and its life ends all the same. CS-409, DH-241."""
        self._ledger.record(*self.silent.alarms(order, why))
        self._call_back(order.id, now)

    def take(self, order: Order, report: OrderReport) -> bool:
        """Book what a report says beyond what is known; whether anything was new.

        What cannot be the answer to the ticket is an alarm, and nothing of it is booked. Rule: CS-408.
        """
        if not (judged := judge_answer(order, report)).passed:
            if judged.reason == LESS_THAN_BOOKED:
                self.silent.reported_less[order.id] = report.execution
            self._unreadable(order, judged)
            return False
        booked = self._contained(
            lambda: self._book(order, report), f"the news of order {order.id}", order.ticket.holding
        )
        if booked is None:
            self._misread[order.id] = self._misread.get(order.id, 0) + 1
            return False
        self._misread.pop(order.id, None)
        return booked

    def _book(self, order: Order, report: OrderReport) -> bool:
        holding = self._ledger.book.holdings[order.ticket.holding]
        if lacks_price(report, holding):
            self._report(order, "price_missing", "is filled and the broker does not say at what price", about=order.id)
        events = news_of(order, report, holding, self._clock.now())
        if order.state is OrderState.CANCEL_REQUESTED:  # too late to say it with the cancel
            events.extend(self._uncovered_by(order, events))
        self._ledger.record(*events)
        return bool(events)

    def _unreadable(self, order: Order, judged: Verdict) -> None:
        """A report that answers another question: the order stays as it is, in flight. Rules: CS-408, CS-411.

        One that only shows less than is booked may be an answer come late: it counts from the second in a row on. R3.
        """
        looks = self._misread[order.id] = self._misread.get(order.id, 0) + 1
        if judged.reason != LESS_THAN_BOOKED or looks > 1:
            problem = f"has a report that cannot be read ({judged}); nothing of it is booked, it counts as in flight"
            self._report(order, "order_unreadable", problem, about=order.id)

    def _uncovered_by(self, order: Order, events: Sequence[Event]) -> tuple[Event, ...]:
        holding = self._ledger.book.holdings[order.ticket.holding]
        fill = next((event for event in events if isinstance(event, OrderFilled)), None)
        if fill is None:
            return ()
        return _uncovered(holding.filled(order.ticket, order.execution, fill.execution), fill.at)

    def _is_due(self, order: Order, now: dt.datetime) -> bool:
        if order.state in _NOT_FOUND_YET or (order.id in self._stirred and self._may_look_again(order.id, now)):
            return True
        if order.ticket.life is not None and self._life.should_cancel(order, now):
            return True  # a life of its own may be shorter than the time between two looks
        last = self._polled.get(order.id)
        if order.state is OrderState.CANCEL_REQUESTED:
            since = order.changed_at if last is None else max(last, order.changed_at)
            return (now - since).total_seconds() >= self._life.verify_seconds
        return last is None or (now - last).total_seconds() >= self._life.poll_seconds

    def _absent(self, order: Order, now: dt.datetime) -> None:
        """The broker does not show the order: believed after two looks, after one by who did not send it. Rule: R4.

        Never before its `absent_seconds` are over: a broker may be slow to list what it has.
        """
        is_believed = now >= self._life.believes_absence_from(order)
        if order.state is OrderState.INTENDED:  # we died before the first byte left, or before its answer
            if is_believed:
                self._resend(order, now)
            return
        looks = self._absences.get(order.id, 0) + 1
        self._absences[order.id] = looks
        if order.state is OrderState.UNKNOWN:
            if is_believed and looks >= self._life.absent_looks:
                self._ledger.record(OrderNotSent(now, order.id, f"the broker has no such order, asked {looks} times"))
        elif order.ticket.is_stop and looks >= self._life.absent_looks and self._is_long_sent(order, now):
            # a close may wait for it, and no cancel reaches what is not there: called back again if it shows after all
            detail = f"the broker no longer has the stop {order.id}, asked {looks} times; it counts as ended"
            gone = AlarmRaised(now, "order_vanished", detail, order.ticket.holding)
            self._ledger.record(gone, OrderCanceled(now, order.id, ENDED_UNREPORTED))
        elif not order.broker_id and is_believed and looks >= self._life.absent_looks:
            # only the holdings showed a fill of it, and they were wrong or it is over: no broker ever confirmed it
            self._ledger.record(OrderCanceled(now, order.id, f"the broker has no such order, asked {looks} times"))
        elif looks == self._life.absent_looks:
            detail = f"order {order.id} was {order.state} and the broker no longer knows it"
            self._ledger.record(AlarmRaised(now, "order_vanished", detail, order.ticket.holding))

    def _is_long_sent(self, order: Order, now: dt.datetime) -> bool:
        return order.age_seconds(now) >= self._life.absent_seconds

    def _resend(self, order: Order, now: dt.datetime) -> None:
        """Send what a crash kept from leaving, unless it is too old or a halt has come in between. R10, DH-1001."""
        if order.age_seconds(now) > self._life.resend_seconds:
            self._ledger.record(OrderNotSent(now, order.id, "never sent; too old to send after the restart"))
        elif (refused := self._guard.again(order)) is not None:
            self._ledger.record(OrderNotSent(now, order.id, f"never sent before the restart; now {refused.verdict}"))
        else:
            self._deliver(order.ticket)

    def _call_back(self, order_id: str, now: dt.datetime) -> None:
        order = self._ledger.book.orders[order_id]
        if not order.is_working:
            return
        since = buying_back_since(self._ledger.book.orders_of(order.ticket.holding))
        if since is not None and now - since >= ALARM_AGAIN:
            self._report(order, "stuck", f"has not closed the position in {(now - since).total_seconds():.0f} s")
        if order.cancels >= self._life.max_cancels:
            problem = f"was called back {order.cancels} times and still works; nothing else is sent until it ends"
            self._report(order, "cancel_unclear", problem, about=order.id, again=UNCLEAR_AGAIN)
        if self._life.should_cancel(order, now):
            again = order.called_back if order.ticket.is_stop else ""
            self.cancel(order, again or f"not filled in {order.age_seconds(now):.0f} s")

    def _report(
        self, order: Order, code: str, problem: str, *, about: str = "", again: dt.timedelta = ALARM_AGAIN
    ) -> None:
        """An alarm of an order that does not come to its end, over and over. Rules: CS-410, CS-563."""
        detail = f"order {order.id} {problem}; looked at every cycle"
        self._ledger.record(*self._alarm(code, detail, order.ticket.holding, about=about, again=again))


def _uncovered(holding: AnyHolding, at: dt.datetime) -> tuple[Event, ...]:
    """The alarm of a spread's short without its cover; the repair follows once the order that left it is gone. R2."""
    if not is_spread(holding) or not holding.is_live or not (naked := holding.naked_shorts()):
        return ()
    return (AlarmRaised(at, "leg_imbalance", f"legs filled out of ratio; naked short {naked}", holding.id),)
