"""Underlyings, contracts and their symbols: the registry as printed, exact scales, one rounding. Sections 0, 0.1."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY
from gammacore.domain.instruments import (
    REGISTRY,
    Exercise,
    OptionContract,
    Right,
    Settlement,
    SettlementTime,
    Side,
    Ticks,
    Underlying,
    parse_occ,
    round_to_multiple,
    settlement_time,
    tick_ceiling,
    tick_floor,
)
from gammacore.errors import InvalidInput

SPX = REGISTRY["SPX"]
THOUSANDTHS = st.integers(1, 99_999_999).map(lambda n: Decimal(n).scaleb(-3))
ROOTS = st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True)


def an_underlying(**changes: object) -> Underlying:
    terms: dict[str, object] = {
        "symbol": "ABC", "option_root": "ABC", "exercise": Exercise.AMERICAN, "settlement": Settlement.PHYSICAL,
    }  # fmt: skip
    return Underlying(**{**terms, **changes})  # type: ignore[arg-type]  # a test may give a wrong one on purpose


# The registry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "root", "k", "s", "unit", "increment", "width", "complex_tick", "low", "high", "radius", "top", "hedge"),
    [
        ("SPX", "SPXW", "1", "1", "1", "5", "5", ".05", ".05", ".10", ".015", ".25", ("SPY", "10")),
        ("NDX", "NDXP", "5", "6", "1", "10", "30", ".05", ".05", ".10", ".02", ".30", ("QQQ", "42.5")),
        ("XSP", "XSP", "1/10", "1/5", "0.1", "1", "1", ".01", ".01", ".01", ".015", ".25", ("SPY", "1")),
        ("RUT", "RUTW", "1/3", "1", "1", "5", "5", ".05", ".05", ".10", ".015", ".25", ("IWM", "10")),
        ("SPY", "SPY", "1/10", "1/5", "0.1", "1", "1", ".01", ".01", ".01", ".015", ".25", ("SPY", "1")),
        ("QQQ", "QQQ", "1/12", "1/5", "0.1", "1", "1", ".01", ".01", ".01", ".02", ".25", ("QQQ", "1")),
        ("IWM", "IWM", "1/30", "1/5", "0.1", "1", "1", ".01", ".01", ".01", ".015", ".25", ("IWM", "1")),
    ],
)
def test_the_registry_is_the_table_of_section_0_1(
    symbol: str, root: str, k: str, s: str, unit: str, increment: str, width: str, complex_tick: str, low: str,
    high: str, radius: str, top: str, hedge: tuple[str, str],
) -> None:  # fmt: skip
    listed = REGISTRY[symbol]

    assert (listed.option_root, listed.k, listed.credit_scale) == (root, Fraction(k), Fraction(s))
    assert (listed.unit, listed.strike_increment, listed.base_width) == (
        Decimal(unit), Decimal(increment), Decimal(width),
    )  # fmt: skip
    assert listed.ticks == Ticks(Decimal(complex_tick), Decimal(low), Decimal(high))
    assert (listed.pin_radius, listed.top_quality_tolerance) == (Decimal(radius), Decimal(top))
    assert (listed.hedge_share, listed.hedge_ratio) == (hedge[0], Decimal(hedge[1]))
    assert (listed.max_positions, listed.max_contracts, listed.multiplier) == (3, 10, 100)


@pytest.mark.parametrize("symbol", sorted(REGISTRY))
def test_indices_are_european_and_cash_settled_shares_american_and_physical(symbol: str) -> None:
    listed = REGISTRY[symbol]

    assert listed.cash_settled is (symbol in {"SPX", "NDX", "XSP", "RUT"})
    assert (listed.exercise is Exercise.EUROPEAN) is listed.cash_settled


def test_distances_and_credits_are_scaled_exactly() -> None:
    """CS-009: a third of a point is a third, not 0.333."""
    assert REGISTRY["RUT"].points(50) == Fraction(50, 3)
    assert REGISTRY["NDX"].dollars(Decimal("0.40")) == Fraction(12, 5)
    assert REGISTRY["SPY"].dollars(Decimal("1.30")) == Fraction(13, 50)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "spx"}, "symbol"),
        ({"symbol": "TOOLONGX"}, "symbol"),
        ({"option_root": "SPX.W"}, "option_root"),
        ({"base_width": Decimal(7)}, "base_width"),
        ({"k": Fraction(0)}, "k"),
        ({"strike_increment": Decimal("NaN")}, "strike_increment"),
        ({"max_contracts": 0}, "max_contracts"),
    ],
)
def test_an_underlying_that_cannot_be_is_refused_by_name(changes: dict[str, object], field: str) -> None:
    """CS-022 for the width; section 0.1: any other underlying is described by the same fields."""
    with pytest.raises(InvalidInput) as refusal:
        an_underlying(**changes)
    assert refusal.value.field == field


@pytest.mark.parametrize(("root", "when"), [("SPX", "am"), ("NDX", "am"), ("RUT", "am"), ("SPXW", "pm"), ("SPY", "pm")])
def test_monthly_index_roots_settle_at_the_open(root: str, when: str) -> None:
    assert settlement_time(root) is SettlementTime(when)


def test_sides_have_a_sign_and_an_opposite() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)


# Rounding -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "increment", "rounded"),
    [("6072.5", "5", "6070"), ("6077.5", "5", "6080"), ("6072.51", "5", "6075"), ("642.5", "1", "642"),
     ("643.5", "1", "644"), ("640.25", "0.1", "640.2"), ("640.35", "0.1", "640.4"), ("21505", "10", "21500")],
)  # fmt: skip
def test_rounding_takes_the_nearest_multiple_and_ties_to_the_even_one(value: str, increment: str, rounded: str) -> None:
    """CS-010, CS-011: 6072.5 is 1214.5 fives, and 1214 is even."""
    assert round_to_multiple(Decimal(value), Decimal(increment)) == Decimal(rounded)


def test_strikes_and_prices_have_their_own_grids() -> None:
    assert REGISTRY["NDX"].strike(Fraction(64516, 3)) == Decimal(21510)
    assert REGISTRY["SPY"].round_price(Decimal("641.65")) == Decimal("641.6")


@given(THOUSANDTHS, st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.10")]))
def test_floor_and_ceiling_of_a_tick_enclose_the_price_by_less_than_a_tick(price: Decimal, tick: Decimal) -> None:
    """CS-404..406."""
    floor, ceiling = tick_floor(price, tick), tick_ceiling(price, tick)

    assert floor <= price <= ceiling
    assert ceiling - floor == (0 if price % tick == 0 else tick)
    assert floor % tick == ceiling % tick == 0


@pytest.mark.parametrize(("price", "tick"), [("2.99", ".05"), ("3.00", ".10"), ("0", ".05")])
def test_the_tick_of_a_single_leg_changes_at_three_dollars(price: str, tick: str) -> None:
    assert SPX.ticks.single(Decimal(price)) == Decimal(tick)


# OCC symbols ----------------------------------------------------------------------------------------------------------


def test_the_symbol_of_the_rule() -> None:
    """CS-013."""
    assert SPX.contract(dt.date(2025, 1, 10), Right.CALL, Decimal(6000)).occ == "SPXW250110C06000000"
    assert str(SPX.contract(DAY, Right.PUT, Decimal("0.5"))) == "SPXW260105P00000500"


@given(ROOTS, st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(Right), THOUSANDTHS)
def test_every_contract_is_read_back_from_its_symbol(root: str, expiry: dt.date, right: Right, strike: Decimal) -> None:
    """CS-013: compact or padded to 21 characters, the last 15 are fixed."""
    contract = OptionContract(root, root, expiry, right, strike)
    tail = contract.occ[len(root) :]

    assert len(tail) == 15
    assert parse_occ(contract.occ, {}) == contract
    assert parse_occ(f"{root:<6}{tail}", {}) == contract


def test_a_root_that_ends_in_digits_is_parsed_from_the_right() -> None:
    assert parse_occ("A1250110C06000000", {}).root == "A1"


@pytest.mark.parametrize(
    ("symbol", "underlying"),
    [
        ("SPXW260105P06880000", "SPX"),
        ("SPX260116P06880000", "SPX"),
        ("NDXP260105C21500000", "NDX"),
        ("TSLA260105C00400000", "TSLA"),
    ],
)
def test_the_underlying_is_known_by_the_root(symbol: str, underlying: str) -> None:
    assert parse_occ(symbol).underlying == underlying


@pytest.mark.parametrize(
    "symbol",
    ["", "SPX", "SPXW250110X06000000", "SPXW250230C06000000", "SPXW251301C06000000", "SPXW250110C0600000",
     "spxw250110C06000000", "TOOLONG250110C06000000", "SPXW250110C00000000"],
)  # fmt: skip
def test_what_is_no_option_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(InvalidInput):
        parse_occ(symbol)


@pytest.mark.parametrize("strike", ["0", "-5", "100000", "NaN", "Infinity", "6000.0005"])
def test_a_strike_no_symbol_can_hold_is_refused(strike: str) -> None:
    """CS-013: two contracts never share a symbol."""
    with pytest.raises(InvalidInput, match="strike"):
        SPX.contract(DAY, Right.CALL, Decimal(strike))


@pytest.mark.parametrize(
    ("right", "price", "worth"), [("C", "6010", "10"), ("C", "6000", "0"), ("P", "5990", "10"), ("P", "6010", "0")]
)
def test_intrinsic_value_is_never_negative(right: str, price: str, worth: str) -> None:
    assert SPX.contract(DAY, Right(right), Decimal(6000)).intrinsic(Decimal(price)) == Decimal(worth)
