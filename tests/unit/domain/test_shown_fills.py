"""What the holdings show of an order that does not report it. Rules: R2, R5, CS-408, CS-410."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import a_plan, at
from builders_day import entry_ticket, ordered
from builders_desk import a_book
from gammacore.domain import ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.shown_fills import fills_after_all, is_taken_back, may_still_fill, unreported_fills
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted
from gammacore.domain.ledger import Event
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import NOTHING_FILLED, Execution, tells_more

PLAN = a_plan(contracts=3)
SHORT, LONG = entry_ticket(PLAN).symbols
AFTER = dt.timedelta(seconds=30)


def seen(symbol: str, change: int, time: str = "10:01") -> DifferenceSeen:
    return DifferenceSeen(at(time), symbol, change, "")


def shown(book: Book, time: str = "10:01:30", *, silent: bool = False) -> list[Execution]:
    ids = set(book.orders) if silent else set()
    return [execution for _, execution in unreported_fills(book, at(time), AFTER, ids)]


@pytest.mark.parametrize(("gap", "part"), [(-1, -1), (-3, -3), (-5, -3), (2, 0)])
def test_a_working_order_explains_a_difference_in_its_direction_up_to_what_it_may_fill(gap: int, part: int) -> None:
    """CS-572: and nothing of another symbol."""
    orders = a_book(ordered(PLAN)).working_orders
    assert may_still_fill(orders, SHORT, gap) == part
    assert may_still_fill(orders, "SPXW260105C06900000", gap) == 0


def test_a_short_without_its_cover_is_taken_in_after_thirty_seconds_whatever_the_order_says() -> None:
    """R2."""
    book = a_book(ordered(PLAN), seen(SHORT, -2))

    assert shown(book, "10:01:29.999") == []
    (execution,) = shown(book)
    assert (execution.quantity, [(fill.symbol, fill.quantity) for fill in execution.legs]) == (0, [(SHORT, 2)])


@pytest.mark.parametrize("other", [seen(LONG, 2), seen(LONG, 3)], ids=["as many", "more"])
def test_what_is_covered_is_waited_for_until_its_order_is_silent(other: Event) -> None:
    """CS-410: its next report has the price."""
    book = a_book(ordered(PLAN), seen(SHORT, -2), other)

    assert shown(book) == []
    (execution,) = shown(book, silent=True)
    assert (execution.quantity, execution.price) == (2, None)


def test_more_than_the_order_may_fill_is_another_traders() -> None:
    (execution,) = shown(a_book(ordered(PLAN), seen(SHORT, -5)))
    assert [fill.quantity for fill in execution.legs] == [3]


def test_what_is_bought_alone_and_what_goes_the_other_way_is_not_taken_in() -> None:
    """A long risks nothing more; a difference against the order is none of its fills."""
    assert shown(a_book(ordered(PLAN), seen(LONG, 2))) == []
    assert shown(a_book(ordered(PLAN), seen(SHORT, 2)), silent=True) == []


@pytest.mark.parametrize(
    "ending",
    [ledger.OrderWasRejected(at("10:00:01"), "entry-p1", "no"), ledger.OrderNotSent(at("10:00:01"), "entry-p1", "no")],
    ids=["rejected", "not sent"],
)
def test_an_order_that_counts_as_never_taken_is_overruled_by_what_is_held(ending: Event) -> None:
    """Rule: CS-408."""
    intended = [event for event in ordered(PLAN) if not isinstance(event, ledger.OrderAccepted)]
    book = a_book(intended, ending)
    ((order, execution),) = fills_after_all(book, at("09:30"), {SHORT: -3, LONG: 3})

    assert (order.id, execution) == ("entry-p1", Execution(3, None))
    assert list(fills_after_all(book, at("09:30"), {SHORT: -4, LONG: 4})) == []
    assert list(fills_after_all(book, at("10:00"), {SHORT: -3, LONG: 3})) == []


def test_a_canceled_order_is_not_overruled_by_another_traders_contracts() -> None:
    """CS-574: its own report says that nothing filled."""
    canceled = ledger.OrderCanceled(at("10:05"), "entry-p1", "not filled")
    book = a_book(ordered(PLAN), ledger.OrderAccepted(at("10:00"), "entry-p1", "7"), canceled)
    assert list(fills_after_all(book, at("09:30"), {SHORT: -3, LONG: 3})) == []


def test_the_price_of_a_leg_comes_with_the_orders_own_news() -> None:
    """CS-411: booked at nothing, corrected once."""

    (execution,) = shown(a_book(ordered(PLAN), seen(SHORT, -2)))
    side = execution.legs[0].side
    reported = Execution(0, None, legs=(LegFill(SHORT, side, 2, Decimal("6.90")),))

    assert tells_more(execution, reported)
    assert not tells_more(reported, reported)
    assert not tells_more(reported, execution)


def taken_for_filled(*, verified: bool = False) -> Book:
    """One short is booked because the holdings showed it; from 10:02 on they show it no longer."""
    book = a_book(ordered(PLAN), seen(SHORT, -1))
    (execution,) = shown(book)
    return a_book(
        ordered(PLAN),
        ledger.OrderFilled(at("10:01:30"), "entry-p1", execution, complete=False, price_verified=verified),
        seen(SHORT, 1, "10:02"),
    )


def is_given_up(book: Book, reported: Execution = NOTHING_FILLED, time: str = "10:02:30") -> bool:
    return is_taken_back(book, book.orders["entry-p1"], reported, at(time), AFTER)


def test_what_the_holdings_showed_is_given_up_when_they_and_the_report_agree_again_for_thirty_seconds() -> None:
    """R2: one symbol left out of one list of holdings must not wedge the order that closes it."""
    assert is_given_up(taken_for_filled())
    assert not is_given_up(taken_for_filled(), time="10:02:29.999")


def test_what_the_broker_itself_priced_is_never_given_up() -> None:
    """CS-410: what was filled stays filled; a list of holdings may be late."""
    assert not is_given_up(taken_for_filled(verified=True))


def test_nothing_is_given_up_beyond_what_both_the_report_and_the_holdings_say() -> None:
    """R2: a report that shows as much, or another leg as well, agrees with what is booked."""
    book = taken_for_filled()
    booked = book.orders["entry-p1"].execution
    bought = LegFill(LONG, booked.legs[0].side.opposite, 1, Decimal("1.00"))

    assert not is_given_up(book, booked)
    assert not is_given_up(book, Execution(0, None, legs=(bought,)))
    book.apply(seen(SHORT, 0, "10:02:10"))
    assert not is_given_up(book)


def test_what_was_judged_meanwhile_as_traded_outside_is_given_up_as_well() -> None:
    """CS-572: the holdings stopped to show it, it counted as bought back outside, and then its order's report came."""
    book = taken_for_filled()
    book.apply(HoldingAdjusted(at("10:02:10"), "p1", SHORT, 1, None, "bought back outside"))
    book.apply(seen(SHORT, 0, "10:02:10"))

    assert is_given_up(book, time="10:02:11")
    book.apply(HoldingAdjusted(at("10:02:20"), "p1", SHORT, -1, None, "shown again"))
    assert not is_given_up(book)
