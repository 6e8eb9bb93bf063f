"""What every broker adapter promises, whatever is behind it. Rules: R3, R4, R5, R13, CS-408..413.

Inherit `BrokerContract` in a test module and give it a fixture `control` that is a `BrokerControl`; `tests` must be on
the path (`pytest` with `pythonpath = ["tests"]`). Nothing else of this repository is needed: an adapter elsewhere makes
its own tickets. Orders for shares are not among the promises here: who trades the hedging desk tests them besides.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Protocol

import pytest
from attrs import evolve

from gammacore.domain.instruments import Side
from gammacore.domain.orders import Effect, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.errors import BrokerError, BrokerUnavailable, OrderRejected, OrderTooOld, OutcomeUnknown
from gammacore.ports.broker import Broker


class BrokerControl(Protocol):
    """The far side of a broker under test: it says what happens next, the test says what must hold.

    What is set holds for the next order submitted; without it it fills whole at the next step.
    """

    @property
    def broker(self) -> Broker:
        """The adapter under test, over an account that holds nothing yet."""
        ...

    def entry(self, order_id: str, contracts: int = 1) -> OrderTicket:
        """An order that sells a spread for a credit limit the market meets."""
        ...

    def exit(self, order_id: str, contracts: int = 1) -> OrderTicket:
        """A market order that buys the same spread back."""
        ...

    def step(self) -> None:
        """Let time pass until working orders had their chance."""
        ...

    def rejects(self, reason: str) -> None:
        """The next order is refused for good, for this reason."""
        ...

    def rests(self) -> None:
        """The next order is never filled."""
        ...

    def fills_in_parts(self, *parts: int) -> None:
        """The next order fills so many spreads at each step, then rests."""
        ...

    def fills_despite_cancel(self) -> None:
        """The next order is not filled at the first step; a cancel comes too late and it fills at the step after."""
        ...

    def loses_answer(self, *, arrives: bool) -> None:
        """The next submit is never answered; the order is there or is not."""
        ...

    def refuses_connection(self) -> None:
        """The next submit never leaves."""
        ...

    def fails_queries(self, times: int) -> None:
        """The next questions get no answer, an adapter's own repeats included."""
        ...

    def orders_arrived(self) -> int:
        """How many different orders are at the broker."""
        ...

    def restart(self) -> None:
        """Our process is gone and comes back: `broker` is a new adapter over the same account."""
        ...


def report_of(broker: Broker, order_id: str) -> OrderReport:
    report = broker.order(order_id)
    assert report is not None, f"the broker does not know {order_id}"
    return report


def signed(ticket: OrderTicket, spreads: int) -> dict[str, int]:
    """The holdings that so many spreads of a ticket bring."""
    return {leg.symbol: leg.side.sign * leg.ratio * spreads for leg in ticket.legs}


class BrokerContract:
    """The promises. Each test is one sentence of the port's docstrings."""

    # -- taking orders ------------------------------------------------------------------------------------------------

    def test_an_order_that_grew_too_old_on_its_way_does_not_leave(self, control: BrokerControl) -> None:
        """The gate is asked after the look-up and every wait; the same ticket may be sent later. Rule: R10."""
        ticket = control.entry("gc-1")

        def too_old() -> None:
            raise OrderTooOld("decided two hours ago")

        with pytest.raises(OrderTooOld, match="decided two hours ago"):
            control.broker.submit(ticket, too_old)
        assert control.orders_arrived() == 0
        assert control.broker.order("gc-1") is None
        assert control.broker.submit(ticket).broker_id

    def test_the_gate_is_passed_before_an_order_arrives(self, control: BrokerControl) -> None:
        arrived: list[int] = []

        control.broker.submit(control.entry("gc-1"), lambda: arrived.append(control.orders_arrived()))

        assert set(arrived) == {0}
        assert control.orders_arrived() == 1

    def test_a_receipt_is_not_a_fill(self, control: BrokerControl) -> None:
        receipt = control.broker.submit(control.entry("gc-1"))

        report = report_of(control.broker, "gc-1")
        assert receipt.broker_id
        assert (report.state, report.broker_id) == (OrderState.ACCEPTED, receipt.broker_id)
        assert not report.execution.any
        assert not control.broker.holdings()

    def test_an_order_fills_and_says_at_what_price_for_each_leg(self, control: BrokerControl) -> None:
        control.broker.submit(ticket := control.entry("gc-1", contracts=3))
        control.step()

        report = report_of(control.broker, "gc-1")
        assert (report.state, report.execution.quantity) == (OrderState.FILLED, 3)
        assert report.execution.price is not None
        assert ticket.limit is not None
        assert report.execution.price >= ticket.limit
        assert report.at.tzinfo is not None
        net = sum((-fill.side.sign * fill.price for fill in report.execution.legs), Decimal(0))
        assert not report.execution.legs or net == report.execution.price

    def test_holdings_are_signed_contracts_after_a_fill(self, control: BrokerControl) -> None:
        control.broker.submit(ticket := control.entry("gc-1", contracts=2))
        control.step()
        assert dict(control.broker.holdings()) == signed(ticket, 2)

    def test_what_was_opened_and_closed_is_held_no_more(self, control: BrokerControl) -> None:
        """The exit is a market order. Rule: CS-561."""
        control.broker.submit(control.entry("gc-1"))
        control.step()
        control.broker.submit(control.exit("gc-2"))
        control.step()

        closed = report_of(control.broker, "gc-2")
        assert (closed.state, closed.execution.quantity) == (OrderState.FILLED, 1)
        assert not any(control.broker.holdings().values())

    def test_what_a_debit_costs_is_reported_as_a_positive_price(self, control: BrokerControl) -> None:
        """The ticket's effect says which way it went: a broker's own sign would turn a loss into a profit. CS-417."""
        control.broker.submit(control.entry("gc-1"))
        control.step()
        control.broker.submit(ticket := control.exit("gc-2"))
        control.step()

        execution = report_of(control.broker, "gc-2").execution
        assert ticket.effect is Effect.DEBIT
        assert execution.price is not None
        assert execution.price > 0
        net = sum((fill.side.sign * fill.price for fill in execution.legs), Decimal(0))
        assert not execution.legs or net == execution.price

    def test_a_limit_that_the_market_does_not_meet_rests(self, control: BrokerControl) -> None:
        """A credit at three times what is bid, then a debit at what was received. Rules: CS-404..406."""
        entry = control.entry("gc-1")
        assert entry.limit is not None
        control.broker.submit(evolve(entry, id="gc-2", limit=entry.limit * 3))
        control.step()
        assert report_of(control.broker, "gc-2").state is OrderState.ACCEPTED
        assert not control.broker.holdings()
        control.broker.cancel("gc-2")
        control.broker.submit(entry)
        control.step()
        control.broker.submit(evolve(control.exit("gc-3"), limit=entry.limit))
        control.step()

        assert report_of(control.broker, "gc-3").state is OrderState.ACCEPTED
        assert dict(control.broker.holdings()) == signed(entry, 1)

    def test_a_spread_can_be_closed_leg_by_leg_the_short_first(self, control: BrokerControl) -> None:
        """Rules: CS-413, CS-416."""
        control.broker.submit(ticket := control.entry("gc-1", contracts=2))
        control.step()
        held = signed(ticket, 2)
        for number, leg in enumerate(sorted(control.exit("gc-2").legs, key=lambda leg: leg.side is Side.SELL)):
            effect = Effect.DEBIT if leg.side is Side.BUY else Effect.CREDIT
            repair = OrderTicket(f"gc-{number + 3}", Purpose.REPAIR, ticket.underlying, ticket.holding, (leg,), 2,
                                 effect, None)  # fmt: skip
            control.broker.submit(repair)
            control.step()

            execution = report_of(control.broker, repair.id).execution
            assert execution.quantity == 2
            assert execution.price is not None
            assert execution.price > 0
            del held[leg.symbol]
            assert {symbol: count for symbol, count in control.broker.holdings().items() if count} == held

    def test_a_rejected_order_says_why_and_never_works(self, control: BrokerControl) -> None:
        control.rejects("option_level")
        with pytest.raises(OrderRejected) as refusal:
            control.broker.submit(control.entry("gc-1"))
        control.step()

        assert refusal.value.reason
        report = control.broker.order("gc-1")
        assert report is None or report.state is OrderState.REJECTED
        assert not control.broker.holdings()

    # -- parts and cancels --------------------------------------------------------------------------------------------

    def test_parts_are_reported_as_a_running_total(self, control: BrokerControl) -> None:
        """Rule: CS-412."""
        control.fills_in_parts(1, 2)
        control.broker.submit(ticket := control.entry("gc-1", contracts=3))
        control.step()
        first = report_of(control.broker, "gc-1")
        held = dict(control.broker.holdings())
        control.step()
        last = report_of(control.broker, "gc-1")

        assert (first.state, first.execution.quantity) == (OrderState.PARTIALLY_FILLED, 1)
        assert held == signed(ticket, 1)
        assert (last.state, last.execution.quantity) == (OrderState.FILLED, 3)
        assert dict(control.broker.holdings()) == signed(ticket, 3)

    def test_a_canceled_order_fills_no_more(self, control: BrokerControl) -> None:
        control.rests()
        control.broker.submit(control.entry("gc-1"))
        control.step()
        control.broker.cancel("gc-1")
        control.step()

        report = report_of(control.broker, "gc-1")
        assert report.state is OrderState.CANCELED
        assert not report.execution.any
        assert not control.broker.holdings()

    def test_a_cancel_keeps_what_was_filled(self, control: BrokerControl) -> None:
        """Rule: CS-412."""
        control.fills_in_parts(1)
        control.broker.submit(ticket := control.entry("gc-1", contracts=3))
        control.step()
        control.broker.cancel("gc-1")
        control.step()

        report = report_of(control.broker, "gc-1")
        assert (report.state, report.execution.quantity) == (OrderState.CANCELED, 1)
        assert dict(control.broker.holdings()) == signed(ticket, 1)

    def test_a_fill_that_overtakes_the_cancel_is_a_fill(self, control: BrokerControl) -> None:
        """Rule: CS-410."""
        control.fills_despite_cancel()
        control.broker.submit(ticket := control.entry("gc-1"))
        control.step()
        control.broker.cancel("gc-1")
        control.step()

        report = report_of(control.broker, "gc-1")
        assert (report.state, report.execution.quantity) == (OrderState.FILLED, 1)
        assert dict(control.broker.holdings()) == signed(ticket, 1)

    def test_canceling_a_finished_order_changes_nothing(self, control: BrokerControl) -> None:
        control.broker.submit(ticket := control.entry("gc-1"))
        control.step()
        with suppress(BrokerError):  # an answer that it is finished is as good as silence
            control.broker.cancel("gc-1")

        assert report_of(control.broker, "gc-1").state is OrderState.FILLED
        assert dict(control.broker.holdings()) == signed(ticket, 1)

    def test_canceling_an_order_nobody_knows_is_an_error(self, control: BrokerControl) -> None:
        with pytest.raises(BrokerError):
            control.broker.cancel("gc-never")

    # -- doubt: what was sent, what was answered ----------------------------------------------------------------------

    def test_a_time_out_before_acceptance_is_unknown_and_then_absent(self, control: BrokerControl) -> None:
        """Rule: R4."""
        control.loses_answer(arrives=False)
        with pytest.raises(OutcomeUnknown):
            control.broker.submit(control.entry("gc-1"))

        assert control.broker.order("gc-1") is None
        assert control.orders_arrived() == 0

    def test_a_time_out_after_acceptance_is_unknown_and_then_found_once(self, control: BrokerControl) -> None:
        """Rule: R4."""
        control.loses_answer(arrives=True)
        with pytest.raises(OutcomeUnknown):
            control.broker.submit(ticket := control.entry("gc-1"))
        control.step()

        assert report_of(control.broker, "gc-1").state is OrderState.FILLED
        assert control.orders_arrived() == 1
        assert dict(control.broker.holdings()) == signed(ticket, 1)

    def test_an_order_that_never_left_may_be_sent_again(self, control: BrokerControl) -> None:
        control.refuses_connection()
        with pytest.raises(BrokerUnavailable):
            control.broker.submit(control.entry("gc-1"))
        assert control.broker.order("gc-1") is None

        assert control.broker.submit(control.entry("gc-1")).broker_id
        assert control.orders_arrived() == 1

    def test_the_same_client_id_is_the_same_order(self, control: BrokerControl) -> None:
        """Rule: R1."""
        first = control.broker.submit(control.entry("gc-1"))
        again = control.broker.submit(ticket := control.entry("gc-1"))
        control.step()

        assert again == first
        assert control.orders_arrived() == 1
        assert dict(control.broker.holdings()) == signed(ticket, 1)

    def test_a_repeat_after_a_lost_answer_is_the_same_order(self, control: BrokerControl) -> None:
        control.loses_answer(arrives=True)
        with pytest.raises(OutcomeUnknown):
            control.broker.submit(control.entry("gc-1"))
        receipt = control.broker.submit(control.entry("gc-1"))

        assert receipt.broker_id == report_of(control.broker, "gc-1").broker_id
        assert control.orders_arrived() == 1

    # -- questions ----------------------------------------------------------------------------------------------------

    def test_an_order_is_found_by_the_brokers_own_id_too(self, control: BrokerControl) -> None:
        """Rule: R4."""
        receipt = control.broker.submit(control.entry("gc-1"))
        control.step()

        found = control.broker.order_by_broker_id("gc-1", receipt.broker_id)
        assert found == report_of(control.broker, "gc-1")

    def test_an_order_nobody_sent_is_none(self, control: BrokerControl) -> None:
        control.broker.submit(control.entry("gc-1"))
        assert control.broker.order("gc-2") is None

    def test_todays_orders_are_listed_as_each_is_reported(self, control: BrokerControl) -> None:
        """Finished and working ones, oldest first. Rule: CS-574."""
        control.broker.submit(control.entry("gc-1"))
        control.step()
        control.rests()
        control.broker.submit(control.entry("gc-2"))

        assert list(control.broker.orders()) == [report_of(control.broker, order_id) for order_id in ("gc-1", "gc-2")]

    def test_an_account_without_orders_lists_none(self, control: BrokerControl) -> None:
        assert list(control.broker.orders()) == []

    @pytest.mark.parametrize(
        "ask",
        [
            lambda broker: broker.order("gc-1"),
            lambda broker: broker.orders(),
            lambda broker: broker.holdings(),
            lambda broker: broker.account(),
        ],
        ids=["order", "orders", "holdings", "account"],
    )
    def test_a_failed_query_is_an_exception_and_never_empty(
        self, control: BrokerControl, ask: Callable[[Broker], object]
    ) -> None:
        """Rules: CS-572, R5."""
        control.broker.submit(control.entry("gc-1"))
        control.step()
        answer = ask(control.broker)
        control.fails_queries(1)

        with pytest.raises(BrokerUnavailable):
            ask(control.broker)
        assert ask(control.broker) == answer

    def test_a_failed_question_for_the_time_is_never_an_open_market(self, control: BrokerControl) -> None:
        """Rules: CS-303, R7."""
        assert control.broker.clock().at.utcoffset() is not None
        control.fails_queries(1)

        with pytest.raises(BrokerUnavailable):
            control.broker.clock()
        assert control.broker.clock().at.utcoffset() is not None

    def test_the_account_has_a_number_a_balance_and_buying_power(self, control: BrokerControl) -> None:
        account = control.broker.account()
        assert account.number
        assert account.balance > 0
        assert account.option_buying_power.is_finite()

    # -- a new process ------------------------------------------------------------------------------------------------

    def test_a_restart_finds_working_and_finished_orders_and_holdings(self, control: BrokerControl) -> None:
        """Rule: R2."""
        control.broker.submit(ticket := control.entry("gc-1"))
        control.step()
        control.rests()
        control.broker.submit(control.entry("gc-2"))
        before = [report_of(control.broker, order_id) for order_id in ("gc-1", "gc-2")]
        account = control.broker.account()
        control.restart()

        assert [report_of(control.broker, order_id) for order_id in ("gc-1", "gc-2")] == before
        assert dict(control.broker.holdings()) == signed(ticket, 1)
        assert control.broker.account() == account

    def test_a_repeat_after_a_restart_is_the_same_order(self, control: BrokerControl) -> None:
        """Who sends an id again after a restart has looked for it: the first send of an id asks nothing. CS-408."""
        first = control.broker.submit(control.entry("gc-1"))
        control.restart()
        assert report_of(control.broker, "gc-1").broker_id == first.broker_id

        assert control.broker.submit(control.entry("gc-1")) == first
        assert control.orders_arrived() == 1
