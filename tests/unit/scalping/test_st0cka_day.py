"""ST0CKA through the real day loop, second by second, over the fake exchange. Rules: SC-201..217, SC-1303."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from attrs import evolve, frozen

from builders import at
from builders_scalping import a_share_world, a_share_world_holding, scalping_settings
from builders_world import relayed
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.order import CancelOutcome
from gammacore.configuration.scalping import ScalpingSettings
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.ledger import AlarmRaised, BreakerTripped, FlattenRequested, Halted, OrderCanceled
from gammacore.domain.orders import Execution, OrderReport, OrderState
from gammacore.domain.risk.surplus import SURPLUS
from gammacore.domain.scalping.st0cka import EntryOrder, St0ckaRules, Unwind
from gammacore.domain.strategy import Trade
from gammacore.domain.volatility import VolatilityRules, WantedSource
from gammacore.ports.broker import BrokerDecorator

# -- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "is_sent"), [("09:29:59", False), ("09:30:00", True), ("09:59:59", True), ("10:00:00", False)]
)
def test_entries_are_sent_in_the_buy_window_alone(time: str, is_sent: bool) -> None:
    """SC-202: [09:30, 10:00)."""
    world = a_share_world(start=time)
    assert any(isinstance(step, Trade) for step in world.decide()) is is_sent


def test_at_ten_nothing_is_bought_and_what_is_held_goes() -> None:
    """SC-202, SC-209: the target is called back first, then what is left is sold at market."""
    world = a_share_world_holding(start="09:59:57")
    world.tick()
    assert world.clock.now() == at("09:59:59")
    assert world.sent("profit_target")[0].state is OrderState.ACCEPTED
    world.tick(times=4)

    (target,) = world.sent("profit_target")
    (exit_,) = world.sent("time_exit")
    assert target.state is OrderState.CANCELED
    assert target.called_back == "time_exit"
    assert exit_.ticket.is_market
    assert exit_.execution.quantity == 3
    assert exit_.intended_at >= target.changed_at
    world.tick(times=3)
    assert world.closed == [("time_exit", Decimal("-0.03"))]
    assert len(world.sent("st0cka")) == 1
    assert world.refusals[-1] == "outside_window"


def test_a_refusal_outside_the_windows_is_journaled_once() -> None:
    """SC-011."""
    world = a_share_world(start="10:00:00")
    world.look()
    world.tick(times=5)
    assert world.refusals == ["outside_window"]


def test_an_entry_that_did_not_fill_by_the_end_of_its_window_is_called_back() -> None:
    """SC-202: what it brought in the sell window would only be sold again."""
    world = a_share_world(start="09:59:58")
    world.exchange.next_submit(delay=20)
    world.look()
    world.tick(times=3)
    (entry,) = world.sent("st0cka")
    assert (entry.state, entry.called_back) == (OrderState.CANCELED, "time_exit")
    assert not world.held


def test_on_a_half_day_the_power_hour_counts_back_from_the_close() -> None:
    """SC-213."""
    rules = St0ckaRules(power_hour=True)
    for time, is_sent in (("11:59:59", False), ("12:00:00", True), ("12:29:59", True), ("12:30:00", False)):
        world = a_share_world(rules, start=time, close="13:00")
        assert any(isinstance(step, Trade) for step in world.decide()) is is_sent


# -- entries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("volatility", "size", "limit"), [(0.05, 3, "590.02"), (0.25, 1, "590.04")])
def test_size_and_target_follow_volatility(volatility: float, size: int, limit: str) -> None:
    """SC-214, SC-216: 590.01 + 0.025 rounds up to 590.04."""
    world = a_share_world_holding(volatility=volatility)
    (entry,), (target,) = world.sent("st0cka"), world.sent("profit_target")
    assert (entry.ticket.quantity, entry.ticket.limit) == (size, Decimal("590.01"))
    assert (target.ticket.quantity, target.ticket.limit, target.state) == (size, Decimal(limit), OrderState.ACCEPTED)


def test_volatility_off_gives_one_share_and_a_cent() -> None:
    """SC-1303, the settings of --volatility-off."""
    world = a_share_world_holding(St0ckaRules(use_volatility_sizing=False), volatility=0.30)
    terms = world.newest.terms
    assert terms is not None
    assert (world.held, terms.target) == (1, Decimal("0.01"))
    assert world.sent("profit_target")[0].ticket.limit == Decimal("590.02")


def test_the_next_entry_waits_thirty_seconds_from_the_order_before() -> None:
    """SC-203: 29 s no, exactly 30 s yes."""
    world = a_share_world(start="09:30:00")
    world.look()
    world.tick()
    world.tick("590.02")  # the target is reached
    world.tick("590.00", times=27)
    assert world.clock.now() == at("09:30:29")
    assert len(world.sent("st0cka")) == 1
    assert world.refusals[-1] == "cooldown"
    world.tick()
    assert [order.intended_at for order in world.sent("st0cka")] == [at("09:30:00"), at("09:30:30")]


def test_an_entry_is_called_back_after_ten_seconds_and_the_rest_given_up() -> None:
    """SC-204."""
    world = a_share_world(start="09:30:00")
    world.exchange.next_submit(never=True)
    world.look()
    world.tick(times=9)
    assert world.sent("st0cka")[0].state is OrderState.ACCEPTED
    assert world.refusals[-1] == "order_in_flight"
    world.tick(times=2)
    assert world.sent("st0cka")[0].state is OrderState.CANCELED
    world.tick(times=5)
    assert world.every_order == tuple(world.sent("st0cka"))


def test_an_entry_lives_ten_seconds_also_where_orders_are_looked_at_less_often() -> None:
    """SC-204: the usual ten seconds between two looks at an order do not lengthen its own life."""
    world = a_share_world(start="09:30:00")
    world.settings = evolve(world.settings, orders=type(world.settings.orders)())
    world.restart()
    world.seed()
    world.exchange.next_submit(never=True)
    world.look()
    world.tick(times=10)
    assert world.sent("st0cka")[0].called_back == "not filled in 10 s"


def test_an_entry_may_be_at_market() -> None:
    """SC-204."""
    world = a_share_world_holding(St0ckaRules(entry_order=EntryOrder.MARKET))
    assert world.sent("st0cka")[0].ticket.is_market
    assert world.held == 3


def test_the_target_is_above_what_was_paid_not_above_the_limit() -> None:
    """SC-205: the ask fell before the fill."""
    world = a_share_world(start="09:45:00")
    world.look()
    world.tick("589.90")
    assert world.sent("st0cka")[0].execution.price == Decimal("589.91")
    assert world.sent("profit_target")[0].ticket.limit == Decimal("589.92")


def test_a_partial_entry_gets_its_target_once_the_entry_is_over() -> None:
    """SC-205, SC-206."""
    world = a_share_world(start="09:45:00")
    world.exchange.next_submit(parts=(1,))
    world.look()
    world.tick(times=8)
    assert world.held == 1
    assert not world.sent("profit_target")
    world.tick(times=4)
    (target,) = world.sent("profit_target")
    assert (target.ticket.quantity, target.ticket.limit) == (1, Decimal("590.02"))
    assert world.sent("st0cka")[0].state is OrderState.CANCELED


def test_a_stop_calls_the_rest_of_a_partial_entry_back_first_and_stays() -> None:
    """SC-206, SC-211: and a price that recovers in between changes nothing."""
    world = a_share_world(start="09:45:00")
    world.exchange.next_submit(parts=(1,))
    world.look()
    world.tick()
    world.tick("589.00")
    assert world.sent("st0cka")[0].called_back == "stop"
    world.tick("590.00", times=2)
    assert not world.sent("profit_target")
    assert [order.ticket.quantity for order in world.sent("stop")] == [1]


def test_what_an_entry_brings_late_gets_a_target_of_its_own() -> None:
    """SC-206: the broker called it canceled with one share, and two more had filled."""
    world = a_share_world(start="09:45:00")
    world.exchange.next_submit(parts=(1, 2))
    world.look()
    world.tick()
    (entry,) = world.sent("st0cka")
    world.day.ledger.record(OrderCanceled(world.clock.now(), entry.id, "canceled"))
    world.exchange.queries_fail(99)
    world.tick()
    world.exchange.queries_fail(0)
    world.tick(times=2)
    assert world.held == 3
    assert [order.ticket.quantity for order in world.sent("profit_target")] == [1, 2]
    world.tick("590.05", times=5)
    assert not world.held


# -- exits ------------------------------------------------------------------------------------------------------------


def test_the_resting_target_fills_at_its_limit_when_the_bid_jumps_past_it() -> None:
    """SC-017, SC-207."""
    world = a_share_world_holding()
    world.tick("590.40")
    (target,) = world.sent("profit_target")
    assert target.execution.price == Decimal("590.02")
    world.tick(times=3)
    assert world.closed == [("profit_target", Decimal("0.03"))]


def test_a_target_that_filled_in_part_keeps_its_price_and_the_average_entry() -> None:
    """SC-205, SC-217: the two shares left cost more than the average; the target does not follow them."""
    world = a_share_world(start="09:45:00")
    world.exchange.next_submit(parts=(1, 2))
    world.exchange.next_submit(parts=(1,))
    world.look()
    world.tick("589.40")  # one at 589.41
    world.tick("590.00")  # and two at their limit, which has rested
    paid = (Decimal("589.41") + 2 * Decimal("590.01")) / 3
    assert paid == Decimal("589.81")
    (target,) = world.sent("profit_target")
    assert target.ticket.limit == Decimal("589.82")
    world.tick("589.90", times=3)
    world.day.broker.cancel(target.id)  # another trader calls it back
    world.tick("589.50", times=3)
    again = world.sent("profit_target")[-1]
    assert (again.ticket.quantity, again.ticket.limit) == (2, Decimal("589.82"))


def test_a_stop_alone() -> None:
    """SC-208: 1.00 below the entry of 590.01, and not a cent before."""
    world = a_share_world_holding()
    world.tick("589.02", times=3)
    assert not world.sent("stop")
    world.tick("589.01", times=6)
    assert world.closed == [("stop", Decimal("-3.00"))]
    assert world.sent("profit_target")[0].called_back == "stop"


def test_a_stop_goes_on_though_the_price_recovers() -> None:
    """SC-211: the target was called back for it."""
    world = a_share_world_holding()
    world.tick("589.01")
    world.tick("590.00", times=6)
    assert [reason for reason, _ in world.closed] == ["stop"]


def test_stop_and_time_together_are_a_stop() -> None:
    """SC-207: the first hit wins."""
    world = a_share_world_holding(start="09:59:57")
    world.until("10:00:00", "589.01")
    world.tick(times=4)
    assert world.sent("profit_target")[0].called_back == "stop"
    assert [order.ticket.reason for order in world.every_order] == ["st0cka", "profit_target", "stop"]


def test_without_a_usable_quote_no_stop_is_decided_and_time_still_is() -> None:
    """SC-008, SC-209."""
    world = a_share_world_holding(start="09:59:50")
    world.tick("589.00", "588.00")  # crossed
    world.silence(6)
    assert not world.sent("profit_target")[0].called_back
    world.silence(5)
    assert world.sent("profit_target")[0].called_back == "time_exit"


def test_a_target_that_fills_while_it_is_called_back_is_not_sold_twice() -> None:
    """SC-211."""
    world = a_share_world(start="09:59:56")
    world.look()
    world.exchange.next_submit(on_cancel=CancelOutcome.FILLED_FIRST)
    world.tick(times=4)
    assert world.sent("profit_target")[0].state is OrderState.CANCEL_REQUESTED
    world.tick("590.02", times=6)
    assert [order.ticket.reason for order in world.every_order] == ["st0cka", "profit_target"]
    assert [reason for reason, _ in world.closed] == ["profit_target"]
    assert dict(world.exchange.holdings()) == {}


def test_an_exit_that_fills_in_part_is_followed_by_one_for_the_rest() -> None:
    """SC-211, SC-212."""
    world = a_share_world_holding(start="09:59:58")
    world.exchange.next_submit(parts=(1,))
    world.tick(times=4)
    (first,) = world.sent("time_exit")
    world.tick(times=2)
    assert world.held == 2
    assert world.sent("time_exit") == [world.book.orders[first.id]]  # one exit order at a time
    world.day.broker.cancel(first.id)
    world.tick(times=3)
    assert [order.execution.quantity for order in world.sent("time_exit")] == [1, 2]
    assert not world.held


def test_a_refused_target_is_placed_again_and_so_is_a_refused_exit() -> None:
    """SC-206, SC-212."""
    world = a_share_world(start="09:59:55")
    world.look()
    world.exchange.next_submit(rejects="no")
    world.tick(times=2)
    assert [order.state for order in world.sent("profit_target")] == [OrderState.REJECTED]  # not in the same moment
    world.tick(times=2)
    assert [order.state for order in world.sent("profit_target")] == [OrderState.REJECTED, OrderState.ACCEPTED]
    world.exchange.next_submit(rejects="no")
    world.tick(times=8)
    assert [order.state for order in world.sent("time_exit")] == [OrderState.REJECTED, OrderState.FILLED]
    assert not world.held


def test_a_position_past_its_sell_window_is_reported_every_minute_until_it_is_gone() -> None:
    """SC-212."""
    world = a_share_world_holding(St0ckaRules(unwind=Unwind.PATIENT), start="09:59:50", quote=("590.00", "590.01"))
    world.exchange.next_submit(never=True)
    world.until("10:59:00", "589.90")
    world.tick(times=2)
    world.until("11:00:00")
    world.until("11:01:00")
    assert world.alarms().count("exit_overdue") == 2


def test_a_patient_unwind_waits_for_its_target_then_for_its_money_then_for_nothing() -> None:
    """SC-210."""
    patient = St0ckaRules(unwind=Unwind.PATIENT)
    world = a_share_world_holding(patient)
    world.until("10:54:59", "590.01")
    assert world.sent("profit_target")[0].is_working
    world.until("10:55:00", "590.00")
    assert world.sent("profit_target")[0].is_working
    world.tick("590.01", times=5)
    assert world.closed == [("scratch_exit", Decimal("0.00"))]

    late = a_share_world_holding(patient)
    late.until("10:58:59", "589.90")
    assert late.sent("profit_target")[0].is_working
    late.until("10:59:00")
    late.tick(times=5)
    assert [reason for reason, _ in late.closed] == ["time_exit"]


def test_a_cancel_without_an_answer_is_repeated_and_nothing_else_is_sold() -> None:
    """SC-211."""
    world = a_share_world(start="09:59:56")
    world.look()
    world.exchange.next_submit(ignored_cancels=99)
    world.tick(times=160)
    assert [order.ticket.reason for order in world.every_order] == ["st0cka", "profit_target"]
    unclear = [event.at for event in world.all(AlarmRaised) if event.code == "cancel_unclear"]
    assert len(unclear) == 3
    assert {(later - earlier).seconds for earlier, later in pairwise(unclear)} == {60}
    world.tick("590.02", times=3)
    assert not world.held


def test_a_position_found_after_its_windows_is_sold_at_once() -> None:
    """SC-213: the process was away from 09:45 to 13:00."""
    world = a_share_world_holding()
    world.restart()
    world.until("13:00:00")
    world.tick(times=5)
    assert [reason for reason, _ in world.closed] == ["time_exit"]


def test_a_restart_places_no_second_target() -> None:
    world = a_share_world_holding()
    world.restart()
    world.tick(times=5)
    assert len(world.sent("profit_target")) == 1


def test_shares_sold_by_hand_call_the_target_back_that_waits_to_sell_them() -> None:
    """CS-572: the target would explain what is missing for half an hour, and then sell the account short."""
    world = a_share_world_holding()
    world.exchange.book.hold_shares("SPY", -3, Decimal("590.00"))
    world.tick(times=80)
    world.tick("590.20", times=5)

    (target,) = world.sent("profit_target")
    assert (target.state, target.called_back) == (OrderState.CANCELED, SURPLUS)
    assert world.alarms() == ["holdings_differ", "closed_externally"]
    assert (world.held, dict(world.exchange.holdings())) == (0, {})


@frozen(eq=False)
class Unreported(BrokerDecorator):
    """Says of every sale that it works and has not filled, for two minutes after it was sent."""

    inner: FakeExchange

    def order(self, order_id: str) -> OrderReport | None:
        report, sold = self.inner.order(order_id), {ticket.id for ticket in self.inner.received if ticket.closes}
        if report is None or order_id not in sold or self.inner.clock().at >= at("09:47:00"):
            return report
        return evolve(report, state=OrderState.ACCEPTED, execution=Execution(0, Decimal(0)))


def test_a_target_that_filled_unreported_is_a_fill_and_nothing_is_sold_twice() -> None:
    """CS-410: what is missing is its own fill, which no cancel reaches any more; its report is waited for."""
    world = a_share_world_holding()
    world.wrap_broker = relayed(Unreported)
    world.restart()
    world.tick("590.20", times=130)

    (target,) = world.sent("profit_target")
    assert (target.state, target.execution.quantity) == (OrderState.FILLED, 3)
    assert [reason for reason, _ in world.closed] == ["profit_target"]
    assert (world.held, dict(world.exchange.holdings())) == (0, {})


@pytest.mark.parametrize("event", [Halted, FlattenRequested])
def test_a_kill_switch_flattens_and_nothing_is_bought(event: type[Halted] | type[FlattenRequested]) -> None:
    """R10, SC-207, SC-610; the gate is named."""
    world = a_share_world_holding()
    world.day.ledger.record(event(world.clock.now(), "by hand"))
    world.tick(times=60)
    reason = "kill_switch" if event is Halted else "flatten_request"
    assert [why for why, _ in world.closed] == [reason]
    assert len(world.sent("st0cka")) == 1
    assert world.refusals[-1] == "kill_switch"


def test_five_minutes_before_the_close_everything_goes() -> None:
    """SC-614, whatever the window says."""
    world = a_share_world_holding(St0ckaRules(all_day=True, unwind=Unwind.PATIENT), start="15:29:55")
    world.exchange.next_submit(never=True)
    world.until("15:54:00", "589.90")  # the market exit of the last minute never fills
    world.tick(times=2)
    assert world.alarms().count("exit_overdue") == 0
    assert at("15:55") in world.day.strategy.deadlines(world.session, world.book)


# -- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cash", "size"), [("7080.12", 3), ("7080.11", 2), ("2360.04", 1), ("2360.03", 0)])
def test_a_quarter_of_the_equity_cuts_the_size(cash: str, size: int) -> None:
    """SC-215: 590.01 a share; exactly a quarter passes, below one share is refused."""
    world = a_share_world(cash=cash)
    world.look()
    assert [order.ticket.quantity for order in world.every_order] == ([size] if size else [])
    assert world.refusals == ([] if size else ["size_zero"])


def test_several_positions_share_the_quarter() -> None:
    """SC-606: the size shrinks beside what is held."""
    world = a_share_world(St0ckaRules(max_positions=5, min_entry_interval=2), cash="9500", start="09:45:00")
    world.look()
    world.tick(times=3)
    assert [order.ticket.quantity for order in world.sent("st0cka")] == [3, 1]


def test_an_entry_that_would_meet_an_own_target_is_refused() -> None:
    """SC-203: `self_cross` at the limit itself and above, not below."""
    rules = St0ckaRules(max_positions=5, min_entry_interval=2)
    for ask, reason in (("590.02", "self_cross"), ("590.01", None)):
        world = a_share_world_holding(rules)
        world.exchange.next_submit(never=True)
        world.tick("590.00", ask)
        assert (world.refusals[-1] if world.refusals else None) == (reason or "cooldown")


def test_the_most_trades_of_a_day() -> None:
    """SC-233: positions, not orders: an entry that never filled is none."""
    world = a_share_world(St0ckaRules(max_trades_per_day=2), start="09:45:00")
    world.exchange.next_submit(never=True)
    world.look()
    for _ in range(3):
        world.tick("590.00", times=31)
        world.tick("590.05", times=4)
    assert [reason for reason, _ in world.closed] == ["profit_target"] * 2
    assert len(world.sent("st0cka")) == 3
    assert world.refusals[-1] == "max_trades"


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (St0ckaRules(max_positions=1), "max_positions"),
        (St0ckaRules(max_positions=5, max_trades_per_day=1), "max_trades"),
    ],
)
def test_the_guard_asks_for_the_bounds_of_a_desk_once_more(bounds: St0ckaRules, reason: str) -> None:
    """SC-602: a desk that would open again, whatever its own rules, sends nothing."""
    volatility = VolatilityRules(default_vol=0.05, vol_source=WantedSource.DAILY)
    eager = St0ckaDesk(St0ckaRules(max_positions=5, max_trades_per_day=5, min_entry_interval=2), volatility)
    settings = scalping_settings(scalping=ScalpingSettings(st0cka=bounds))
    world = a_share_world(start="09:45:00", strategy=eager, settings=settings)
    world.look()
    world.tick(times=6)

    assert len(world.sent("st0cka")) == 1
    assert world.refusals == ["cooldown", reason]


def test_what_the_guard_refuses_is_journaled_once() -> None:
    """SC-011: not at every look."""
    world = a_share_world(start="09:45:00")
    world.day.begin()
    world.day.ledger.record(BreakerTripped(world.clock.now(), 5, "the broker failed five times"))
    world.look()
    world.tick(times=5)
    assert world.refusals == ["circuit_breaker"]


def test_stale_jumping_and_wide_quotes_buy_nothing() -> None:
    """SC-008, SC-431, SC-433."""
    for ask, reason in (("590.60", "quote_wide"), ("590.04", "spread_jump")):
        world = a_share_world(start="09:45:00")
        world.shows(world.clock.now(), "590.00", ask)
        world.look()
        assert world.refusals == [reason]
    silent = a_share_world(start="09:45:00")
    silent.silence(6)
    assert silent.refusals == ["quote_stale"]


def test_fees_count_in_the_result_and_may_be_covered() -> None:
    """SC-216."""
    fees = FeeSchedule(share=Decimal("0.01"))
    world = a_share_world_holding(St0ckaRules(cover_fees=True), fees=fees)
    assert world.sent("profit_target")[0].ticket.limit == Decimal("590.04")
    world.tick("590.04", times=5)
    assert world.closed == [("profit_target", Decimal("0.03"))]
