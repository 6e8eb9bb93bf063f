"""The end of a run: entries closed, orders called back, flat where that is asked for, verified. Rule: SC-1009."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from builders import DAY
from builders_runner import SHARE, Running, Scalp, a_quote, running, seconds, shown
from builders_runner import a_market as market_of
from fakes import FakeMarket
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.ledger import OrderIntended, OrderWasRejected
from gammacore.domain.loop_limits import OnShutdown, RunnerLimits
from gammacore.domain.orders import OrderTicket
from gammacore.errors import BrokerUnavailable, OrderRejected
from gammacore.ports.broker import BrokerCall, BrokerDecorator, Receipt, SendGate, always_open

CALL = REGISTRY[SHARE].contract(DAY, Right.CALL, Decimal(590))
STEP = 0.25


def a_market(seconds_long: int = 120) -> FakeMarket:
    """A look four times a second, with a call beside the shares."""
    market = FakeMarket(SHARE, step=STEP)
    for step in range(int(seconds_long / STEP)):
        now = seconds(step * STEP)
        market.add(shown(a_quote("590.00", now), now, {CALL: ("2.00", "2.02")}))
    return market


def holding(limits: RunnerLimits | None = None, **told: Any) -> Running:
    """Ten shares and a call were bought at once."""
    strategy = Scalp(Decimal(600), Decimal(700), call=CALL, rests=told.pop("rests", False))
    return running(a_market(), strategy, limits=limits or RunnerLimits(), **told)


def test_sigint_with_shares_and_an_option_held_is_flat_and_verified_in_under_two_seconds() -> None:
    driven = holding()

    ended = driven.until(20)

    assert driven.world.held == {}
    assert ended.is_orderly
    assert (ended.signal, dict(ended.held)) == ("SIGINT", {})
    assert driven.loop.time() - 20 < 2
    assert str(ended) == "signal SIGINT; nothing is held"


def test_sigint_with_an_option_and_its_hedge_in_one_holding_is_flat_too() -> None:
    driven = running(a_market(), Scalp(Decimal(600), Decimal(700), call=CALL, hedges=True), polls=1.0)
    held: list[object] = []

    def act() -> None:
        held.append(driven.world.held)
        driven.runner.interrupt("SIGINT")

    ended = driven.until(20, act)

    assert held == [{CALL.occ: 1, SHARE: -50}]
    assert driven.world.held == {}
    assert ended.is_orderly
    assert driven.loop.time() - 20 < 2


def test_a_resting_target_is_called_back_before_the_shares_are_sold() -> None:
    driven = holding(rests=True)

    ended = driven.until(20)

    assert ended.is_orderly
    assert driven.world.held == {}
    assert driven.loop.time() - 20 < 2


def test_nothing_is_latched_and_nothing_is_opened_while_the_run_ends() -> None:
    driven = holding()
    driven.until(20)

    book = driven.world.day.ledger.book
    assert book.halted is None
    assert book.flatten is None
    late = [order for order in driven.world.all(OrderIntended) if order.at >= seconds(20)]
    assert {order.ticket.purpose for order in late} == {"exit"}


def test_leave_calls_orders_back_and_names_what_is_held() -> None:
    driven = holding(RunnerLimits(on_shutdown=OnShutdown.LEAVE), rests=True)

    ended = driven.until(20)

    assert ended.is_orderly
    assert driven.world.held == {SHARE: 10, CALL.occ: 1} == dict(ended.held)
    assert not driven.world.day.ledger.book.working_orders
    assert str(ended).endswith(f"still held: +10 {SHARE}, +1 {CALL.occ}")


class Deaf(BrokerDecorator):
    """A broker that can be unplugged."""

    is_lost = False

    def around(self, call: BrokerCall, ask: Callable[[], Any]) -> Any:
        if self.is_lost:
            raise BrokerUnavailable("unplugged by a test")
        return ask()


@pytest.mark.parametrize(("by_fault", "seconds_taken"), [(True, 0.0), (False, 30.0)])
def test_without_the_broker_a_fault_leaves_everything_and_a_signal_tries_for_thirty_seconds(
    by_fault: bool, seconds_taken: float
) -> None:
    broker: list[Deaf] = []

    def wrapped(inner: Any) -> Deaf:
        broker.append(Deaf(inner))
        return broker[0]

    driven = holding(wrap_broker=wrapped)

    def act() -> None:
        broker[0].is_lost = True
        if by_fault:
            task = next(one for one in driven.tasks() if one.get_name() == "timer")
            task.cancel()
        else:
            driven.runner.interrupt("SIGTERM")

    ended = driven.until(20, act)

    assert dict(ended.held) == {SHARE: 10, CALL.occ: 1}
    assert driven.loop.time() - 20 == pytest.approx(seconds_taken, abs=0.5)
    assert ended.is_orderly is by_fault
    assert ended.problem == ("" if by_fault else "not ended within 30 s")


def test_a_second_signal_skips_what_is_left_to_do() -> None:
    broker: list[Deaf] = []

    def wrapped(inner: Any) -> Deaf:
        broker.append(Deaf(inner))
        return broker[0]

    driven = holding(wrap_broker=wrapped)

    def act() -> None:
        broker[0].is_lost = True
        driven.runner.interrupt("SIGINT")
        driven.loop.call_later(1, driven.runner.interrupt, "SIGINT")

    ended = driven.until(20, act)

    assert ended.was_skipped
    assert ended.problem == "the end was skipped by a second signal"
    assert driven.world.alarms[-1] == "run_ended"
    assert driven.loop.time() - 20 == pytest.approx(1, abs=0.01)


class EverySecondRejected(BrokerDecorator):
    """A broker that rejects every second order."""

    count = 0

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        self.count += 1
        if self.count % 2 == 0:
            raise OrderRejected("by a test")
        return super().submit(ticket, gate)


def test_with_every_second_order_rejected_the_end_is_flat_all_the_same() -> None:
    """Rule: SC-1311."""
    driven = running(a_market(), Scalp(Decimal(600), Decimal(1)), wrap_broker=EverySecondRejected, polls=1.0)

    ended = driven.until(40)

    assert len(driven.world.all(OrderWasRejected)) > 5
    assert ended.is_orderly
    assert driven.world.held == {}


def test_a_day_that_is_over_ends_by_itself() -> None:
    market = market_of([(0.0, "590.00"), (6.5 * 3600 - 30, "590.00"), (6.5 * 3600, "590.00")], step=600)
    driven = running(market, Scalp(Decimal(1), Decimal(700)), polls=600.0, start=seconds(6.5 * 3600 - 60))

    ended = driven.until(3600)

    assert (ended.signal, ended.fault, dict(ended.held)) == ("", None, {})
    assert driven.loop.time() == pytest.approx(60, abs=1)
