"""What a ticket becomes on Alpaca's wire."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_put_spread
from builders_exchange import a_single, an_entry, an_exit, put
from gammacore.adapters.alpaca.broker import request_of
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.errors import OrderRejected

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SPREAD = a_put_spread(688, 687, "SPY")


def shares(side: Side, *, closes: bool, limit: str | None) -> OrderTicket:
    return OrderTicket(
        "gc-1", Purpose.HEDGE, "SPY", "p1", (ShareLeg("SPY", side, closes),), 37,
        Effect.CREDIT if side is Side.SELL else Effect.DEBIT, None if limit is None else Decimal(limit),
    )  # fmt: skip


def test_a_spread_is_one_multileg_order_whose_credit_is_negative() -> None:
    sent = request_of(an_entry("gc-1", SPREAD, limit="0.23", contracts=3)).to_request_fields()

    assert {name: sent[name] for name in ("order_class", "type", "time_in_force", "qty", "limit_price")} == {
        "order_class": "mleg", "type": "limit", "time_in_force": "day", "qty": 3, "limit_price": -0.23,
    }  # fmt: skip
    assert sent["client_order_id"] == "gc-1"
    assert "symbol" not in sent
    assert "side" not in sent
    assert {(leg["symbol"], leg["side"], leg["position_intent"], leg["ratio_qty"]) for leg in sent["legs"]} == {
        (put(688, "SPY").occ, "sell", "sell_to_open", 1),
        (put(687, "SPY").occ, "buy", "buy_to_open", 1),
    }


def test_closing_a_spread_for_a_debit_is_positive_and_closes_every_leg() -> None:
    sent = request_of(an_exit("gc-1", SPREAD, limit="0.30")).to_request_fields()

    assert sent["limit_price"] == 0.3
    assert {leg["position_intent"] for leg in sent["legs"]} == {"buy_to_close", "sell_to_close"}


def test_a_market_order_has_no_price() -> None:
    sent = request_of(an_exit("gc-1", SPREAD)).to_request_fields()
    assert (sent["type"], "limit_price" in sent) == ("market", False)


@pytest.mark.parametrize(("side", "intent"), [(Side.SELL, "sell_to_close"), (Side.BUY, "buy_to_close")])
def test_a_single_option_is_a_simple_order_at_a_plain_price(side: Side, intent: str) -> None:
    sent = request_of(a_single(put(688, "SPY"), side, limit="0.52")).to_request_fields()

    assert (sent["side"], sent["position_intent"], sent["limit_price"]) == (side.value, intent, 0.52)
    assert "legs" not in sent
    assert "order_class" not in sent


@pytest.mark.parametrize(
    ("side", "closes", "intent"),
    [
        (Side.BUY, False, "buy_to_open"),
        (Side.SELL, True, "sell_to_close"),
        (Side.SELL, False, "sell_to_open"),
        (Side.BUY, True, "buy_to_close"),
    ],
)
def test_shares_are_whole_and_say_whether_they_open_or_close(side: Side, closes: bool, intent: str) -> None:
    sent = request_of(shares(side, closes=closes, limit="690.12")).to_request_fields()

    assert (sent["symbol"], sent["qty"], sent["side"], sent["position_intent"]) == ("SPY", 37, side.value, intent)
    assert (sent["limit_price"], sent["time_in_force"]) == (690.12, "day")
    assert "notional" not in sent


def test_what_alpaca_has_no_order_for_is_refused_before_anything_is_sent() -> None:
    twice = OrderTicket(
        "gc-1", Purpose.ENTRY, "SPY", "p1", (Leg(put(688, "SPY"), Side.SELL), Leg(put(688, "SPY"), Side.BUY)), 1,
        Effect.CREDIT, Decimal("0.23"),
    )  # fmt: skip
    with pytest.raises(OrderRejected, match="unique"):
        request_of(twice)
    with pytest.raises(OrderRejected, match="ratio 1"):
        request_of(
            OrderTicket(
                "gc-1", Purpose.REPAIR, "SPY", "p1", (Leg(put(688, "SPY"), Side.SELL, 2),), 1, Effect.CREDIT, None
            )
        )


def test_a_stop_is_refused_for_at_market_it_would_buy_at_once() -> None:
    ticket = a_single(put(688, "SPY"), Side.BUY, purpose=Purpose.PROTECT)
    with pytest.raises(OrderRejected, match="no stop order"):
        request_of(evolve(ticket, stop=Decimal("1.50")))
