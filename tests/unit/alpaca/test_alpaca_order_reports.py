"""What Alpaca's words of an order become: states, spreads, signs, legs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from builders_alpaca import leg_words, order_words
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.alpaca.order_reports import cannot_be_ours, lacks_legs, report_of
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderState

SHORT, LONG = "SPY260105P00688000", "SPY260105P00687000"


def filled(short: str | None = "0.50", long: str | None = "0.25", **changes: Any) -> dict[str, Any]:
    """The spread sold three times: 0.50 - 0.25 = 0.25 a spread."""
    legs = [leg_words(SHORT, "sell", 3, short), leg_words(LONG, "buy", 3, long)]
    return order_words(**{"status": "filled", "filled_qty": "3", "filled_avg_price": "-0.25", "legs": legs} | changes)


def bought_back(short: str, long: str, net_price: str | None, **changes: Any) -> dict[str, Any]:
    legs = [leg_words(SHORT, "buy", 1, short), leg_words(LONG, "sell", 1, long)]
    return order_words(
        **{"status": "filled", "qty": "1", "filled_qty": "1", "filled_avg_price": net_price, "legs": legs} | changes
    )


@pytest.mark.parametrize(
    ("status", "done", "state"),
    [
        ("new", "0", OrderState.ACCEPTED),
        ("accepted", "0", OrderState.ACCEPTED),
        ("pending_new", "0", OrderState.ACCEPTED),
        ("accepted_for_bidding", "0", OrderState.ACCEPTED),
        ("pending_replace", "0", OrderState.ACCEPTED),
        ("pending_review", "0", OrderState.ACCEPTED),
        ("held", "0", OrderState.ACCEPTED),
        ("suspended", "0", OrderState.ACCEPTED),
        ("done_for_day", "1", OrderState.PARTIALLY_FILLED),
        ("calculated", "3", OrderState.FILLED),
        ("partially_filled", "1", OrderState.PARTIALLY_FILLED),
        ("filled", "3", OrderState.FILLED),
        ("pending_cancel", "1", OrderState.CANCEL_REQUESTED),
        ("canceled", "1", OrderState.CANCELED),
        ("replaced", "0", OrderState.CANCELED),
        ("expired", "0", OrderState.EXPIRED),
        ("rejected", "0", OrderState.REJECTED),
        ("a_state_of_next_year", "0", OrderState.ACCEPTED),
    ],
)
def test_every_status_has_its_state_and_an_unknown_one_still_works(status: str, done: str, state: OrderState) -> None:
    assert report_of(order_words(status=status, filled_qty=done)).state is state


def test_a_status_that_is_unknown_is_named() -> None:
    assert "next_year" in report_of(order_words(status="next_year")).reason


def test_a_report_bears_our_id_alpacas_id_and_the_time_of_the_last_change() -> None:
    report = report_of(order_words())

    assert report.id == "gc-1"
    assert report.broker_id == order_words()["id"]
    assert report.at == dt.datetime(2026, 1, 5, 15, 0, 1, 123456, tzinfo=dt.UTC)


@pytest.mark.parametrize("net_price", ["-0.25", "0.25"])
def test_a_credit_is_positive_whichever_sign_alpaca_gives_it(net_price: str) -> None:
    execution = report_of(filled(filled_avg_price=net_price)).execution

    assert (execution.quantity, execution.price) == (3, Decimal("0.25"))
    assert execution.legs == (
        LegFill(SHORT, Side.SELL, 3, Decimal("0.50")),
        LegFill(LONG, Side.BUY, 3, Decimal("0.25")),
    )


@pytest.mark.parametrize(("limit", "price"), [("0.30", "0.28"), (None, "0.28")])
def test_a_debit_is_positive_at_a_limit_and_at_market(limit: str | None, price: str) -> None:
    assert report_of(bought_back("0.52", "0.24", "0.28", limit_price=limit)).execution.price == Decimal(price)


@pytest.mark.parametrize("limit", ["0.30", None])
def test_a_close_that_brings_money_in_is_a_negative_debit(limit: str | None) -> None:
    """A spread bought back at market when its short is worth less than its long is no cost."""
    assert report_of(bought_back("0.01", "0.03", "-0.02", limit_price=limit)).execution.price == Decimal("-0.02")


def test_legs_in_unequal_ratio_count_with_their_ratio() -> None:
    """The vendor's own example: 3 x 0.43 - 0.01 = 1.28 paid."""
    legs = [
        leg_words("AAPL241213C00250000", "buy", 3, "0.43", ratio=3),
        leg_words("AAPL241213C00260000", "sell", 1, "0.01"),
    ]
    execution = report_of(
        order_words(status="filled", qty="1", filled_qty="1", filled_avg_price="1.28", limit_price=None, legs=legs)
    ).execution

    assert execution.price == Decimal("1.28")
    assert [fill.quantity for fill in execution.legs] == [3, 1]


def test_the_price_comes_from_the_legs_where_the_order_has_none() -> None:
    assert report_of(filled(filled_avg_price=None)).execution.price == Decimal("0.25")
    assert report_of(filled(filled_avg_price="0")).execution.price == Decimal("0.25")


@pytest.mark.parametrize("net_price", [None, "0", ""])
def test_a_fill_without_any_price_has_none_and_is_a_fill(net_price: str | None) -> None:
    """Rule: CS-411."""
    execution = report_of(filled(None, "0", filled_avg_price=net_price)).execution

    assert (execution.quantity, execution.price, execution.legs) == (3, None, ())
    assert execution.any


def test_one_leg_filled_without_the_other_is_reported() -> None:
    """Rule: R2."""
    legs = [leg_words(SHORT, "sell", 1, "0.50"), leg_words(LONG, "buy")]
    execution = report_of(order_words(status="partially_filled", legs=legs)).execution

    assert (execution.quantity, execution.price) == (0, None)
    assert execution.legs == (LegFill(SHORT, Side.SELL, 1, Decimal("0.50")),)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_single_option_is_its_own_leg(side: str) -> None:
    body = order_words(
        order_class="simple", symbol=SHORT, side=side, limit_price="0.52", legs=None, qty="2", filled_qty="2",
        filled_avg_price="0.51", status="filled",
    )  # fmt: skip
    execution = report_of(body).execution

    assert (execution.quantity, execution.price) == (2, Decimal("0.51"))
    assert execution.legs == (LegFill(SHORT, Side(side), 2, Decimal("0.51")),)


def test_the_legs_of_a_bracket_are_orders_and_not_legs() -> None:
    body = order_words(order_class="bracket", symbol="AAPL", side="buy", legs=[{"anything": "else"}])
    assert report_of(body).state is OrderState.ACCEPTED


def test_a_multileg_order_without_its_legs_is_noticed() -> None:
    assert lacks_legs(order_words(legs=None))
    assert not lacks_legs(order_words())
    assert not lacks_legs(order_words(order_class="simple", legs=None))


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({}, False),
        ({"qty": "1.5"}, True),
        ({"qty": "2", "filled_qty": "0.25"}, True),
        ({"qty": None, "notional": "500"}, True),
        ({"asset_class": "crypto"}, True),
    ],
)
def test_orders_we_have_no_words_for_are_distinguished(changes: dict[str, Any], other: bool) -> None:
    assert cannot_be_ours(order_words(**changes)) is other


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None}, {"client_order_id": 7}, {"status": None}, {"updated_at": "yesterday"},
        {"updated_at": "2026-01-05"},
        {"filled_qty": "-1"}, {"filled_qty": "1.5"}, {"filled_qty": "NaN"}, {"filled_qty": True}, {"qty": "many"},
        {"legs": "none"}, {"legs": [None]}, {"legs": [leg_words(SHORT, "hold")]}, {"filled_qty": "1e400"},
        {"filled_qty": "3", "filled_avg_price": "Infinity"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(WireTrouble):
        report_of(order_words(**changes))
