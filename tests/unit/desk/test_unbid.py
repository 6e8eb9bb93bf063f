"""Exits that end though a leg has no bid: the short goes alone, the long is offered all day. Rules: CS-420, CS-521."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from attrs import evolve

from builders import DAY, a_call_spread, a_condor, a_plan, a_put_spread, at, lots_of
from builders_exchange import PUT_QUOTES, call, put
from builders_world import PATIENT, World, a_scripted_plan, a_world
from fakes import BidAsk
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import CloseStyle
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.orders import THE_DAY, OrderState
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.words import StrategyTag
from gammacore.ports.storage import Request, RequestKind

Quotes = Mapping[OptionContract, BidAsk]

SHORT, LONG = put(6880), put(6870)
UNBID: Quotes = {SHORT: ("0.30", "0.35"), LONG: ("0", "0.05")}
BID_AGAIN: Quotes = {SHORT: ("0.30", "0.35"), LONG: ("0.05", "0.10")}
NOT_OFFERED: Quotes = {SHORT: ("0.30", None), LONG: ("0", "0.05")}
CALLS: Quotes = {call(6980): ("1.00", "1.10"), call(6990): ("0.40", "0.45")}
UNBID_CALLS: Quotes = {call(6980): ("0.10", "0.15"), call(6990): ("0", "0.05")}
BOTH_LEGS = ((Side.BUY, SHORT), (Side.SELL, LONG))
SHORT_ALONE, LONG_ALONE = ((Side.BUY, SHORT),), ((Side.SELL, LONG),)


def cycle(world: World, quotes: Quotes, times: int = 1, *, seconds: float = 10) -> None:
    """So many cycles at these quotes; in none of them is a short without its cover."""
    for _ in range(times):
        world.show(quotes, seconds=seconds)
        world.day.once()
        assert all(not position.naked_shorts() for position in world.book.live_spreads)


def holding(plan: SpreadPlan | None = None, quotes: Quotes = PUT_QUOTES, close: str = "16:00") -> World:
    """A world whose plan was filled at 10:00:10."""
    world = a_world(plan or a_scripted_plan(), close=close, cash="100000")
    world.market.show(world.clock.now(), quotes, spot=Decimal(6900), vix=Decimal(15))
    world.day.once()
    cycle(world, quotes)
    assert world.position().open_contracts
    return world


def close_at(world: World, when: str) -> None:
    """Let the script close the position at a New York time, and stand ten seconds before it."""
    world.strategy = evolve(world.strategy, closes={"p1": at(when)})
    world.restart()
    seconds = (at(when) - world.clock.now()).total_seconds() - 10
    world.show(PUT_QUOTES, seconds=seconds)


def closes(world: World) -> list[tuple[tuple[Side, OptionContract], ...]]:
    tickets = [event.ticket for event in world.all(OrderIntended) if event.ticket.purpose.closes]
    return [tuple((leg.side, leg.contract) for leg in ticket.option_legs) for ticket in tickets]


def settle(world: World, price: str = "6900") -> None:
    """Live through the close, to the settlement print."""
    world.market.settle(DAY, price)
    for seconds in (0, 10, 20, 30):
        world.clock.wait_until(world.session.close)
        world.clock.advance(seconds)
        world.day.once()


# -- a vertical --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "close"), [("15:50", "16:00"), ("12:50", "13:00")], ids=["full day", "half day"])
@pytest.mark.parametrize(("settles", "worth"), [("6900", "0"), ("6865", "5")])
def test_the_short_is_bought_back_at_once_and_the_long_offered_until_it_settles(
    when: str, close: str, settles: str, worth: str
) -> None:
    """CS-417: the exit value is what was really paid, less what the long was worth."""
    world = holding(close=close)
    world.strategy = evolve(
        world.strategy, desk=evolve(world.strategy.desk, stops=evolve(PATIENT, soft_close_minutes=5))
    )
    close_at(world, when)
    cycle(world, UNBID)
    assert closes(world) == [SHORT_ALONE]
    cycle(world, UNBID, 30)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]
    *_, short, long = world.orders()
    assert (short.ticket.limit, short.state, short.execution.price) == (None, OrderState.FILLED, Decimal("0.35"))
    assert (long.ticket.limit, long.ticket.life, long.state) == (Decimal("0.05"), THE_DAY, OrderState.ACCEPTED)
    assert world.alarms() == []
    settle(world, settles)
    (booked,) = world.all(HoldingClosed)
    assert booked.exit_value == Decimal("0.35") - Decimal(worth)
    assert world.states()[-1] is OrderState.EXPIRED
    assert dict(world.exchange.holdings()) == {}
    assert world.exchange.account().balance == 100_000 + booked.gross - booked.fees


def test_a_long_that_is_bid_for_again_is_sold_by_its_resting_offer() -> None:
    world = holding()
    close_at(world, "15:40")
    cycle(world, UNBID, 20)
    cycle(world, BID_AGAIN, 5)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value) == ("soft_close", Decimal("0.30"))
    assert dict(world.exchange.holdings()) == {}


def test_a_bid_that_goes_once_the_order_was_sent_calls_it_back_at_once() -> None:
    """It is looked at before 30 s are over; by then the long has no taker."""
    world = holding()
    close_at(world, "15:40")
    cycle(world, PUT_QUOTES)
    assert closes(world) == [BOTH_LEGS]
    cycle(world, UNBID)
    assert world.states()[-1] is OrderState.CANCEL_REQUESTED
    cycle(world, UNBID, 4)

    assert closes(world) == [BOTH_LEGS, SHORT_ALONE, LONG_ALONE]


def test_a_bid_that_is_back_when_the_order_was_called_back_for_want_of_it_closes_both_legs() -> None:
    world = holding()
    close_at(world, "15:40")
    cycle(world, PUT_QUOTES)
    cycle(world, UNBID)
    cycle(world, BID_AGAIN, 4)

    assert closes(world) == [BOTH_LEGS, BOTH_LEGS]
    assert dict(world.exchange.holdings()) == {}


@pytest.mark.parametrize(("age", "state"), [(29, OrderState.ACCEPTED), (30, OrderState.CANCEL_REQUESTED)])
def test_an_order_for_both_legs_rests_unbid_seconds_and_no_longer(age: float, state: OrderState) -> None:
    """By its age since it was meant, inclusive; the quotes show bids all the while."""
    world = holding()
    close_at(world, "15:40")
    world.exchange.next_submit(never=True)
    cycle(world, PUT_QUOTES)
    cycle(world, PUT_QUOTES, seconds=age)

    assert world.states()[-1] is state


def test_after_unbid_seconds_the_short_goes_alone_and_a_long_with_a_bid_is_sold_at_market() -> None:
    world = holding()
    close_at(world, "15:40")
    world.exchange.next_submit(never=True)
    cycle(world, PUT_QUOTES, 8)

    assert closes(world) == [BOTH_LEGS, SHORT_ALONE, LONG_ALONE]
    (booked,) = world.all(HoldingClosed)
    assert (booked.exit_value, world.orders()[-1].ticket.limit) == (Decimal("2.80"), None)


def test_a_part_that_fills_meanwhile_counts() -> None:
    """CS-412: two of three close together, the third goes leg by leg."""
    world = holding()
    close_at(world, "15:40")
    world.exchange.next_submit(parts=(2,))
    cycle(world, PUT_QUOTES, 10)

    assert [order.ticket.quantity for order in world.orders()] == [3, 3, 1, 1]
    assert dict(world.exchange.holdings()) == {}


def test_unbid_seconds_of_the_policy_count() -> None:
    world = holding(evolve(a_scripted_plan(), policy=evolve(PATIENT, unbid_seconds=60)))
    close_at(world, "15:40")
    world.exchange.next_submit(never=True)
    cycle(world, PUT_QUOTES, 6)
    assert world.states()[-1] is OrderState.ACCEPTED
    cycle(world, PUT_QUOTES)
    assert world.states()[-1] is OrderState.CANCEL_REQUESTED


def test_a_short_that_is_not_offered_either_is_bought_back_once_it_is() -> None:
    """The long is known to have no bid: the order for the short alone rests until there is an ask."""
    world = holding()
    close_at(world, "15:40")
    cycle(world, NOT_OFFERED, 5)
    assert (closes(world), world.position().open_contracts) == ([SHORT_ALONE], 3)
    cycle(world, UNBID, 3)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]
    assert world.position().held(SHORT.occ) == 0


def test_an_order_for_both_legs_stays_while_the_short_is_not_offered() -> None:
    """Quotes of no use say nothing of a bid: it rests, for its own time."""
    nothing: Quotes = {SHORT: ("0.30", None), LONG: (None, "0.05")}
    world = holding()
    close_at(world, "15:40")
    cycle(world, nothing, 10)

    assert closes(world) == [BOTH_LEGS]
    assert world.states()[-1] is OrderState.ACCEPTED


def test_a_marketable_close_buys_the_short_at_its_ask_up_to_the_tick() -> None:
    """CS-406: single leg, below 3.00 in steps of 0.05."""
    world = holding(evolve(a_scripted_plan(), policy=evolve(PATIENT, close_style=CloseStyle.MARKETABLE)))
    close_at(world, "15:40")
    cycle(world, {SHORT: ("0.30", "0.33"), LONG: ("0", "0.05")}, 3)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]
    assert world.orders()[1].ticket.limit == Decimal("0.35")


def test_a_refused_offer_of_the_long_is_made_again_after_a_minute() -> None:
    world = holding()
    close_at(world, "15:40")
    cycle(world, UNBID)
    world.exchange.next_submit(rejects="no")
    cycle(world, UNBID, 6)
    assert world.states()[-1] is OrderState.REJECTED
    cycle(world, UNBID, 3)

    assert [leg for leg in closes(world) if leg == LONG_ALONE] == [LONG_ALONE] * 2
    assert world.states()[-1] is OrderState.ACCEPTED


@pytest.mark.parametrize("cycles", range(6))
def test_a_restart_between_any_two_steps_sends_nothing_twice(cycles: int) -> None:
    """R2."""
    world = holding()
    close_at(world, "15:40")
    cycle(world, UNBID, cycles)
    world.restart()
    cycle(world, UNBID, 20)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]


# -- by whatever decides -----------------------------------------------------------------------------------------------


def test_flatten_buys_the_short_back_first() -> None:
    world = holding()
    world.inbox.post(Request(RequestKind.FLATTEN, world.clock.now(), "enough"))
    cycle(world, UNBID, 10)

    assert closes(world) == [SHORT_ALONE, LONG_ALONE]
    assert world.position().exit_reason == "flatten"


@pytest.mark.parametrize(
    ("quotes", "time", "reason"),
    [
        ({SHORT: ("2.90", "3.00"), LONG: ("0", "0.05")}, "10:10", "stop_loss"),
        ({SHORT: ("3.90", "4.00"), LONG: ("0", "0.05")}, "10:10", "emergency_stop"),
        ({SHORT: ("1.00", "1.05"), LONG: ("0", "0.05")}, "10:10", "profit_target"),
        ({SHORT: ("2.30", "2.35"), LONG: ("0", "0.05")}, "15:30", "soft_close"),
        ({SHORT: ("2.30", "2.35"), LONG: ("0", "0.05")}, "15:56", "hard_close"),
    ],
)
def test_every_rule_of_exit_ends_it_short_first(quotes: Quotes, time: str, reason: str) -> None:
    world = holding(evolve(a_scripted_plan(), policy=evolve(PATIENT, stop=Decimal("0.10"), emergency=Decimal("0.40"),
                                                            noise_gate=False)))  # fmt: skip
    cycle(world, quotes, seconds=(at(time) - world.clock.now()).total_seconds())
    cycle(world, quotes, 3)

    assert world.position().exit_reason == reason
    assert closes(world) == [SHORT_ALONE, LONG_ALONE]


def test_a_loose_long_of_an_open_position_is_offered_and_its_spreads_are_watched_on() -> None:
    """CS-413: two of three longs without their shorts; the offer keeps nothing from being closed later."""
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(leg_contracts=(1, 3))
    world.day.once()
    cycle(world, PUT_QUOTES)
    cycle(world, UNBID, 60)

    assert closes(world) == [LONG_ALONE]
    assert (world.position().state, world.position().open_contracts) == (HoldingState.OPEN, 1)
    assert (world.orders()[-1].ticket.quantity, world.orders()[-1].ticket.life) == (2, THE_DAY)
    world.inbox.post(Request(RequestKind.FLATTEN, world.clock.now(), "enough"))
    cycle(world, UNBID, 6)
    assert closes(world) == [LONG_ALONE, SHORT_ALONE, LONG_ALONE]
    assert world.position().quantities == {LONG.occ: 3}


# -- condors and single sides ------------------------------------------------------------------------------------------

CONDOR = evolve(
    a_plan(a_condor(), contracts=3, credit="3.10", policy=PATIENT), strategy=StrategyTag.IRON_CONDOR,
    limit=Decimal("2.90"),
)  # fmt: skip
CALL_SIDE = ((Side.BUY, call(6980)), (Side.SELL, call(6990)))


def test_a_condor_with_one_unbid_side_closes_side_by_side() -> None:
    """The side that has bids in one order, of the other the short alone."""
    world = holding(CONDOR, {**PUT_QUOTES, **CALLS})
    close_at(world, "15:40")
    cycle(world, {**PUT_QUOTES, **UNBID_CALLS})
    assert closes(world) == [BOTH_LEGS, CALL_SIDE[:1]]
    cycle(world, {**PUT_QUOTES, **UNBID_CALLS}, 8)

    assert closes(world) == [BOTH_LEGS, CALL_SIDE[:1], CALL_SIDE[1:]]
    assert world.position().quantities == {call(6990).occ: 3}
    settle(world)
    (booked,) = world.all(HoldingClosed)
    assert booked.exit_value == Decimal("2.80") + Decimal("0.15")
    assert dict(world.exchange.holdings()) == {}


def test_a_condor_with_both_sides_unbid_buys_both_shorts_back() -> None:
    world = holding(CONDOR, {**PUT_QUOTES, **CALLS})
    close_at(world, "15:40")
    cycle(world, {**UNBID, **UNBID_CALLS}, 6)

    assert closes(world) == [CALL_SIDE[:1], SHORT_ALONE, CALL_SIDE[1:], LONG_ALONE]
    settle(world)
    assert world.all(HoldingClosed)[0].exit_value == Decimal("0.35") + Decimal("0.15")


def test_a_side_that_is_refused_does_not_keep_the_other_one_open() -> None:
    world = holding(CONDOR, {**PUT_QUOTES, **CALLS})
    close_at(world, "15:40")
    world.exchange.next_submit(rejects="no")
    cycle(world, {**PUT_QUOTES, **UNBID_CALLS}, 10)

    assert world.position().quantities == {call(6990).occ: 3}


def test_a_side_that_is_left_is_at_risk_with_its_width() -> None:
    """CS-342: while the calls are gone and the puts wait for an ask, the puts are open risk."""
    world = holding(CONDOR, {**PUT_QUOTES, **CALLS})
    position = world.position()
    gone = evolve(position, lots=lots_of({**position.quantities, call(6980).occ: 0, call(6990).occ: 0}))

    assert (gone.open_contracts, gone.maximum_risk) == (0, Decimal(10 * 100 * 3))


@pytest.mark.parametrize("tag", [StrategyTag.OTM_SINGLE_SIDED, StrategyTag.CALL_SPREAD])
def test_single_sided_calls_close_the_same_way(tag: StrategyTag) -> None:
    plan = evolve(a_plan(a_call_spread(), contracts=2, credit="0.65", policy=PATIENT), strategy=tag,
                  limit=Decimal("0.50"))  # fmt: skip
    world = holding(plan, CALLS)
    close_at(world, "15:56")
    cycle(world, UNBID_CALLS, 4)

    assert closes(world) == [CALL_SIDE[:1], CALL_SIDE[1:]]


def test_broken_wings_close_side_by_side_too() -> None:
    wings = a_condor(calls=(6980, 6990), puts=(6880, 6860))
    plan = evolve(CONDOR, spread=wings)
    far = put(6860)
    quotes: Quotes = {SHORT: ("5.00", "5.20"), far: ("1.90", "2.00"), **CALLS}
    world = holding(plan, quotes)
    close_at(world, "15:40")
    cycle(world, {SHORT: ("0.30", "0.35"), far: ("0", "0.05"), **CALLS}, 4)

    assert closes(world) == [CALL_SIDE, SHORT_ALONE, ((Side.SELL, far),)]


def test_a_whole_condor_goes_in_one_order() -> None:
    world = holding(CONDOR, {**PUT_QUOTES, **CALLS})
    close_at(world, "15:40")
    cycle(world, {**PUT_QUOTES, **CALLS}, 3)

    assert closes(world) == [(*CALL_SIDE, *BOTH_LEGS)]
    assert a_put_spread() == evolve(CONDOR.spread, sides=CONDOR.spread.sides[1:])


def test_the_report_names_both_steps_of_the_close() -> None:
    """CS-420, CS-621: what the short cost and that the long was left to settlement."""
    world = holding()
    close_at(world, "15:40")
    cycle(world, UNBID, 4)
    settle(world)

    (trade,) = day_report(world.events).trades
    assert trade.end is not None
    assert (trade.end.reason, trade.end.value) == ("settled", Decimal("0.35"))
    assert trade.end.detail.endswith(
        f"; bought back 3 {SHORT.occ} alone at 0.35; the rest settled at 6900, the official price; 0.35 to close in all"
    )


def test_a_loss_that_is_certain_counts_before_the_long_is_settled() -> None:
    """CS-339: three shorts bought back at 5.20, sold for 2.50: the long may still bring something, the loss stands."""
    world = holding()
    close_at(world, "11:00")
    cycle(world, {SHORT: ("5.00", "5.20"), LONG: ("0", "0.05")}, 4)

    verdict = RiskLimits().judge_daily_loss(world.book, world.clock.now())
    assert (verdict.reason, world.all(HoldingClosed)) == ("daily_loss", [])
    assert world.book.realised_on(DAY) == 0
