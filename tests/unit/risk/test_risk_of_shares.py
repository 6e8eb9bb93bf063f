"""What shares of an opening can lose: what they may trade at, which only a purchase's limit bounds. Rule: CS-342."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders import at
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.risk.guard import risk_of

MARKET = MarketSnapshot(at("10:00"), "SPY", Decimal(600), at("10:00"), None, None)


def five_shares(side: Side, limit: Decimal | None) -> OrderTicket:
    effect, legs = Effect.CREDIT if side is Side.SELL else Effect.DEBIT, (ShareLeg("SPY", side, closes=False),)
    return OrderTicket("gc-1", Purpose.ENTRY, "SPY", "i1", legs, 5, effect, limit)


@pytest.mark.parametrize(
    ("side", "limit", "dollars"),
    [
        (Side.BUY, Decimal(500), 2500),
        (Side.BUY, None, 3000),
        (Side.SELL, None, 3000),
        (Side.SELL, Decimal("0.05"), 3000),
        (Side.SELL, Decimal(650), 3250),
    ],
)
def test_a_sale_risks_the_price_of_the_market_however_low_its_limit(
    side: Side, limit: Decimal | None, dollars: int
) -> None:
    assert risk_of(five_shares(side, limit), MARKET) == dollars


def test_a_sale_at_a_limit_risks_an_unknown_amount_while_no_price_is_known() -> None:
    assert risk_of(five_shares(Side.SELL, Decimal(650)), None) is None
