"""Credit spreads: legs by role, bounded values, marks per side, settlement by intrinsic value. CS-001..006, CS-503."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import DAY, a_call_spread, a_condor, a_put_spread, a_vertical
from builders_desk import a_contract, a_quote, quotes_of
from gammacore.domain.dollars import to_cents
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.market import Quote
from gammacore.domain.spreads import CreditSpread, SpreadMark, Vertical
from gammacore.errors import InvalidInput

strikes = st.integers(1000, 9000).map(lambda n: Decimal(5 * n))
widths = st.integers(1, 40).map(lambda n: Decimal(5 * n))
prices = st.decimals("0.01", "99999", places=2)


@st.composite
def verticals(draw: st.DrawFn) -> Vertical:
    right, short, width = draw(st.sampled_from(Right)), draw(strikes), draw(widths)
    return a_vertical(right, str(short), str(short + width if right is Right.CALL else short - width))


@st.composite
def bid_asks(draw: st.DrawFn) -> Quote:
    bid = draw(st.decimals("0", "500", places=2))
    return a_quote(str(bid), str(bid + draw(st.decimals("0.01", "50", places=2))))


# Shape ----------------------------------------------------------------------------------------------------------------


def test_a_vertical_names_its_legs_by_role() -> None:
    """CS-204, CS-402, CS-416: opened short first, closed the other way round."""
    spread = a_put_spread(6880, 6870)

    assert [leg.contract for leg in spread.opening_legs] == [a_contract("P6880"), a_contract("P6870")]
    assert [leg.side for leg in spread.opening_legs] == [Side.SELL, Side.BUY]
    assert [leg.side for leg in spread.closing_legs] == [Side.BUY, Side.SELL]
    assert (spread.width, spread.underlying, spread.strikes) == (Decimal(10), "SPX", "6880/6870")
    assert spread.symbols == ("SPXW260105P06880000", "SPXW260105P06870000")


def test_a_condor_is_call_short_call_long_put_short_put_long() -> None:
    """CS-204."""
    assert a_condor().strikes == "6980/6990/6880/6870"


def test_a_broken_wing_risks_its_wider_side() -> None:
    """CS-006: only one side can finish in the money."""
    condor = a_condor((6980, 6985), (6880, 6865))

    assert condor.width == 15
    assert condor.maximum_risk(Decimal("2.50")) == Decimal(1250)


@pytest.mark.parametrize(
    ("short", "long", "why"),
    [
        (a_contract("P6880"), a_contract("P6890"), "further out"),
        (a_contract("C6990"), a_contract("C6980"), "further out"),
        (a_contract("P6880"), a_contract("P6880"), "further out"),
        (a_contract("P6880"), a_contract("C6890"), "same root"),
        (a_contract("P6880"), a_contract("P6870", expiry=DAY + dt.timedelta(days=1)), "same root"),
        (a_contract("P6880"), OptionContract("SPX", "SPX", DAY, Right.PUT, Decimal(6870)), "same root"),
    ],
)
def test_two_legs_that_do_not_cover_each_other_are_no_vertical(
    short: OptionContract, long: OptionContract, why: str
) -> None:
    """CS-022: no width of 0, and the long is further out of the money."""
    with pytest.raises(InvalidInput, match=why):
        Vertical(short, long)


@pytest.mark.parametrize("order", [(), (0, 0), (1, 0), (0, 1, 1)])
def test_sides_are_one_vertical_or_a_call_and_then_a_put(order: tuple[int, ...]) -> None:
    sides = (a_vertical(Right.CALL, 6980, 6990), a_vertical(Right.PUT, 6880, 6870))

    with pytest.raises(InvalidInput, match="sides"):
        CreditSpread(tuple(sides[number] for number in order))


def test_a_condor_has_one_expiry() -> None:
    tomorrow = DAY + dt.timedelta(days=1)

    with pytest.raises(InvalidInput, match="one root and expiry"):
        CreditSpread((a_vertical(Right.CALL, 6980, 6990), a_vertical(Right.PUT, 6880, 6870, expiry=tomorrow)))


@pytest.mark.parametrize("credit", ["0", "-1", "10", "10.01"])
def test_a_credit_outside_nothing_to_width_has_no_risk_figure(credit: str) -> None:
    """CS-003."""
    with pytest.raises(InvalidInput, match="credit"):
        a_put_spread().maximum_risk(Decimal(credit))


def test_risk_is_width_less_credit_in_dollars() -> None:
    """CS-001, CS-002, CS-006: ten points are $1,000, not $100."""
    assert a_put_spread().maximum_risk(Decimal("2.50")) == Decimal(750)


# Distance -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "price", "distance"),
    [(a_put_spread(), "6900", "20"), (a_call_spread(), "6900", "80"), (a_condor(), "6900", "20"),
     (a_condor(), "6970", "10"), (a_put_spread(), "6875", "-5"), (a_condor(), "6985", "-5")],
)  # fmt: skip
def test_distance_is_from_the_nearer_short_by_role(spread: CreditSpread, price: str, distance: str) -> None:
    """CS-415; must not regress 26: by role, not by sorted strikes."""
    assert spread.distance(Decimal(price)) == Decimal(distance)


# Settlement -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "price", "value"),
    [
        (a_put_spread(), "6880", "0"), (a_put_spread(), "6879.99", "0.01"), (a_put_spread(), "6875", "5"),
        (a_put_spread(), "6870", "10"), (a_put_spread(), "6000", "10"), (a_call_spread(), "6980", "0"),
        (a_call_spread(), "6984.3", "4.3"), (a_call_spread(), "9000", "10"), (a_condor(), "6900", "0"),
        (a_condor(), "6985", "5"), (a_condor(), "6870", "10"),
    ],
)  # fmt: skip
def test_settlement_is_intrinsic_short_less_long(spread: CreditSpread, price: str, value: str) -> None:
    """CS-521, R11: worked by hand; never 0.00 in the money."""
    assert spread.settlement_value(Decimal(price)) == Decimal(value)


@given(verticals(), prices)
def test_a_vertical_settles_between_nothing_and_its_width(side: Vertical, price: Decimal) -> None:
    """CS-002, R11."""
    value = side.settlement_value(price)

    assert 0 <= value <= side.width
    assert (value == 0) is (side.distance(price) >= 0)


# Marks ----------------------------------------------------------------------------------------------------------------


@given(verticals(), bid_asks(), bid_asks())
@example(a_vertical(Right.PUT, 6880, 6870), a_quote("30", "31"), a_quote("1", "2"))
def test_a_mark_is_between_nothing_and_the_width_and_in_order(side: Vertical, short: Quote, long: Quote) -> None:
    """CS-002, CS-503; must not regress 23."""
    mark = side.mark({side.short: short, side.long: long}.get)

    assert mark is not None
    assert 0 <= mark.best <= mark.mid <= mark.worst <= side.width


def test_marks_buy_the_short_back_and_sell_the_long() -> None:
    """CS-503, ruling N: worst pays the short's ask for the long's bid."""
    quotes = quotes_of({"P6880": ("4.00", "4.25"), "P6870": ("1.50", "1.60")})

    assert a_put_spread().mark(quotes) == SpreadMark(Decimal("2.58"), Decimal("2.40"), Decimal("2.75"))


def test_a_mark_is_rounded_once_at_the_end_half_to_even() -> None:
    """CS-012, CS-015: 0.125 + 0.125 are 0.25; a side alone would have been 0.12."""
    quotes = quotes_of({
        "C6980": ("1.00", "1.25"), "C6990": ("1.00", "1.00"), "P6880": ("1.00", "1.25"), "P6870": ("1.00", "1.00"),
    })  # fmt: skip
    condor = a_condor().mark(quotes)
    call = a_call_spread().mark(quotes)

    assert condor is not None
    assert call is not None
    assert (condor.mid, call.mid) == (Decimal("0.25"), Decimal("0.12"))


def test_each_side_of_a_condor_is_clamped_before_the_sum() -> None:
    """CS-503: a call side quoted 40 over its width adds its width, and an inverted put side nothing."""
    quotes = quotes_of({
        "C6980": ("50", "51"), "C6990": ("1", "2"), "P6880": ("0", "0.05"), "P6870": ("3.00", "3.10"),
    })  # fmt: skip

    assert a_condor().mark(quotes) == SpreadMark(Decimal(10), Decimal(10), Decimal(10))


@pytest.mark.parametrize("missing", ["C6980", "C6990", "P6880", "P6870"])
def test_one_unusable_leg_leaves_no_mark(missing: str) -> None:
    """CS-504."""
    legs = {leg: ("1.00", "1.10") for leg in ("C6980", "C6990", "P6880", "P6870") if leg != missing}

    assert a_condor().mark(quotes_of(legs)) is None


@pytest.mark.parametrize(("amount", "cents"), [("2.375", "2.38"), ("2.385", "2.38"), ("-0.005", "0.00")])
def test_money_in_cents_is_half_to_even(amount: str, cents: str) -> None:
    """CS-012."""
    assert to_cents(Decimal(amount)) == Decimal(cents)
