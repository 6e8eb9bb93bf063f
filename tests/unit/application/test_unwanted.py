"""What nobody chose to hold goes: delivered shares at the next open, a naked short of ours at once.

Rules: CS-413, CS-529, CS-574, R5.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import DAY, a_session, at
from builders_exchange import a_single, an_entry, put
from builders_holdings import holding_began
from builders_world import World, a_world
from gammacore.application.take_in import ReconcileVerdict
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.desks.flattening import close_unwanted
from gammacore.domain.holding_events import HoldingAdjusted, HoldingAdopted, HoldingClosed, SharesDelivered
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import OrderAccepted, OrderCanceled, OrderFilled, OrderIntended, OrderWasRejected
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderState, OrderTicket, Purpose, lineage_mark
from gammacore.domain.risk.limits import RiskLimits

SHORT, LONG = put(6880), put(6870)
OURS = f"gc-{lineage_mark('f00d')}" + "0" * 17
YESTERDAY = at("16:00") - dt.timedelta(days=1)
SESSION = a_session()
KEEP = RiskLimits(keep_assigned_shares=True)


def delivered(shares: int = 200, when: dt.datetime = YESTERDAY) -> SharesDelivered:
    """480 puts assigned at 478: the shares count from there."""
    return SharesDelivered(when, "p1", "SPY", shares, Decimal(480), Decimal(478))


# -- what is decided ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shares", "side"), [(200, Side.SELL), (-100, Side.BUY)])
def test_delivered_shares_are_closed_at_market_at_the_next_open(shares: int, side: Side) -> None:
    """CS-529."""
    book = Book.of([delivered(shares)])
    (trade,) = close_unwanted(book, RiskLimits(), SESSION, SESSION.open)

    assert trade.legs == (ShareLeg("SPY", side, closes=True),)
    assert (trade.quantity, trade.limit, trade.purpose) == (abs(shares), None, Purpose.EXIT)
    assert (trade.reason, trade.strategy) == ("delivered_shares", "delivered")


@pytest.mark.parametrize(
    ("limits", "when", "now"),
    [
        (RiskLimits(), YESTERDAY, SESSION.open - dt.timedelta(milliseconds=1)),
        (RiskLimits(), YESTERDAY, SESSION.close),
        (RiskLimits(), SESSION.open, SESSION.after_open(1)),
        (KEEP, YESTERDAY, SESSION.open),
    ],
    ids=["before the open", "after the close", "delivered today", "configured to be kept"],
)
def test_delivered_shares_wait_otherwise(limits: RiskLimits, when: dt.datetime, now: dt.datetime) -> None:
    assert list(close_unwanted(Book.of([delivered(when=when)]), limits, SESSION, now)) == []


def test_what_a_strategy_holds_by_choice_is_never_unwanted() -> None:
    chosen = holding_began(YESTERDAY, "hedged", "delta-hedge", "SPY", {"SPY": 200}, Decimal(478))

    assert list(close_unwanted(Book.of([chosen]), RiskLimits(), SESSION, SESSION.open)) == []


@pytest.mark.parametrize(
    ("end", "seconds", "orders"),
    [(None, 3600, 0), ("rejected", 59, 0), ("rejected", 60, 1), ("partly filled", 59, 0), ("partly filled", 60, 1)],
)
def test_a_second_order_comes_a_minute_after_the_end_of_the_first_and_never_beside_it(
    end: str | None, seconds: int, orders: int
) -> None:
    """CS-529: two working orders would sell the shares twice."""
    ticket = OrderTicket(
        "first", Purpose.EXIT, "SPY", "shares-p1", (ShareLeg("SPY", Side.SELL, closes=True),), 200, Effect.CREDIT, None
    )
    book = Book.of([delivered(), OrderIntended(SESSION.open, ticket), OrderAccepted(SESSION.open, "first", "b1")])
    if end == "rejected":
        book.apply(OrderWasRejected(SESSION.open, "first", "no"))
    if end == "partly filled":
        book.apply(OrderFilled(SESSION.open, "first", Execution(150, Decimal(480)), complete=False))
        book.apply(OrderCanceled(SESSION.open, "first", "by the broker"))
    now = SESSION.open + dt.timedelta(seconds=seconds)
    trades = list(close_unwanted(book, RiskLimits(), SESSION, now))

    assert len(trades) == orders
    assert all(trade.quantity == book.holdings["shares-p1"].quantities["SPY"] for trade in trades)


# -- what is done ------------------------------------------------------------------------------------------------------


def a_world_with_shares(shares: int = 200) -> World:
    """SPY shares delivered yesterday, in the ledger and at the exchange."""
    world = a_world(underlying="SPY", start="09:30")
    world.exchange._book.hold_shares("SPY", shares, Decimal(478))
    world.day.begin()
    world.day.ledger.record(delivered(shares))
    return world


def test_delivered_shares_are_sold_booked_once_and_gone() -> None:
    """CS-529: their P/L counts from the settlement price."""
    world = a_world_with_shares()
    for price in ("481.00", "481.25", "481.50", "481.50"):
        world.show({}, spot=price)
        world.day.once()

    (booked,) = world.all(HoldingClosed)
    assert (booked.shares, booked.options, booked.reason) == (Decimal("650.00"), Decimal(0), "delivered_shares")
    assert dict(world.exchange.holdings()) == {}
    assert world.book.live_holdings == ()
    assert world.book.balance == 20_000 + 650


def test_a_refused_sale_is_tried_again_after_a_minute_and_reported() -> None:
    """CS-563."""
    world = a_world_with_shares()
    world.exchange.next_submit(rejects="halted_symbol")
    for _ in range(9):
        world.show({}, spot="481.00")
        world.day.once()

    states = [order.state for order in world.book.orders_of("shares-p1")]
    assert states == [OrderState.REJECTED, OrderState.FILLED]
    assert world.alarms() == ["refused"]


def test_shares_another_trader_sold_are_taken_out_of_the_book() -> None:
    """R5: the broker holds 50 of our 200; what the others brought nobody knows."""
    world = a_world_with_shares()
    world.settings = Settings(limits=KEEP)
    world.restart()
    world.strategy = evolve(world.strategy, desk=evolve(world.strategy.desk, limits=KEEP))
    world.exchange._book.hold_shares("SPY", -150, Decimal(480))
    for _ in range(3):
        world.show({}, spot="481.00", seconds=61)
        world.day.once()

    (adjusted,) = world.all(HoldingAdjusted)
    assert (adjusted.symbol, adjusted.change, adjusted.price) == ("SPY", -150, Decimal(478))
    assert world.book.holdings["shares-p1"].quantities == {"SPY": 50}
    assert world.alarms() == ["closed_externally"]


def test_shares_of_others_beside_ours_that_are_kept_are_no_difference() -> None:
    """CS-571: more than ours is somebody else's, day after day."""
    world = a_world_with_shares()
    world.strategy = evolve(world.strategy, desk=evolve(world.strategy.desk, limits=KEEP))
    world.restart()
    world.exchange._book.hold_shares("SPY", 1_000, Decimal(480))
    for _ in range(4):
        world.show({}, spot="481.00", seconds=61)
        world.day.once()

    assert dict(world.exchange.holdings()) == {"SPY": 1_200}
    assert (world.alarms(), dict(world.book.quarantined)) == ([], {})


@pytest.mark.parametrize(("ours", "others"), [(200, -250), (-100, 150)])
def test_a_holding_beyond_the_other_side_of_ours_takes_ours_out_and_no_more(ours: int, others: int) -> None:
    """R5: what the others hold beyond that is theirs."""
    world = a_world_with_shares(ours)
    world.strategy = evolve(world.strategy, desk=evolve(world.strategy.desk, limits=KEEP))
    world.restart()
    world.exchange._book.hold_shares("SPY", others, Decimal(480))
    for _ in range(4):
        world.show({}, spot="481.00", seconds=61)
        world.day.once()

    (adjusted,) = world.all(HoldingAdjusted)
    assert adjusted.change == -ours
    assert all(holding.is_flat for holding in world.book.live_holdings)
    world.to_the_close()
    (booked,) = world.all(HoldingClosed)
    assert (booked.holding, booked.estimated) == ("shares-p1", True)


def test_shares_of_others_beside_ours_are_none_of_ours() -> None:
    """CS-571."""
    world = a_world_with_shares()
    world.exchange._book.hold_shares("SPY", 1_000, Decimal(480))
    for _ in range(4):
        world.show({}, spot="481.00")
        world.day.once()

    assert dict(world.exchange.holdings()) == {"SPY": 1_000}
    assert world.alarms() == []


# -- a naked short of ours ---------------------------------------------------------------------------------------------


def a_world_with_a_stranded_short(order_id: str = OURS) -> World:
    """Two 6880 puts were sold alone by an order of which this ledger knows nothing."""
    world = a_world(cash="2000000")
    world.exchange.submit(evolve(a_single(SHORT, Side.SELL, order_id=order_id, contracts=2), purpose=Purpose.HEDGE))
    world.show()
    world.day.begin()
    return world


def look(world: World) -> list[ReconcileVerdict]:
    world.clock.advance(5)
    return [finding.verdict for finding in world.day.reconcile()]


def test_our_own_naked_short_is_bought_back() -> None:
    """CS-413, CS-574: taken into a book after two looks, alarmed, bought at market, booked once."""
    world = a_world_with_a_stranded_short()
    assert [look(world), look(world)] == [[ReconcileVerdict.LOOK_AGAIN], [ReconcileVerdict.ADOPTED]]
    (opened,) = world.all(HoldingAdopted)
    assert (opened.origin, opened.owner) == (Origin.STRANDED, "stranded")
    assert (opened.symbols, opened.price) == ({SHORT.occ: -2}, Decimal("5.00"))
    assert world.alarms() == ["naked_short"]
    for _ in range(3):
        world.show()
        world.day.once()

    (order,) = world.book.orders_of(opened.holding)
    assert (order.ticket.purpose, order.ticket.limit) == (Purpose.REPAIR, None)
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.options) == ("naked_short", Decimal("-0.20") * 200)
    assert dict(world.exchange.holdings()) == {}
    assert dict(world.book.quarantined) == {}


def test_a_second_naked_short_of_the_same_contract_has_a_book_of_its_own() -> None:
    world = a_world_with_a_stranded_short()
    for _ in range(5):
        world.show()
        world.day.once()
    again = a_single(SHORT, Side.SELL, order_id=OURS[:-17] + "1" * 17, contracts=1)
    world.exchange.submit(evolve(again, purpose=Purpose.HEDGE))
    for _ in range(14):
        world.show()
        world.day.once()

    assert [event.holding for event in world.all(HoldingAdopted)] == [
        f"{SHORT.occ}-stranded-1", f"{SHORT.occ}-stranded-2"
    ]  # fmt: skip
    assert len(world.all(HoldingClosed)) == 2
    assert dict(world.exchange.holdings()) == {}


def a_world_of_chosen_options(held: int) -> World:
    """Two puts of an inventory, in the ledger; the exchange shows `held` of them."""
    world = a_world()
    world.day.begin()
    world.day.ledger.record(
        holding_began(world.clock.now(), "hedged", "delta-hedge", "SPX", {LONG.occ: 2}, Decimal("2.50"))
    )
    world.exchange.hold(LONG, held)
    return world


def test_more_of_an_option_than_an_inventory_holds_is_quarantined_and_the_inventory_stays() -> None:
    """R5, CS-574."""
    world = a_world_of_chosen_options(5)
    look(world)

    assert look(world) == [ReconcileVerdict.QUARANTINED]
    assert dict(world.book.quarantined) == {LONG.occ: 3}
    assert (world.all(HoldingAdjusted), world.book.holdings["hedged"].quantities) == ([], {LONG.occ: 2})


@pytest.mark.parametrize(("expired", "verdict"), [(None, ReconcileVerdict.MISSING), (DAY, ReconcileVerdict.LOOK_AGAIN)])
def test_an_expired_option_that_is_gone_from_the_broker_is_left_to_settlement(
    expired: dt.date | None, verdict: ReconcileVerdict
) -> None:
    """R11: its worth is booked at the print, not at what it cost."""
    world = a_world_of_chosen_options(0)
    world.day.reconcile(expired)
    world.clock.advance(5)

    assert [finding.verdict for finding in world.day.reconcile(expired)] == [verdict]
    assert len(world.all(HoldingAdjusted)) == (0 if expired else 1)


def test_a_naked_short_of_another_trader_is_never_traded() -> None:
    """CS-574."""
    world = a_world_with_a_stranded_short("by-hand")
    look(world)
    assert look(world) == [ReconcileVerdict.QUARANTINED]
    assert world.all(HoldingAdopted) == []


def test_a_short_whose_cover_our_order_bought_stays_quarantined_when_the_broker_does_not_show_it() -> None:
    """CS-574: its answer may lag; to buy the short back would leave the long."""
    world = a_world()
    world.exchange.submit(an_entry(OURS, contracts=2))
    world.show()
    world.day.begin()
    world.exchange.hold(LONG, -2)
    look(world)

    assert look(world) == [ReconcileVerdict.QUARANTINED]
    assert world.all(HoldingAdopted) == []


def test_the_day_of_this_file_is_a_session() -> None:
    assert SESSION.date == DAY
