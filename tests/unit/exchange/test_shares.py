"""Shares at the fake exchange: priced from the underlying, never across zero, on margin. Rule: CS-529."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from builders_exchange import Desk, a_desk
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.orders import Effect, OrderState, OrderTicket, Purpose
from gammacore.errors import OrderRejected


def shares(
    quantity: int, *, closes: bool = False, order_id: str = "gc-1", limit: str | None = None, symbol: str = "SPY"
) -> OrderTicket:
    """Buy (positive) or sell so many shares, by default at market to open."""
    side = Side.BUY if quantity > 0 else Side.SELL
    effect = Effect.DEBIT if side is Side.BUY else Effect.CREDIT
    leg = ShareLeg(symbol, side, closes)
    price = None if limit is None else Decimal(limit)
    return OrderTicket(order_id, Purpose.HEDGE, symbol, "h1", (leg,), abs(quantity), effect, price)


def a_share_desk(price: str = "600.25", book_file: Path | None = None) -> Desk:
    desk = a_desk(underlying="SPY", fees=FeeSchedule(share=Decimal("0.01")), book_file=book_file)
    show(desk, price)
    return desk


def show(desk: Desk, price: str) -> None:
    now = desk.clock.now()
    desk.market.show(now, {}, spot=Decimal(price))


def fill(desk: Desk, ticket: OrderTicket, price: str) -> None:
    desk.exchange.submit(ticket)
    desk.clock.set(desk.clock.now().replace(second=(desk.clock.now().second + 5) % 60))
    show(desk, price)
    report = desk.exchange.order(ticket.id)
    assert report is not None
    assert report.state is OrderState.FILLED


@pytest.mark.parametrize(
    ("quantity", "spot", "price"),
    [(10, "600.254", "600.26"), (-10, "600.254", "600.25"), (10, "600.25", "600.26"), (-10, "600.25", "600.25")],
)
def test_shares_trade_a_cent_wide_around_the_price(quantity: int, spot: str, price: str) -> None:
    desk = a_share_desk()
    fill(desk, ticket := shares(quantity), spot)

    report = desk.exchange.order(ticket.id)
    assert report is not None
    assert (report.execution.quantity, report.execution.price) == (10, Decimal(price))
    assert report.execution.fees == Decimal("0.10")
    assert dict(desk.exchange.holdings()) == {"SPY": quantity}
    assert desk.exchange.account().balance == 20_000 - quantity * Decimal(price) - Decimal("0.10")


def test_a_limit_waits_for_its_price() -> None:
    desk = a_share_desk()
    desk.exchange.submit(shares(10, limit="600.00"))
    desk.clock.set(desk.clock.now().replace(second=5))
    show(desk, "600.10")
    waiting = desk.exchange.order("gc-1")
    desk.clock.set(desk.clock.now().replace(second=10))
    show(desk, "599.98")
    filled = desk.exchange.order("gc-1")

    assert waiting is not None
    assert filled is not None
    assert (waiting.state, filled.state) == (OrderState.ACCEPTED, OrderState.FILLED)


@pytest.mark.parametrize(
    ("ticket", "reason"),
    [
        (shares(-10, order_id="gc-2"), "crosses_zero"),
        (shares(-60, closes=True, order_id="gc-2"), "closes_more_than_held"),
        (shares(10, closes=True, order_id="gc-2"), "closes_more_than_held"),
        (shares(10_000, order_id="gc-2"), "insufficient_buying_power"),
        (shares(-10_000, order_id="gc-2", symbol="QQQ"), "unknown_symbol"),
        (shares(1, limit="600.001", order_id="gc-2"), "price_not_on_tick"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_broker_would_not_take_is_refused(ticket: OrderTicket, reason: str) -> None:
    desk = a_share_desk()
    fill(desk, shares(50), "600.25")
    with pytest.raises(OrderRejected) as refusal:
        desk.exchange.submit(ticket)
    assert refusal.value.reason == reason


def test_shares_bought_and_sold_leave_the_difference() -> None:
    desk = a_share_desk()
    fill(desk, shares(50), "600.00")
    fill(desk, shares(-50, closes=True, order_id="gc-2"), "601.00")

    assert not desk.exchange.holdings()
    assert desk.exchange.account().balance == 20_000 + 50 * Decimal("0.99") - Decimal("1.00")


def test_shares_survive_the_exchange_s_restart(tmp_path: Path) -> None:
    desk = a_share_desk(book_file=tmp_path / "book.json")
    fill(desk, shares(-7), "600.00")
    again = a_share_desk(book_file=tmp_path / "book.json")

    assert dict(again.exchange.holdings()) == {"SPY": -7}
    report = again.exchange.order("gc-1")
    assert report is not None
    assert report.execution.quantity == 7


def quoted(desk: Desk, bid: str, ask: str, seconds: int = 0) -> None:
    """A few seconds later the share is quoted like this."""
    now = desk.clock.now() + dt.timedelta(seconds=seconds)
    desk.clock.set(now)
    share = Quote(Decimal(bid), Decimal(ask), now)
    desk.market.add(MarketSnapshot(now, "SPY", share.mid, now, None, None, share=share))


def price_of(desk: Desk, order_id: str) -> Decimal | None:
    report = desk.exchange.order(order_id)
    assert report is not None
    return report.execution.price


def a_long_desk() -> Desk:
    """Ten shares bought at 590.01."""
    desk = a_share_desk()
    quoted(desk, "589.99", "590.01")
    desk.exchange.submit(shares(10))
    quoted(desk, "589.99", "590.01", 5)
    assert price_of(desk, "gc-1") == Decimal("590.01")
    return desk


@pytest.mark.parametrize(("bid", "price"), [("590.02", "590.02"), ("590.40", "590.02"), ("590.01", None)])
def test_a_resting_sell_gets_its_limit_however_high_the_next_look(bid: str, price: str | None) -> None:
    """SC-017: a sell resting at 590.02 gets 590.02, though the next look shows 590.40."""
    desk = a_long_desk()
    desk.exchange.submit(shares(-10, closes=True, order_id="gc-2", limit="590.02"))
    quoted(desk, bid, "590.50", 1)

    assert price_of(desk, "gc-2") == (price and Decimal(price))


def test_a_sell_that_could_trade_as_it_came_in_gets_the_quote_of_the_first_look_after_it() -> None:
    """SC-017."""
    desk = a_long_desk()
    desk.exchange.submit(shares(-10, closes=True, order_id="gc-2", limit="589.99"))
    quoted(desk, "590.40", "590.41", 1)

    assert price_of(desk, "gc-2") == Decimal("590.40")


def test_shares_trade_at_the_quote_the_market_shows() -> None:
    desk = a_share_desk()
    quoted(desk, "589.90", "590.26")
    desk.exchange.submit(shares(10))
    quoted(desk, "589.90", "590.26", 5)

    assert price_of(desk, "gc-1") == Decimal("590.26")


def test_a_share_whose_quote_is_crossed_does_not_trade() -> None:
    desk = a_share_desk()
    desk.exchange.submit(shares(10))
    now = desk.clock.now() + dt.timedelta(seconds=5)
    desk.clock.set(now)
    desk.market.add(MarketSnapshot(now, "SPY", Decimal(590), now, None, None, share_defect="crossed"))

    assert price_of(desk, "gc-1") is None


def test_a_resting_order_still_rests_after_a_restart(tmp_path: Path) -> None:
    """SC-017: what a fill is worth does not depend on which process looks."""
    book = tmp_path / "book.json"
    desk = a_share_desk(book_file=book)
    desk.exchange.submit(shares(10, limit="600.00"))
    later = a_desk(underlying="SPY", fees=FeeSchedule(share=Decimal("0.01")), book_file=book)
    later.clock.set(desk.clock.now())
    quoted(later, "599.00", "599.01", 5)

    assert price_of(later, "gc-1") == Decimal("600.00")
