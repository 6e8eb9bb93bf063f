"""A ticket on Tradier's wire: the form says exactly what was meant. Rules: CS-402, CS-407."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders_tradier import NOON, ORDER_ID, a_put_spread
from gammacore.adapters.tradier.broker import order_form
from gammacore.domain.instruments import REGISTRY, Right, Side
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose, client_order_id
from gammacore.errors import InvalidInput

CALL = REGISTRY["SPX"].contract(NOON.date(), Right.CALL, Decimal(6900))


def single(side: Side, *, limit: str | None = "2.10", purpose: Purpose = Purpose.ENTRY, ratio: int = 1) -> OrderTicket:
    effect = Effect.CREDIT if side is Side.SELL else Effect.DEBIT
    leg = Leg(CALL, side, ratio)
    return OrderTicket(ORDER_ID, purpose, "SPX", "p1", (leg,), 2, effect, (limit and Decimal(limit)) or None)


def shares(side: Side, *, closes: bool, limit: str | None = None) -> OrderTicket:
    effect = Effect.CREDIT if side is Side.SELL else Effect.DEBIT
    leg = ShareLeg("SPY", side, closes)
    return OrderTicket(ORDER_ID, Purpose.HEDGE, "SPX", "h1", (leg,), 37, effect, (limit and Decimal(limit)) or None)


def test_a_credit_spread_is_a_multileg_credit_with_a_positive_price() -> None:
    assert order_form(a_put_spread(contracts=3, limit="1.25")) == {
        "class": "multileg",
        "symbol": "SPX",
        "type": "credit",
        "duration": "day",
        "price": "1.25",
        "option_symbol[0]": "SPXW260819P06880000",
        "side[0]": "sell_to_open",
        "quantity[0]": "3",
        "option_symbol[1]": "SPXW260819P06870000",
        "side[1]": "buy_to_open",
        "quantity[1]": "3",
        "tag": f"GEXENTRY-{ORDER_ID}",
    }


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.EMERGENCY, Purpose.REPAIR])
def test_a_close_buys_back_to_close_for_a_debit(purpose: Purpose) -> None:
    form = order_form(a_put_spread(purpose=purpose))
    assert (form["type"], form["side[0]"], form["side[1]"]) == ("debit", "buy_to_close", "sell_to_close")
    assert form["tag"] == purpose.tag_prefix + ORDER_ID


def test_a_market_order_has_no_price() -> None:
    for ticket in (a_put_spread(limit=None), single(Side.BUY, limit=None), shares(Side.BUY, closes=False)):
        form = order_form(ticket)
        assert form["type"] == "market"
        assert "price" not in form


def test_a_legs_quantity_is_its_ratio_times_the_spreads() -> None:
    ticket = a_put_spread(contracts=3)
    short, long = ticket.option_legs
    form = order_form(evolve(ticket, legs=(short, evolve(long, ratio=2))))
    assert (form["quantity[0]"], form["quantity[1]"]) == ("3", "6")


@pytest.mark.parametrize(
    ("side", "purpose", "words"),
    [
        (Side.BUY, Purpose.ENTRY, "buy_to_open"),
        (Side.SELL, Purpose.ENTRY, "sell_to_open"),
        (Side.BUY, Purpose.REPAIR, "buy_to_close"),
        (Side.SELL, Purpose.EXIT, "sell_to_close"),
    ],
)
def test_one_option_is_an_option_order(side: Side, purpose: Purpose, words: str) -> None:
    form = order_form(single(side, purpose=purpose))
    assert form == {
        "class": "option",
        "symbol": "SPX",
        "option_symbol": "SPXW260819C06900000",
        "side": words,
        "quantity": "2",
        "type": "limit",
        "price": "2.10",
        "duration": "day",
        "tag": purpose.tag_prefix + ORDER_ID,
    }


@pytest.mark.parametrize(
    ("side", "closes", "word"),
    [
        (Side.BUY, False, "buy"),
        (Side.SELL, True, "sell"),
        (Side.SELL, False, "sell_short"),
        (Side.BUY, True, "buy_to_cover"),
    ],
)
def test_shares_are_an_equity_order_of_their_own_ticker(side: Side, closes: bool, word: str) -> None:
    form = order_form(shares(side, closes=closes, limit="641.07"))
    assert form == {
        "class": "equity",
        "symbol": "SPY",
        "side": word,
        "quantity": "37",
        "type": "limit",
        "price": "641.07",
        "duration": "day",
        "tag": f"GEXHEDGE-{ORDER_ID}",
    }


@given(price=st.decimals("0.01", "9999.95", places=2))
def test_a_price_is_written_plainly(price: Decimal) -> None:
    """1E+1 is no price on a form."""
    form = order_form(evolve(a_put_spread(), limit=price.normalize()))
    assert set(form["price"]) <= set("0123456789.")
    assert Decimal(form["price"]) == price


@given(
    purpose=st.sampled_from(Purpose),
    meaning=st.fixed_dictionaries(
        {name: st.text(max_size=8) for name in ("account", "lineage", "strategy", "position")}
    ),
)
def test_every_client_id_makes_a_tag_tradier_takes(purpose: Purpose, meaning: dict[str, Any]) -> None:
    order_id = client_order_id(**meaning, underlying="SPX", day=NOON.date(), step="entry", attempt=1)
    tag = order_form(a_put_spread(order_id, purpose=purpose))["tag"]
    assert len(tag) <= 255
    assert tag.replace("-", "").isalnum()


@pytest.mark.parametrize("order_id", ["", "a b", "a_b", "ä", "x" * 250])
def test_an_id_that_could_not_be_found_again_is_refused(order_id: str) -> None:
    if order_id:
        with pytest.raises(InvalidInput, match="tag"):
            order_form(a_put_spread(order_id))


def test_a_stop_rests_on_one_option_until_its_price() -> None:
    ticket = evolve(single(Side.BUY, limit=None, purpose=Purpose.PROTECT), stop=Decimal("9.00"))
    form = order_form(ticket)

    assert (form["type"], form["stop"], form["side"], form["duration"]) == ("stop", "9.00", "buy_to_close", "day")
    assert (form["tag"], "price" in form) == (f"GEXSTOP-{ORDER_ID}", False)


@pytest.mark.parametrize(
    "ticket",
    [
        single(Side.BUY, purpose=Purpose.PROTECT),  # a limit beside it
        shares(Side.BUY, closes=True),
        evolve(a_put_spread(), limit=None),
    ],
)
def test_a_stop_is_of_one_option_at_market(ticket: OrderTicket) -> None:
    with pytest.raises(InvalidInput, match="stop"):
        evolve(ticket, stop=Decimal("9.00"))
    with pytest.raises(InvalidInput, match="stop"):
        evolve(single(Side.BUY, limit=None), stop=Decimal(0))
