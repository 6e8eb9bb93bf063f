"""Tradier's rows become a chain: roots apart, quotes dated, what cannot be is counted. CS-013, CS-014."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_tradier_market import DAY, TEN, an_option, milliseconds
from gammacore.adapters.tradier.listed_options import chain_of, read_options
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.market import OptionChain

TOLERANCE = dt.timedelta(seconds=5)
SECOND = dt.timedelta(seconds=1)


def chain(*rows: object) -> OptionChain | None:
    read, unreadable = read_options({"options": {"option": list(rows)}})
    return chain_of("SPX", read, TEN, tolerance=TOLERANCE, unreadable=unreadable)


def shown(*rows: object) -> OptionChain:
    found = chain(*rows)
    assert found is not None
    return found


def test_both_roots_of_a_third_friday_stay_apart_at_one_strike() -> None:
    """SPX settles at the open, SPXW at the close of the same date."""
    found = shown(an_option(bid=1.0), an_option(bid=0.5, root_symbol="SPX"))

    assert found.roots == ("SPX", "SPXW")
    bids = {root: found.quote(OptionContract("SPX", root, DAY, Right.CALL, Decimal(6000))) for root in found.roots}
    assert {root: quote and quote.bid for root, quote in bids.items()} == {
        "SPX": Decimal("0.5"), "SPXW": Decimal(1),
    }  # fmt: skip


def test_the_vendors_greeks_are_left_alone() -> None:
    """They may be an hour old; of a 0DTE contract that is another contract's."""
    found = shown(an_option())

    assert np.isnan(found.iv).all()
    assert np.isnan(found.gamma).all()


def test_a_quote_is_as_old_as_the_older_of_its_sides() -> None:
    found = shown(an_option(ask_date=milliseconds(TEN - 9 * SECOND)), an_option(right="P"))

    assert found.quoted_at.tolist() == [(TEN - 9 * SECOND).timestamp(), TEN.timestamp()]
    assert found.as_of == TEN


@pytest.mark.parametrize("date", [0, None, "null"])
@pytest.mark.parametrize("side", ["bid_date", "ask_date"])
def test_a_quote_nobody_dated_is_not_shown_and_counted(side: str, date: object) -> None:
    found = shown({**an_option(), side: date}, an_option(right="P"))

    assert np.isnan(found.bid[0])
    assert found.defects == {"undated": 1}


def test_a_date_in_the_future_is_none() -> None:
    found = shown(an_option(bid_date=milliseconds(TEN + 6 * SECOND)), an_option(right="P", at=TEN + SECOND))

    assert found.defects == {"undated": 1}
    assert found.quoted_at[1] == TEN.timestamp()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"bid": 1.3}, "crossed"),
        ({"bid": None}, "missing"),
        ({"bid": 0, "ask": 0}, "no_ask"),
        ({"bid": -1}, "negative"),
        ({"bid": "soon"}, "unreadable"),
        ({"strike": "null"}, "unreadable"),
        ({"open_interest": -4}, "impossible"),
        ({"contract_size": 10}, "adjusted"),
        ({"option_type": "put"}, "contradictory"),
        ({"strike": 6005}, "contradictory"),
        ({"symbol": "SPXW 6000"}, "contradictory"),
        ({"expiration_date": "2026-03-04"}, "contradictory"),
    ],
)
def test_what_cannot_be_used_is_counted_by_reason(fields: dict[str, object], reason: str) -> None:
    found = shown({**an_option(), **fields}, an_option(right="P"))

    assert found.defects == {reason: 1}
    assert np.isfinite(found.bid).sum() == 1


def test_a_bid_of_nothing_is_a_quote() -> None:
    """CS-014: bid 0 is usable."""
    assert shown(an_option(bid=0, ask=0.05)).defects == {}


@pytest.mark.parametrize("options", [None, "null", {"option": []}])
def test_nothing_listed_is_no_chain(options: object) -> None:
    rows, _ = read_options({"options": options})

    assert chain_of("SPX", rows, TEN, tolerance=TOLERANCE) is None


def test_a_chain_nobody_dated_is_none() -> None:
    assert chain(an_option(bid_date=0), an_option(right="P", ask_date=0)) is None


@pytest.mark.parametrize("body", [{}, {"options": "soon"}, {"options": {"option": ["soon", 7]}}, None])
def test_an_answer_without_a_chain_is_never_an_empty_one(body: object) -> None:
    with pytest.raises(UnreadableAnswer):
        read_options(body)


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.decimals(allow_nan=False), st.text(max_size=8), st.just({}), st.just([])
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(an_option())), CELLS, max_size=3), max_size=4))
def test_whatever_a_row_says_nothing_unreadable_gets_in(changes: list[dict[str, object]]) -> None:
    """R7: a chain that is shown holds usable quotes only; the rest is refused or counted."""
    rows = [an_option(right="P"), *({**an_option(), **change} for change in changes)]

    found = shown(*rows)

    there = ~np.isnan(found.bid)
    assert (found.bid[there] <= found.ask[there]).all()
    assert np.isfinite(found.quoted_at[there]).all()
    assert (found.quoted_at[there] <= TEN.timestamp()).all()
    assert np.isfinite(found.strike).all()
    assert np.isfinite(found.open_interest).all()
