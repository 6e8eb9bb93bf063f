"""Whole days of the delta-hedge desk at the fake exchange: what is bought, hedged, refused, lost, found and flat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import frozen

from builders import DAY, a_session, at
from builders_delta_hedge import CALL, PUT, STRADDLE, straddle_legs
from builders_desk import a_contract
from builders_world import TERMS, World, relayed
from fakes import BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.holding_events import HedgeDecided, HoldingClosed, HoldingSettled
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import Halted
from gammacore.domain.orders import Order, OrderReport, OrderState, Purpose
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.ports.broker import BrokerDecorator
from gammacore.ports.storage import Request, RequestKind

TUESDAY = DAY + dt.timedelta(days=1)


def quotes(spot: str, time: str, close: str = "16:00") -> Mapping[OptionContract, BidAsk]:
    legs = straddle_legs(spot, time, session=a_session(close))
    return {a_contract(leg, "SPY"): (str(bid), str(ask)) for leg, (bid, ask) in legs.items()}


def a_hedging_world(*, close: str = "16:00", desk: DeltaHedgeDesk | None = None) -> World:
    """An ordinary Monday at the open, SPY at 600; the desk buys one straddle at 9:45."""
    clock, market = FakeClock(at("09:30")), FakeMarket("SPY", step=10)
    calendar = FakeCalendar(half_days=[DAY] if close == "13:00" else [])
    exchange = FakeExchange(market, clock, calendar, fees=FeeSchedule(), starting_cash=Decimal(20_000))
    return World(
        clock, market, exchange, a_session(close), cast(Any, desk or DeltaHedgeDesk()), terms=TERMS, underlying="SPY"
    )


def look(world: World, time: str, spot: str = "600", date: dt.date = DAY, cycles: int = 1, **market: Any) -> None:
    """Show the market at a New York time and let the desk live through it."""
    shown = quotes(spot, time, "13:00" if world.session.early_close else "16:00") if date == DAY else {}
    world.market.show(at(time, date), shown, spot=Decimal(spot), **market)
    world.clock.set(at(time, date))
    for _ in range(cycles):
        world.day.once()


def settle(world: World, price: str) -> None:
    """The close, its print, and a few cycles after it."""
    world.market.settle(DAY, price)
    close = world.session.close
    for seconds in (0, 10, 20):
        world.clock.set(close + dt.timedelta(seconds=seconds))
        world.day.once()


def bought_world(**how: Any) -> World:
    """The straddle is held at 9:46."""
    world = a_hedging_world(**how)
    look(world, "09:45")
    look(world, "09:46")
    return world


def orders(world: World, purpose: Purpose | None = None) -> list[Order]:
    return [order for order in world.book.orders_of(STRADDLE) if purpose in (None, order.ticket.purpose)]


def shares(world: World) -> int:
    return world.book.holdings[STRADDLE].quantities.get("SPY", 0)


def states(world: World, purpose: Purpose) -> list[str]:
    return [str(order.state) for order in orders(world, purpose)]


def assert_ended_flat(world: World) -> None:
    """Nothing is held, each order was sent once, and the two books have the same dollars."""
    assert world.day.is_finished()
    assert dict(world.exchange.holdings()) == world.book.expected_holdings() == {}
    assert world.book.balance == world.exchange.account().balance
    assert len({ticket.id for ticket in world.exchange.received}) == len(world.exchange.received)


# -- a day as it should be ---------------------------------------------------------------------------------------------

SCRIPT = (
    ("09:45", "600"), ("09:46", "600"), ("10:00", "601"), ("10:00:30", "601"), ("10:30", "599"), ("10:30:10", "599"),
    ("10:30:20", "599"), ("10:30:30", "599"), ("12:00", "599.2"), ("15:45", "599.5"), ("15:45:10", "599.5"),
    ("15:45:20", "599.5"),
)  # fmt: skip
"""Up, so that shares are sold; down, so that they are bought back and more: across zero; then the exit."""


def traded(world: World) -> World:
    for time, spot in SCRIPT:
        look(world, time, spot)
    settle(world, "599.50")
    return world


def test_a_day_is_bought_hedged_and_flat_before_the_close() -> None:
    """DH-304, DH-510: the net is zero after each hedge; a hedge through zero is two orders."""
    world = traded(a_hedging_world())
    first, cover, rest = orders(world, Purpose.HEDGE)
    exits = orders(world, Purpose.EXIT)

    assert (first.ticket.effect, cover.ticket.effect, rest.ticket.effect) == ("credit", "debit", "debit")
    assert (cover.ticket.quantity, cover.ticket.closes) == (first.ticket.quantity, True)
    assert (rest.ticket.reason, rest.ticket.closes) == ("delta_hedge", False)
    assert [order.ticket.symbols[0] for order in exits] == [CALL.occ, PUT.occ, "SPY"]
    assert {order.intended_at for order in exits} == {at("15:45")}
    hedges = [event for event in world.all(HedgeDecided) if event.shares]
    assert all(abs(event.delta_before) > event.threshold for event in hedges if event.reason == "delta_hedge")
    assert all(abs(event.delta_after * 100) <= Decimal("0.5") for event in hedges if event.reason == "delta_hedge")
    assert_ended_flat(world)


def test_the_result_is_options_and_shares_and_fees() -> None:
    """DH-243: dollar for dollar what the exchange says."""
    world = traded(a_hedging_world())
    (booked,) = world.all(HoldingClosed)

    assert booked.options + booked.shares - booked.fees == world.book.balance - 20_000
    assert booked.fees > 0
    assert booked.reason == "daily_flatten"


def test_a_restart_before_every_look_changes_nothing() -> None:
    """R14: all the desk remembers is in the ledger."""
    undisturbed, restarted = traded(a_hedging_world()), a_hedging_world()
    for time, spot in SCRIPT:
        restarted.restart()
        look(restarted, time, spot)
    settle(restarted, "599.50")

    assert restarted.events == undisturbed.events


def test_a_half_day_ends_at_12_45() -> None:
    """DH-501."""
    world = bought_world(close="13:00")
    look(world, "12:44:59")
    assert orders(world, Purpose.EXIT) == []
    look(world, "12:45")
    look(world, "12:46")
    settle(world, "600")

    assert states(world, Purpose.EXIT) == ["filled", "filled"]
    assert_ended_flat(world)


# -- the purchase ------------------------------------------------------------------------------------------------------


def test_an_entry_that_never_fills_is_called_back_and_is_over_without_a_booking() -> None:
    world = a_hedging_world()
    world.exchange.next_submit(never=True)
    for time in ("09:45", "09:50", "09:50:05", "09:50:10"):
        look(world, time)
    look(world, "10:30", "601")

    assert world.all(HoldingClosed) == []
    (over,) = world.book.holdings.values()
    assert (over.state, over.exit_reason, over.has_filled) == (HoldingState.CLOSED, "unfilled", False)
    assert (world.book.live_holdings, world.book.balance) == ((), Decimal(20_000))
    assert day_report(world.events).unfilled == 1
    assert states(world, Purpose.ENTRY) == ["canceled"]
    assert orders(world, Purpose.HEDGE) == []


def test_a_straddle_filled_on_one_side_is_hedged_for_what_it_is() -> None:
    """One call of delta one half: 50 shares are sold; the rest of the entry is called back after its time."""
    world = a_hedging_world()
    world.exchange.next_submit(leg_contracts=(1, 0))
    for time in ("09:45", "09:46", "09:47", "09:50", "09:50:05", "09:51"):
        look(world, time)
    assert shares(world) == -50
    assert states(world, Purpose.ENTRY) == ["canceled"]

    look(world, "15:45")
    look(world, "15:46")
    settle(world, "600")
    assert_ended_flat(world)


# -- refusals and lost answers -----------------------------------------------------------------------------------------


def test_a_refused_hedge_is_reported_and_decided_anew_after_the_window() -> None:
    """DH-242, DH-305."""
    world = bought_world()
    world.exchange.next_submit(rejects="no shares to borrow")
    look(world, "10:00", "601")
    look(world, "10:00:59", "601")
    assert states(world, Purpose.HEDGE) == ["rejected"]

    look(world, "10:01", "601")
    look(world, "10:01:10", "601")
    assert states(world, Purpose.HEDGE) == ["rejected", "filled"]
    assert world.alarms() == ["refused"]


def test_a_hedge_whose_answer_is_lost_is_found_and_counted_once() -> None:
    """DH-240, R4: it arrived."""
    world = bought_world()
    world.exchange.next_submit(times_out=True, accepts=True, delay=20)
    look(world, "10:00", "601")
    (decided,) = (event for event in world.all(HedgeDecided) if event.shares)
    assert states(world, Purpose.HEDGE) == ["unknown"]

    for seconds in range(10, 300, 15):  # in flight for minutes: counted, and not sent again
        look(world, f"10:0{seconds // 60}:{seconds % 60:02}", "601")
    assert len(orders(world, Purpose.HEDGE)) == 1
    for time in ("10:10", "10:11", "10:12"):
        look(world, time, "601")
    assert states(world, Purpose.HEDGE) == ["filled"]
    assert shares(world) == decided.shares


def test_a_hedge_that_never_arrived_is_sent_anew_after_two_looks_and_the_window() -> None:
    """R4: believed to be absent when two looks say so."""
    world = bought_world()
    world.exchange.next_submit(times_out=True, accepts=False)
    for time in ("10:00", "10:00:10", "10:00:20", "10:00:59"):
        look(world, time, "601")
    assert states(world, Purpose.HEDGE) == ["not_sent"]

    look(world, "10:01", "601")
    look(world, "10:01:10", "601")
    assert states(world, Purpose.HEDGE) == ["not_sent", "filled"]


def test_a_hedge_without_news_is_alarmed_after_a_minute_and_every_five_minutes() -> None:
    """DH-241: still in flight, never assumed dead."""
    world = bought_world()
    world.exchange.next_submit(times_out=True, accepts=True, never=True)
    look(world, "10:00", "601")
    world.exchange.queries_fail(1000)
    for time in ("10:00:30", "10:00:59.999"):
        look(world, time, "601")
    assert "fill_unknown" not in world.alarms()
    for time in ("10:01", "10:02", "10:05:59", "10:06"):
        look(world, time, "601")

    assert world.alarms().count("fill_unknown") == 2
    assert states(world, Purpose.HEDGE) == ["unknown"]


@frozen(eq=False)
class HidesHedges(BrokerDecorator):
    """Finds no share order for a quarter of an hour; at 10:15 it finds them all."""

    inner: FakeExchange

    def order(self, order_id: str) -> OrderReport | None:
        shares = {ticket.id for ticket in self.inner.received if ticket.is_shares}
        return None if order_id in shares and self.inner.clock().at < at("10:15") else self.inner.order(order_id)


@pytest.mark.parametrize("trouble", [{"times_out": True, "accepts": True}, {"rejects_later": "not now"}])
def test_a_hedge_no_look_finds_is_taken_once_the_account_shows_its_shares(trouble: Mapping[str, Any]) -> None:
    """R4, CS-408: it counted as never sent. Shares may be another trader's (CS-571), so its own report decides."""
    world = a_hedging_world()
    world.wrap_broker = relayed(HidesHedges)
    look(world, "09:45")
    look(world, "09:46")
    world.exchange.next_submit(**trouble)
    for minute in range(30):
        look(world, f"10:{minute:02}", "601", cycles=3)

    lost, *later = orders(world, Purpose.HEDGE)
    was_taken = "accepts" in trouble
    assert lost.state is (OrderState.FILLED if was_taken else OrderState.REJECTED)
    assert later
    assert world.book.expected_holdings() == dict(world.exchange.holdings())
    look(world, "15:45", "601")
    look(world, "15:46", "601")
    settle(world, "601")
    assert_ended_flat(world)


def test_a_hedge_that_fills_after_its_cancel_is_found_and_flattened() -> None:
    """CS-410, DH-510: it works at the cut-off, is called back, and fills all the same; no holdings show it."""
    world = bought_world()
    world.exchange.next_submit(never=True, on_cancel="filled_late")
    look(world, "15:44:50", "600.5")
    for time in ("15:45", "15:45:05", "15:45:10", "15:45:20", "15:45:40", "15:46", "15:47"):
        look(world, time, "600.5")
    settle(world, "600.50")

    hedge = orders(world, Purpose.HEDGE)[0]
    assert hedge.execution.quantity == hedge.ticket.quantity
    assert orders(world, Purpose.EXIT)[-1].ticket.quantity == hedge.ticket.quantity
    assert_ended_flat(world)


def test_exits_are_tried_until_they_are_done() -> None:
    """DH-511: the broker is down at the cut-off and for minutes after it."""
    world = bought_world()
    look(world, "10:00", "601")
    look(world, "10:01", "601")
    for _ in range(9):
        world.exchange.next_submit(unavailable=True)
    for minute in range(45, 50):
        for seconds in (0, 30):
            look(world, f"15:{minute}:{seconds:02}", "600.1")
    settle(world, "601")

    assert states(world, Purpose.EXIT) == ["not_sent"] * 9 + ["filled"] * 3
    assert [order.intended_at for order in orders(world, Purpose.EXIT)[::3]] == [
        at(time) for time in ("15:45", "15:46", "15:47", "15:48")
    ]
    assert_ended_flat(world)


# -- people and guards -------------------------------------------------------------------------------------------------


def test_a_flatten_request_ends_options_and_shares_and_nothing_is_bought_again() -> None:
    """R10, DH-1001."""
    world = bought_world()
    look(world, "10:00", "601")
    look(world, "10:01", "601")
    world.inbox.post(Request(RequestKind.FLATTEN, at("10:30"), "going home"))
    for time in ("10:30", "10:30:10", "10:31", "11:00", "12:00", "15:45"):
        look(world, time, "602")
    settle(world, "602")

    assert {order.intended_at for order in orders(world, Purpose.EXIT)} == {at("10:30")}
    assert len(orders(world)) == 5  # entry, hedge, call, put, shares
    assert_ended_flat(world)


def test_a_loss_beyond_its_guard_halts_and_the_exit_still_runs() -> None:
    """DH-1009: half a percent of the high-water mark; the straddle is hedged no more and goes at the cut-off."""
    world = bought_world(desk=DeltaHedgeDesk(guards=OpeningGuards(drawdown=Decimal("0.005"))))
    look(world, "15:00", "600")
    (halt,) = world.all(Halted)
    assert "drawdown_halt" in halt.reason

    look(world, "15:30", "603")
    assert orders(world, Purpose.HEDGE) == []
    look(world, "15:45", "603")
    look(world, "15:46", "603")
    settle(world, "603")
    assert_ended_flat(world)


def test_after_a_restart_the_guards_still_know_the_best_the_account_has_been() -> None:
    """DH-1009: from the ledger; who resumes accepts what was lost."""
    world = bought_world(desk=DeltaHedgeDesk(guards=OpeningGuards(drawdown=Decimal("0.005"))))
    world.restart()
    look(world, "15:00", "600")
    assert len(world.all(Halted)) == 1

    world.inbox.post(Request(RequestKind.RESUME, at("15:01"), "seen"))
    look(world, "15:01", "600")
    look(world, "15:02", "600")
    assert len(world.all(Halted)) == 1
    assert world.book.halted is None


# -- expiry ------------------------------------------------------------------------------------------------------------


def test_a_worthless_option_is_left_to_expire() -> None:
    """DH-511: nobody bids for it; its order works until the bell."""
    world = bought_world()
    look(world, "10:00", "604")
    look(world, "10:01", "604")
    for time in ("15:45", "15:46", "15:50", "15:59"):
        look(world, time, "608")
    settle(world, "608")

    assert states(world, Purpose.EXIT) == ["filled", "expired", "filled"]
    (settled,) = world.all(HoldingSettled)
    assert (settled.symbol, settled.worth, settled.shares) == (PUT.occ, Decimal(0), 0)
    assert_ended_flat(world)


def test_an_option_left_in_the_money_becomes_shares_that_go_at_the_next_open() -> None:
    """DH-511, DH-520, CS-529: its exit never filled; it is exercised at 602, and the 100 shares are sold at 603."""
    world = bought_world()
    world.exchange.next_submit(never=True)
    for time in ("15:45", "15:46", "15:50"):
        look(world, time, "602")
    settle(world, "602")
    assert shares(world) == 100
    assert not world.day.is_finished()
    assert "shares_delivered" in world.alarms()
    assert "not_flat" in world.alarms()

    world.restart()
    world.session = a_session(date=TUESDAY)
    for time in ("09:30", "09:30:10", "09:30:20"):
        look(world, time, "603", TUESDAY)

    (exit_,) = [order for order in orders(world) if order.ticket.reason == "leftover_flatten"]
    assert (exit_.state, exit_.ticket.quantity) == (OrderState.FILLED, 100)
    assert world.alarms().count("leftover") == 1
    assert dict(world.exchange.holdings()) == {}
    assert world.book.balance == world.exchange.account().balance
    assert world.all(HoldingClosed)[0].shares == pytest.approx(100, abs=2)


def test_quotes_that_fail_for_a_while_stop_hedges_and_nothing_else() -> None:
    """DH-204."""
    world = bought_world()
    world.market.fails(1)
    look(world, "10:00", "601")
    assert world.all(HedgeDecided)[-1].reason == "missing_delta"
    look(world, "10:01", "601")
    assert len(orders(world, Purpose.HEDGE)) == 1
