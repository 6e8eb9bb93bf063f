"""What is called back because more would be closed than is held. Rules: CS-410, CS-572."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_day import ledger_opened
from builders_holdings import holding_began
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import DifferenceSeen
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import CancelRequested, OrderAccepted, OrderIntended
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.risk.surplus import surplus_orders

MINUTE = dt.timedelta(minutes=1)
NOW = at("10:00")


def a_book(held: int, *closing: int) -> Book:
    """A holding of shares, and orders that close so many of it each, named by their place."""
    book = Book()
    side = Side.SELL if held >= 0 else Side.BUY
    effect = Effect.CREDIT if side is Side.SELL else Effect.DEBIT
    book.apply(ledger_opened())
    book.apply(holding_began(NOW, "a", "own", "SPY", {"SPY": held or 1}, Decimal(600)))
    for place, quantity in enumerate(closing):
        leg = ShareLeg("SPY", side, closes=True)
        book.apply(
            OrderIntended(NOW, OrderTicket(str(place), Purpose.EXIT, "SPY", "a", (leg,), quantity, effect, None))
        )
        book.apply(OrderAccepted(NOW, str(place), f"B{place}"))
    return book


def called_back(book: Book, now: dt.datetime = NOW) -> list[str]:
    return [order.id for order in surplus_orders(book, now, MINUTE)]


@pytest.mark.parametrize(
    ("held", "closing", "surplus"),
    [
        (3, (3,), []),
        (3, (1, 2), []),
        (3, (3, 1), ["1"]),
        (3, (2, 2, 1), ["1"]),
        (3, (4,), ["0"]),
        (-3, (2, 1), []),
        (-3, (2, 2), ["1"]),
    ],
)
def test_the_orders_sent_last_go_until_the_rest_fits(held: int, closing: tuple[int, ...], surplus: list[str]) -> None:
    assert called_back(a_book(held, *closing)) == surplus


@given(st.integers(1, 20), st.lists(st.integers(1, 9), max_size=6), st.sampled_from((1, -1)))
def test_what_stays_never_turns_the_holding_round(held: int, closing: list[int], sign: int) -> None:
    surplus = called_back(a_book(sign * held, *closing))
    stays = [quantity for place, quantity in enumerate(closing) if str(place) not in surplus]
    assert sum(stays) <= held
    assert bool(surplus) == (sum(closing) > held)


def test_what_is_being_called_back_counts_as_gone() -> None:
    book = a_book(3, 3, 1)
    book.apply(CancelRequested(NOW, "0", "because"))
    assert called_back(book) == []


@pytest.mark.parametrize(
    ("change", "seconds", "surplus"),
    [(-3, 59, []), (-3, 60, ["0"]), (-1, 60, ["0"]), (-5, 60, ["0"]), (3, 60, []), (0, 60, [])],
)
def test_what_the_broker_has_not_shown_for_a_minute_counts_as_gone(
    change: int, seconds: int, surplus: list[str]
) -> None:
    book = a_book(3, 3)
    book.apply(DifferenceSeen(NOW, "SPY", change, "a"))
    assert called_back(book, NOW + dt.timedelta(seconds=seconds)) == surplus


def test_what_is_missing_of_another_holding_calls_nothing_back() -> None:
    book = a_book(3, 3)
    book.apply(DifferenceSeen(NOW, "SPY", -3, "b"))
    assert called_back(book, NOW + MINUTE) == []
