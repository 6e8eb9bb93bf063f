"""News of intents: in flight, filled, refused, unknown; what hedging earned. DH-112, DH-240..243."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_hedging import CALL, Desk, market, update
from gammacore.domain.hedging.exposure import HedgeShares
from gammacore.errors import InvalidInput


def hedged() -> tuple[Desk, dict[str, object]]:
    desk = Desk()
    [intent] = desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    return desk, intent


def test_filled_and_in_flight_both_count() -> None:
    """DH-240."""
    desk, intent = hedged()
    shares = desk.book.hedge_book("SPY").shares
    assert (shares.filled, shares.in_flight) == (0, -500)
    desk(update("15:00:05", intent, "accepted"))
    assert (shares.filled, shares.in_flight) == (0, -500)
    desk(update("15:00:06", intent, "partially_filled", filled_qty=200, avg_price=499.9))
    assert (shares.filled, shares.in_flight) == (-200, -300)
    desk(update("15:00:07", intent, "canceled"))
    assert (shares.filled, shares.in_flight) == (-200, 0)


@pytest.mark.parametrize("status", ["rejected", "canceled", "expired"])
def test_a_refused_hedge_is_seen_by_the_next_decision_under_the_rate_limit(status: str) -> None:
    """DH-242."""
    desk, intent = hedged()
    assert desk(update("15:00:05", intent, status)) == []
    assert desk.refusal(market("15:00:30", "SPY", price=500)) == "rate_limited"
    [again] = desk(market("15:01:30", "SPY", price=500))
    assert (again["qty"], again["intent_id"] == intent["intent_id"]) == (500, False)


def test_an_intent_without_news_is_alarmed_once_and_still_counted() -> None:
    """DH-241: strictly after 60 s of event time."""
    desk, _ = hedged()
    desk(market("15:01:00", "SPY", price=500))
    assert "fill_unknown" not in desk.codes()
    desk(market("15:01:00.001", "SPY", price=500), market("15:30:00", "SPY", price=500))
    assert desk.codes().count("fill_unknown") == 1
    assert desk.book.hedge_book("SPY").shares.held == -500


def test_unknown_falling_repeated_and_excessive_news() -> None:
    """DH-112."""
    desk, intent = hedged()
    desk(update("15:00:05", {"intent_id": "nobody"}, "accepted"))
    assert "unknown intent" in desk.logs[-1].message
    news = update("15:00:06", intent, "partially_filled", filled_qty=300, avg_price=500)
    desk(news)
    assert desk.refusal(news) == "duplicate"
    desk(update("15:00:07", intent, "partially_filled", filled_qty=200, avg_price=500))
    assert "falls" in desk.logs[-1].message
    with pytest.raises(InvalidInput, match="filled_qty"):
        desk(update("15:00:08", intent, "filled", filled_qty=501, avg_price=500))
    assert desk.book.hedge_book("SPY").shares.filled == -300


def test_a_late_fill_after_a_cancel_still_counts() -> None:
    desk, intent = hedged()
    desk(update("15:00:05", intent, "canceled"))
    desk(update("15:00:06", intent, "filled", filled_qty=500, avg_price=500))
    desk(update("15:00:07", intent, "accepted"))
    shares = desk.book.hedge_book("SPY").shares
    assert (shares.filled, shares.in_flight) == (-500, 0)


def test_what_a_hedge_cost() -> None:
    """DH-243: slippage against P_h at the decision, fees cumulative, average price cumulative."""
    desk, intent = hedged()
    desk(update("15:00:05", intent, "partially_filled", filled_qty=200, avg_price=499.9, fees=1))
    desk(update("15:00:06", intent, "filled", filled_qty=500, avg_price="499.94", fees="2.5"))
    shares = desk.book.hedge_book("SPY").shares
    assert shares.fees == Decimal("2.5")
    assert shares.slippage == Decimal(30)
    assert shares.lots.quantity == -500


def test_assumed_fills_are_at_the_hedge_price_without_fees() -> None:
    """DH-113."""
    desk = Desk(assume_fills=True)
    [intent] = desk(market("15:00:00", CALL, delta=0.5, quantity=10, price=2.5, underlying_price=500))
    known = desk.book.intents[intent["intent_id"]]
    assert (known.filled, known.average_price, known.fees, known.slippage) == (
        500,
        Decimal(500),
        Decimal(0),
        Decimal(0),
    )


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 999)), max_size=20), st.integers(1, 999))
def test_realised_plus_open_is_what_was_paid_against_what_it_is_worth(fills: list[tuple[int, int]], mark: int) -> None:
    """DH-243: first in, first out, to the cent."""
    shares = HedgeShares()
    for quantity, price in fills:
        shares.fill(quantity, Decimal(price))
    paid = sum(quantity * price for quantity, price in fills)
    held = sum(quantity for quantity, _ in fills)
    assert shares.filled == held == shares.lots.quantity
    assert shares.realised + shares.open_profit(Decimal(mark)) == held * mark - paid
