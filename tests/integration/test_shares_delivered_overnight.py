"""Two days, one ledger: a spread ends with one leg in the money, its shares go at the next open. CS-413, 529, 574."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import DAY, a_call_spread, a_plan, a_put_spread, a_session, at
from builders_exchange import call, put
from builders_world import PATIENT, TERMS, Scripted, World
from fakes import BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.holding_events import HoldingAdopted, HoldingClosed, SharesDelivered
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import AlarmRaised, DayFinished, OrderFilled, OrderIntended
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose, lineage_mark
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.words import StrategyTag
from gammacore.wiring.study.days import CarryIn

NEXT_DAY = DAY + dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
PUTS: dict[OptionContract, BidAsk] = {put(688, "SPY"): ("0.50", "0.52"), put(687, "SPY"): ("0.24", "0.25")}
CALLS: dict[OptionContract, BidAsk] = {call(692, "SPY"): ("0.50", "0.52"), call(693, "SPY"): ("0.24", "0.25")}
PUT_PLAN = a_plan(
    a_put_spread(688, 687, "SPY"), credit="0.265", contracts=2, price="690", pin="691", policy=PATIENT,
)  # fmt: skip
CALL_PLAN = evolve(PUT_PLAN, spread=a_call_spread(692, 693, "SPY"), strategy=StrategyTag.CALL_SPREAD)


def a_spy_world(plan: SpreadPlan, quotes: dict[OptionContract, BidAsk], settles: str, opens: str) -> World:
    """Monday's options are quoted until 15:20 and never again, so that no close can fill; Tuesday shows the share."""
    market, clock = FakeMarket("SPY", step=60), FakeClock(at("09:30"))
    for minute in range(390):
        now = at("09:30") + minute * MINUTE
        market.show(now, quotes if minute < 350 else {}, spot=Decimal(690), vix=Decimal(15), quote_age_limit=120)
    for minute in range(390):
        market.show(at("09:30", NEXT_DAY) + minute * MINUTE, {}, spot=Decimal(opens), vix=Decimal(15))
    market.settle(DAY, settles)
    market.settle(NEXT_DAY, opens)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=FeeSchedule(), starting_cash=Decimal(200_000))
    terms = evolve(TERMS, starting_balance=Decimal(200_000))
    limit = evolve(plan, limit=Decimal("0.25"))
    return World(clock, market, exchange, a_session(), Scripted((limit,)), terms=terms, underlying="SPY")


def next_morning(world: World) -> None:
    """Another process, Tuesday."""
    world.restart()
    world.session = a_session(date=NEXT_DAY)


@pytest.mark.parametrize(
    ("plan", "quotes", "settles", "shares", "opens"),
    [
        (PUT_PLAN, PUTS, "687.40", 200, "689.15"),  # assigned: long 200 from 687.40
        (PUT_PLAN, PUTS, "687.40", 200, "680.40"),  # what fell overnight is the shares' loss
        (CALL_PLAN, CALLS, "692.70", -200, "690.20"),  # called away: short 200, bought back lower
    ],
    ids=["puts", "puts, a gap down", "calls"],
)
def test_what_expiry_delivered_is_traded_away_at_the_next_open_and_both_books_agree(
    plan: SpreadPlan, quotes: dict[OptionContract, BidAsk], settles: str, shares: int, opens: str
) -> None:
    """CS-529: the option's loss is booked on Monday, the shares' result from the settlement price on Tuesday."""
    world = a_spy_world(plan, quotes, settles, opens)
    world.day()

    (delivered,) = world.all(SharesDelivered)
    assert (delivered.shares, delivered.basis) == (shares, Decimal(settles))
    assert dict(world.exchange.holdings()) == {"SPY": shares} == world.book.expected_holdings()
    assert [day.date for day in world.all(DayFinished)] == [DAY]
    assert "shares_delivered" in world.alarms()
    (settled,) = world.all(HoldingClosed)
    strike = Decimal(688) if shares > 0 else Decimal(692)
    assert settled.gross == (Decimal("0.25") - abs(strike - Decimal(settles))) * 200
    assert settled.reason == "settled"

    next_morning(world)
    world.day()

    (sale,) = [event for event in world.all(OrderIntended) if event.ticket.is_shares]
    assert sale.at == at("09:30", NEXT_DAY)
    assert sale.ticket.legs == (ShareLeg("SPY", Side.SELL if shares > 0 else Side.BUY, closes=True),)
    (price,) = [fill.execution.price for fill in world.all(OrderFilled) if fill.id == sale.ticket.id]
    assert price is not None
    assert abs(price - Decimal(opens)) <= Decimal("0.01")
    first, booked = world.all(HoldingClosed)
    assert first == settled
    assert (booked.shares, booked.reason) == ((price - Decimal(settles)) * shares, "delivered_shares")
    assert [day.date for day in world.all(DayFinished)] == [DAY, NEXT_DAY]
    assert dict(world.exchange.holdings()) == {} == world.book.expected_holdings()
    assert world.book.live_holdings == ()
    assert world.book.balance == world.exchange.account().balance
    assert world.book.realised_on(NEXT_DAY) == booked.gross - booked.fees
    assert Book.of(world.events).balance == world.book.balance


def test_a_day_that_takes_shares_over_reports_them_as_the_whole_ledger_does() -> None:
    """ST-203: what is still held goes over with the events that a report of it needs, and nothing else does."""
    world = a_spy_world(PUT_PLAN, PUTS, "687.40", "689.15")
    world.day()
    monday = list(world.events)
    next_morning(world)
    world.day()
    tuesday = world.events[len(monday) :]

    carried = CarryIn().after(monday, None)
    later = carried.after(tuesday, None)

    assert carried.report_of(NEXT_DAY, tuesday) == day_report(world.events, NEXT_DAY)
    assert len(carried.report_of(NEXT_DAY, tuesday).closed) == 1
    assert len(carried.told) == len(monday) - 1  # its opening is told anew, with the balance of the morning
    assert {type(event).__name__ for event in later.told} <= {"PolicyRecorded"}
    assert later.book.balance == world.book.balance


@pytest.mark.parametrize("started", ["09:30", "10:15"])
def test_shares_of_an_expiry_that_is_noted_only_the_day_after_go_at_once(started: str) -> None:
    """CS-529: the process was gone from 15:58 on; the open after the delivery has come, and is not missed."""
    world = a_spy_world(PUT_PLAN, PUTS, "687.40", "689.15")
    world.day.run_until(lambda _book: world.clock.now() >= at("15:58"))
    next_morning(world)
    world.clock.set(begins := at(started, NEXT_DAY))
    world.day()

    (told,) = world.all(SharesDelivered)
    (sale,) = [event for event in world.all(OrderIntended) if event.ticket.is_shares]
    assert (told.at, sale.at, sale.ticket.quantity) == (begins, begins, 200)
    (alarm,) = (event for event in world.all(AlarmRaised) if event.code == "shares_delivered")
    assert alarm.detail.endswith("they go at the next look of an open session unless kept")
    assert dict(world.exchange.holdings()) == {} == world.book.expected_holdings()
    assert world.book.balance == world.exchange.account().balance


def a_desk_of_no_ledger_sold(world: World) -> None:
    """Two naked puts, by an order of this lineage that the ledger does not have."""
    lost = f"gc-{lineage_mark(TERMS.lineage)}{'0' * 17}"
    legs = (Leg(put(688, "SPY"), Side.SELL),)
    ticket = OrderTicket(lost, Purpose.HEDGE, "SPY", "lost", legs, 2, Effect.CREDIT, None)
    world.clock.set(at("09:40"))
    world.exchange.submit(ticket)
    world.clock.set(at("09:41"))
    assert dict(world.exchange.holdings()) == {put(688, "SPY").occ: -2}


def test_a_naked_short_of_a_lost_ledger_is_bought_back_by_the_next_one_and_both_books_agree() -> None:
    """CS-413, CS-574: two looks, then market; nothing of it is left for expiry."""
    world = a_spy_world(PUT_PLAN, PUTS, "687.40", "689.15")
    world.strategy = Scripted()
    a_desk_of_no_ledger_sold(world)
    world.day()

    (opened,) = world.all(HoldingAdopted)
    assert (opened.origin, opened.symbols, opened.price) == (
        Origin.STRANDED,
        {put(688, "SPY").occ: -2},
        Decimal("0.50"),
    )
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.options) == ("naked_short", Decimal("-0.02") * 200)
    assert booked.at < at("09:46")
    assert world.alarms() == ["naked_short"]
    assert dict(world.exchange.holdings()) == {} == world.book.expected_holdings()
    assert world.all(SharesDelivered) == []
    assert [day.date for day in world.all(DayFinished)] == [DAY]


def test_a_naked_short_that_is_not_sold_back_is_no_finished_day_and_its_shares_go_at_the_next_open() -> None:
    """CS-529, CS-574: assigned overnight, alerted every five minutes before, sold on Tuesday."""
    world = a_spy_world(PUT_PLAN, PUTS, "687.40", "689.15")
    world.strategy = Scripted()
    for minute in range(12, 390):
        world.market.show(at("09:30") + minute * MINUTE, {}, spot=Decimal(690), vix=Decimal(15))
    a_desk_of_no_ledger_sold(world)
    world.day()

    assert world.all(DayFinished) == []
    assert dict(world.exchange.holdings()) == {"SPY": 200} == world.book.expected_holdings()
    assert world.alarms().count("stuck") >= 60  # from 9:47 to the close, whatever was sent anew in between
    assert world.alarms()[-2:] == ["shares_delivered", "not_flat"]

    next_morning(world)
    world.day()

    (booked,) = world.all(HoldingClosed)
    assert (booked.options, booked.shares) == (Decimal("-0.10") * 200, Decimal("1.75") * 200)
    assert [day.date for day in world.all(DayFinished)] == [NEXT_DAY]
    assert dict(world.exchange.holdings()) == {} == world.book.expected_holdings()
