"""What may enter as a quote, a bar, a chain or a snapshot, and what is refused or kept out. CS-014, CS-015, R8."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, at
from builders_desk import a_contract, a_quote, a_quoted_chain
from builders_gex import NAN, Row, a_chain
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote, from_float, quote_defect
from gammacore.errors import InvalidInput

TEN = at("10:00")
NAIVE = dt.datetime(2026, 1, 5, 10)  # noqa: DTZ001
INF = float("inf")


# Quotes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "ask", "defect"),
    [
        ("0", "0.05", None),  # bid 0 is usable
        ("1.10", "1.10", None),  # so is bid = ask
        (None, "1", "missing"),
        ("1", None, "missing"),
        ("NaN", "1", "not_finite"),
        ("1", "Infinity", "not_finite"),
        ("-0.01", "1", "negative"),
        ("0", "-1", "negative"),
        ("0", "0", "no_ask"),
        ("1.11", "1.10", "crossed"),
    ],
)
def test_a_quote_is_usable_or_has_a_named_defect(bid: str | None, ask: str | None, defect: str | None) -> None:
    """CS-014."""
    prices = tuple(None if price is None else Decimal(price) for price in (bid, ask))

    assert quote_defect(*prices) == defect
    if defect is not None and None not in prices:
        with pytest.raises(InvalidInput, match=defect):
            Quote(prices[0], prices[1], TEN)  # type: ignore[arg-type]  # None is excluded above


def test_the_mid_is_unrounded() -> None:
    """CS-015."""
    quote = a_quote("1.10", "1.25")

    assert (quote.mid, quote.width) == (Decimal("1.175"), Decimal("0.15"))


def test_a_quote_knows_when_it_was_seen() -> None:
    with pytest.raises(InvalidInput, match="at"):
        Quote(Decimal(1), Decimal(2), NAIVE)


@given(st.decimals("0.01", "99999.99", places=2))
def test_a_price_survives_the_float_of_the_column(price: Decimal) -> None:
    """DESIGN: row objects carry the digits a person reads."""
    assert from_float(float(price)) == price


# Bars -----------------------------------------------------------------------------------------------------------------


def a_bar(**changes: Any) -> Bar:
    terms: dict[str, Any] = {
        "start": TEN, "seconds": 300, "open": Decimal(10), "high": Decimal(12), "low": Decimal(9), "close": Decimal(11),
    }  # fmt: skip
    return Bar(**{**terms, **changes})


def test_a_bar_ends_where_the_next_begins() -> None:
    assert a_bar().end == at("10:05")


@pytest.mark.parametrize(
    ("field", "value"),
    [("low", Decimal("10.5")), ("high", Decimal("10.5")), ("low", Decimal("NaN")), ("close", Decimal("NaN")),
     ("high", Decimal("Infinity")), ("start", NAIVE), ("seconds", 0)],
)  # fmt: skip
def test_a_bar_that_cannot_be_is_refused_with_a_typed_error(field: str, value: object) -> None:
    """R8: NaN is an InvalidInput, not a crash of the comparison."""
    with pytest.raises(InvalidInput):
        a_bar(**{field: value})


# The chain ------------------------------------------------------------------------------------------------------------

COLUMNS = ("is_call", "expiry", "root", "bid", "ask", "open_interest", "iv", "gamma", "quoted_at")
TWO = a_quoted_chain({"P6880": (2.00, 2.10), "C6980": (1.00, 1.10)}, TEN)


def changed(**columns: Any) -> OptionChain:
    return evolve(TWO, defects={}, **columns)


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_of_unequal_length_are_refused_by_name(column: str) -> None:
    with pytest.raises(InvalidInput, match=f"{column}: 1 rows"):
        changed(**{column: getattr(TWO, column)[:1]})


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("strike", [6880, NAN]), ("strike", [6880, 0]), ("strike", [-1, 6980]), ("strike", [INF, 6980]),
        ("open_interest", [-1, 1]), ("open_interest", [INF, 1]),
        ("iv", [-0.1, 0.2]), ("iv", [INF, 0.2]), ("gamma", [INF, 0]), ("gamma", [-INF, 0]),
        ("bid", [INF, 1]), ("ask", [1, -INF]), ("quoted_at", [INF, 1]),
        ("expiry", np.array(["NaT", "2026-01-05"], dtype="datetime64[D]")), ("root", [0, 1]), ("root", [-1, 0]),
    ],
)  # fmt: skip
def test_a_value_no_chain_can_hold_is_refused_with_its_row(column: str, values: object) -> None:
    """R8: nothing non-finite enters the domain except NaN for "not given"."""
    with pytest.raises(InvalidInput, match=rf"{column}: .* in row [01]"):
        changed(**{column: values})


def test_a_chain_knows_its_instant() -> None:
    with pytest.raises(InvalidInput, match="as_of"):
        changed(as_of=NAIVE)


def test_nan_says_not_given_and_is_welcome() -> None:
    assert len(changed(iv=[NAN, 0.2], gamma=[NAN, NAN], bid=[NAN, 1.0])) == 2


prices = st.one_of(st.just(NAN), st.sampled_from([-1.0, -0.0, 0.0, 0.05, 1.0, 1.1]))


@given(prices, prices)
def test_a_chain_keeps_out_exactly_the_quotes_that_cannot_be_used(bid: float, ask: float) -> None:
    """CS-014: the columns and the single quote obey one rule."""
    chain = a_chain([Row(6880, False, bid=bid, ask=ask)], as_of=TEN)
    reported = [None if np.isnan(price) else from_float(price) for price in (bid, ask)]
    defect = quote_defect(*reported)

    assert chain.defects == ({} if defect is None else {defect: 1})
    assert bool(np.isnan(chain.bid[0]) and np.isnan(chain.ask[0])) is (defect is not None)


def test_a_price_without_a_time_is_kept_out_and_counted() -> None:
    """CS-014: a quote whose age nobody knows is not fresh."""
    chain = changed(quoted_at=[NAN, TEN.timestamp()])

    assert chain.defects == {"undated": 1}
    assert chain.quote(a_contract("P6880")) is None


def test_a_chain_cannot_be_changed_through_its_columns() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TWO.bid[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        changed(bid=[3.0, 1.0], ask=[2.0, 1.1]).bid[1] = 9


def test_contracts_are_matched_by_root_expiry_right_and_strike_never_by_position() -> None:
    """CS-328."""
    spx = REGISTRY["SPX"]

    assert TWO.row(a_contract("C6980")) == 1
    assert TWO.row(a_contract("C6880")) is None  # other right
    assert TWO.row(spx.contract(DAY + dt.timedelta(days=1), Right.PUT, Decimal(6880))) is None
    assert TWO.row(OptionContract("SPX", "SPX", DAY, Right.PUT, Decimal(6880))) is None  # the monthly of that strike
    assert TWO.contract(1, spx) == a_contract("C6980")


def test_a_quote_made_on_demand_carries_the_digits_and_the_time() -> None:
    assert TWO.quote(a_contract("P6880")) == a_quote("2.00", "2.10")
    assert TWO.quote(a_contract("P5000")) is None


def test_selecting_leaves_the_rest_behind() -> None:
    tomorrow = DAY + dt.timedelta(days=1)
    rows = [Row(6880, False, expiry=DAY), Row(6880, False, expiry=DAY, root="SPX"), Row(6880, False, expiry=tomorrow)]
    chain = a_chain(rows, as_of=TEN)

    assert len(chain.expiring(DAY)) == 2
    assert len(chain.expiring(DAY, ["SPXW"])) == 1
    assert len(chain.expiring(DAY, ["NDXP"])) == 0


# Snapshots ------------------------------------------------------------------------------------------------------------


def a_snapshot(**changes: Any) -> MarketSnapshot:
    terms: dict[str, Any] = {
        "at": TEN, "underlying": "SPX", "spot": Decimal(6900), "spot_at": TEN, "chain": TWO, "vix": Decimal(15),
    }  # fmt: skip
    return MarketSnapshot(**{**terms, **changes})


@pytest.mark.parametrize("field", ["spot", "vix", "previous_close"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "0", "-1"])
def test_a_price_that_is_none_is_refused_where_it_enters(field: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        a_snapshot(**{field: Decimal(value)})


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (15, True), (15.1, False)])
def test_a_quote_may_be_fifteen_seconds_old(age: float, fresh: bool) -> None:
    """CS-014: age > 15 s is unusable."""
    snapshot = a_snapshot(chain=a_quoted_chain({"P6880": (2.00, 2.10)}, TEN, age=age))

    assert (snapshot.quote(a_contract("P6880")) is not None) is fresh
    assert snapshot.fresh(TEN - dt.timedelta(seconds=age)) is fresh


def test_what_was_never_seen_is_not_fresh() -> None:
    assert not a_snapshot().fresh(None)
    assert a_snapshot(chain=None).quote(a_contract("P6880")) is None
    with pytest.raises(InvalidInput, match="at"):
        a_snapshot(at=NAIVE)


def test_a_chain_quoted_anew_keeps_its_contracts_and_counts_its_own_defects() -> None:
    before = a_chain([Row(6000, True, 10, bid=2, ask=1, gamma=0.01), Row(6000, False, 20, bid=1, ask=2, iv=0.2)])
    later = before.as_of + dt.timedelta(minutes=1)
    seen = [later.timestamp()] * 2

    after = before.requoted(later, [1.0, 3.0], [1.5, 2.0], [0.3, NAN], seen)

    assert (after.as_of, before.defects, after.defects) == (later, {"crossed": 1}, {"crossed": 1})
    assert after.bid.tolist()[0] == 1.0
    assert np.isnan(after.bid[1])
    assert after.iv.tolist()[0] == 0.3
    assert (after.open_interest.tolist(), after.gamma.tolist()[0]) == ([10, 20], 0.01)
    contract = before.contract(0, REGISTRY["SPX"])
    assert (after.row(contract), before.quote(contract)) == (0, None)
    quote = after.quote(contract)
    assert quote is not None
    assert (quote.bid, quote.at) == (Decimal(1), later)


def test_what_is_quoted_anew_is_judged_like_any_chain() -> None:
    before = a_chain([Row(6000, True)])
    for quotes in ([np.inf], [1.0, 2.0]):
        with pytest.raises(InvalidInput, match="bid"):
            before.requoted(before.as_of, quotes, [2.0], [NAN], [before.as_of.timestamp()])


def test_a_sealed_column_is_shared_and_any_other_is_copied() -> None:
    chain = a_chain([Row(6000, True), Row(6010, True)])
    ours = np.array([5000.0, 5010.0])
    window = np.array([5000.0, 5010.0, 5020.0])[:2]
    window.setflags(write=False)  # what it looks into can still be written to

    assert evolve(chain, open_interest=[1.0, 2.0]).strike is chain.strike
    assert evolve(chain, strike=window).strike is not window
    assert evolve(chain, strike=ours).strike is not ours
    ours[0] = 1.0
