"""What the account is worth while something is held."""

from __future__ import annotations

from decimal import Decimal

from builders_delta_hedge import a_look, bought, hedged
from builders_desk import a_book
from gammacore.domain.desks.delta_hedge.equity import equity_at_mid
from gammacore.domain.strategy import Situation

QUOTES = {"C600": (2.45, 2.55), "P600": (1.45, 1.55)}


def worth(situation: Situation) -> Decimal | None:
    return equity_at_mid(situation.book, situation.market, situation.underlying)


def test_equity_is_the_balance_and_what_is_held_would_earn_at_the_mid() -> None:
    """DH-1009: both cost 2.00; now 2.50 and 1.50, and 30 shares sold at 600 stand at 601.50."""
    book = a_book(bought(2), hedged(-30, "10:00"))

    assert worth(a_look("10:30", "601.5", book=book, legs=QUOTES)) == 20_000 + 2 * (50 - 50) - 45


def test_without_a_fresh_price_of_everything_held_it_is_not_known() -> None:
    book = a_book(bought(), hedged(-30, "10:00"))

    assert worth(a_look("10:30", None, book=book, legs=QUOTES)) is None
    assert worth(a_look("10:30", "600", book=book, legs={"C600": (2.45, 2.55)})) is None
    assert worth(a_look("10:30", "600", book=book, legs=QUOTES, quote_age=15.1)) is None
    assert worth(a_look("10:30", None)) == 20_000
