"""A quote's price is the last, else the bid, else the ask, and never one nobody dated. CS-014, CS-353."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders_tradier_market import TEN, a_quote, milliseconds
from gammacore.adapters.tradier.quotes import VendorQuote, read_quotes
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.domain.market import Quote

SECOND = dt.timedelta(seconds=1)


def quote(**fields: object) -> VendorQuote:
    return read_quotes({"quotes": {"quote": {**a_quote("SPX", 6000, TEN), **fields}}})["SPX"]


def seen(of: VendorQuote, now: dt.datetime = TEN, fresh: float = 15) -> tuple[Decimal, dt.datetime] | None:
    price = of.price(now, fresh, 5 * SECOND)
    return None if price is None else (price.price, price.at)


def test_the_last_price_is_taken_first() -> None:
    row_shown = quote(bid=5999, ask=6001, bid_date=milliseconds(TEN), ask_date=milliseconds(TEN))

    assert seen(row_shown) == (Decimal(6000), TEN)


@pytest.mark.parametrize("age", [15, 15.001])
def test_an_old_last_gives_way_to_a_fresh_bid(age: float) -> None:
    """CS-353: fresh is at most 15 s old."""
    then = TEN - dt.timedelta(seconds=age)
    row_shown = quote(trade_date=milliseconds(then), bid=5999, bid_date=milliseconds(TEN))

    assert seen(row_shown) == ((Decimal(6000), then) if age <= 15 else (Decimal(5999), TEN))


def test_without_anything_fresh_the_last_price_keeps_its_age() -> None:
    old = TEN - 60 * SECOND
    row_shown = quote(trade_date=milliseconds(old), ask=6001, ask_date=milliseconds(old + SECOND))

    assert seen(row_shown) == (Decimal(6000), old)


@pytest.mark.parametrize("last", [None, 0, "null", -1])
def test_what_is_no_price_is_passed_over(last: object) -> None:
    assert seen(quote(last=last)) is None
    assert seen(quote(last=last, ask=6001, ask_date=milliseconds(TEN))) == (Decimal(6001), TEN)


@pytest.mark.parametrize("date", [None, 0, "0", "null"])
def test_a_price_nobody_dated_is_not_shown(date: object) -> None:
    assert seen(quote(trade_date=date)) is None


@pytest.mark.parametrize(("ahead", "shown"), [(0.2, True), (5.0, True), (5.001, False)])
def test_a_clock_a_little_ahead_of_ours_sees_it_now(ahead: float, shown: bool) -> None:
    row_shown = quote(trade_date=milliseconds(TEN + dt.timedelta(seconds=ahead)))

    assert seen(row_shown) == ((Decimal(6000), TEN) if shown else None)


def test_unknown_symbols_are_left_out_and_one_quote_is_as_good_as_many() -> None:
    one = {"quotes": {"quote": a_quote("VIX", 15, TEN), "unmatched_symbols": {"symbol": "SEFDF"}}}

    assert list(read_quotes(one)) == ["VIX"]
    assert read_quotes({"quotes": {"unmatched_symbols": {"symbol": "SEFDF"}}}) == {}


@pytest.mark.parametrize("body", [{}, {"quotes": {"quote": [{"last": 1}]}}, {"quotes": {"quote": "soon"}}, []])
def test_an_answer_without_quotes_is_never_an_empty_one(body: object) -> None:
    with pytest.raises(UnreadableAnswer):
        read_quotes(body)


def test_a_shares_quote_is_as_old_as_its_newer_side() -> None:
    """SC-008: a message of one side is a sign of life of the other."""
    told = quote(bid=589.99, ask=590.01, bid_date=milliseconds(TEN - 9 * SECOND), ask_date=milliseconds(TEN))

    assert told.share(TEN, 5 * SECOND) == Quote(Decimal("589.99"), Decimal("590.01"), TEN)


@pytest.mark.parametrize(("bid", "ask", "defect"), [(590.02, 590.01, "crossed"), (0, 590, "missing"),
                                                    (None, 590, "missing"), (590, 0, "no_ask")])  # fmt: skip
def test_a_share_quote_that_is_none_says_why(bid: float | None, ask: float, defect: str) -> None:
    told = quote(bid=bid, ask=ask, bid_date=milliseconds(TEN), ask_date=milliseconds(TEN))

    assert told.share(TEN, SECOND) == defect
    assert quote(bid=590, ask=591).share(TEN, SECOND) is None  # dated by none
