"""Is the credit real and enough: quotes, quality, hourly and minimum credit, stop, limit. CS-328..332, 368, 421."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_condor, a_plan, a_put_spread, at
from builders_desk import quotes_of
from gammacore.domain.entries.credit import (
    EntryLimit,
    HourlyCredit,
    MinimumCredit,
    QuotedLoss,
    SpreadQuality,
    SpreadQuote,
    StopInsideQuotes,
    judge_positive,
    judge_quotes,
)
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import new_york

SPX, NDX = REGISTRY["SPX"], REGISTRY["NDX"]
PUTS = {"SPX": a_put_spread(6880, 6870), "NDX": a_put_spread(21400, 21370, "NDX"), "SPY": a_put_spread(640, 638, "SPY")}
Prices = tuple[str, str]


def a_spread_quote(short: Prices, long: Prices, underlying: str = "SPX") -> SpreadQuote:
    """A put spread with the quotes of its legs."""
    spread = PUTS[underlying]
    legs = {f"P{spread.sides[0].short.strike}": short, f"P{spread.sides[0].long.strike}": long}
    quote = SpreadQuote.of(spread, quotes_of(legs, underlying))
    assert quote is not None
    return quote


def of_credit(credit: str, net_spread: str, underlying: str = "SPX") -> SpreadQuote:
    """A put spread of that mid credit whose short leg carries all of the bid-ask spread."""
    mid, half = Decimal(credit) + Decimal("5.00"), Decimal(net_spread) / 2
    return a_spread_quote((str(mid - half), str(mid + half)), ("5.00", "5.00"), underlying)


# The credit of a snapshot ---------------------------------------------------------------------------------------------


def test_the_expected_credit_is_mid_less_mid_and_the_natural_one_is_what_selling_brings() -> None:
    """CS-401: to the cent, once."""
    quote = a_spread_quote(("4.00", "4.25"), ("1.50", "1.60"))

    assert (quote.expected_credit, quote.natural_credit) == (Decimal("2.58"), Decimal("2.40"))
    assert quote.sides[0].net_spread == Decimal("0.35")


def test_both_sides_of_a_condor_count() -> None:
    legs = {"C6980": ("2.00", "2.10"), "C6990": ("0.60", "0.70"), "P6880": ("2.20", "2.30"), "P6870": ("0.80", "0.90")}
    quote = SpreadQuote.of(a_condor(), quotes_of(legs))

    assert quote is not None
    assert (quote.expected_credit, quote.natural_credit) == (Decimal("2.80"), Decimal("2.60"))


@pytest.mark.parametrize("missing", ["C6980", "C6990", "P6880", "P6870"])
def test_every_leg_must_be_quoted(missing: str) -> None:
    """CS-328: closed, and the leg is named."""
    legs = {leg: ("1.00", "1.10") for leg in ("C6980", "C6990", "P6880", "P6870") if leg != missing}
    verdict = judge_quotes(a_condor(), quotes_of(legs))

    assert SpreadQuote.of(a_condor(), quotes_of(legs)) is None
    assert (verdict.reason, verdict.passed) == ("quotes_missing", False)
    assert verdict.value.endswith(f"{missing[0]}0{missing[1:]}000")


def test_quoted_legs_pass() -> None:
    assert judge_quotes(PUTS["SPX"], quotes_of({"P6880": ("1", "2"), "P6870": ("1", "2")})).value == "2 legs quoted"


@pytest.mark.parametrize(
    ("short", "long", "passes"),
    [
        (("1.00", "1.02"), ("1.00", "1.00"), True),  # a cent
        (("1.00", "1.00"), ("1.00", "1.00"), False),
        (("0.95", "1.00"), ("1.00", "1.05"), False),
        (("10.99", "10.99"), ("1.00", "1.00"), True),  # a cent below the width
        (("11.00", "11.00"), ("1.00", "1.00"), False),
        (("1.00", "1.01"), ("1.00", "1.00"), False),  # half a cent rounds to nothing: no credit, and no crash in sizing
    ],
)
def test_a_credit_lies_between_nothing_and_the_width(short: Prices, long: Prices, passes: bool) -> None:
    """CS-003, CS-329; must not regress 23."""
    verdict = judge_positive(a_spread_quote(short, long))

    assert verdict.passed is passes
    assert verdict.reason == (None if passes else "credit_not_positive")


def test_a_rich_side_does_not_pay_for_one_that_costs() -> None:
    """CS-329: each side."""
    legs = {"C6980": ("5.00", "5.10"), "C6990": ("1.00", "1.10"), "P6880": ("0.80", "0.90"), "P6870": ("0.80", "0.90")}
    quote = SpreadQuote.of(a_condor(), quotes_of(legs))

    assert quote is not None
    assert str(judge_positive(quote)) == "skip credit_not_positive: P side 0.00 > 0"


# Quality --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("underlying", "credit", "tolerance"),
    [
        ("SPX", "0.99", ".12"), ("SPX", "1.00", ".15"), ("SPX", "1.49", ".15"), ("SPX", "1.50", ".20"),
        ("SPX", "2.49", ".20"), ("SPX", "2.50", ".25"), ("SPX", "9.00", ".25"),
        ("NDX", "5.99", ".12"), ("NDX", "6.00", ".15"), ("NDX", "8.99", ".15"), ("NDX", "9.00", ".20"),
        ("NDX", "14.99", ".20"), ("NDX", "15.00", ".30"),
        ("SPY", "0.19", ".12"), ("SPY", "0.20", ".15"), ("SPY", "0.29", ".15"), ("SPY", "0.30", ".20"),
        ("SPY", "0.49", ".20"), ("SPY", "0.50", ".25"),
    ],
)  # fmt: skip
def test_richer_credits_may_cost_more(underlying: str, credit: str, tolerance: str) -> None:
    """CS-360: 12 % below 1.00 s, 15 % below 1.50 s, 20 % below 2.50 s, else the registry's top tier."""
    assert SpreadQuality().tolerance(Decimal(credit), REGISTRY[underlying]) == Decimal(tolerance)


def test_the_top_tier_can_be_set_for_all() -> None:
    assert SpreadQuality(rich_tolerance=Decimal("0.18")).tolerance(Decimal(20), NDX) == Decimal("0.18")


@pytest.mark.parametrize(
    ("underlying", "credit", "net_spread", "passes"),
    [
        ("SPX", "0.90", "0.108", True), ("SPX", "0.90", "0.11", False),
        ("SPX", "1.00", "0.15", True), ("SPX", "1.00", "0.152", False),
        ("SPX", "2.00", "0.40", True), ("SPX", "2.00", "0.402", False),
        ("SPX", "2.50", "0.624", True), ("SPX", "2.50", "0.626", False),
        ("NDX", "15.00", "4.50", True), ("NDX", "15.00", "4.52", False),
        ("SPY", "0.40", "0.08", True), ("SPY", "0.40", "0.082", False),
    ],
)  # fmt: skip
def test_the_net_spread_may_be_its_part_of_the_credit_and_no_more(
    underlying: str, credit: str, net_spread: str, passes: bool
) -> None:
    """CS-330, CS-360: inclusive."""
    verdict = SpreadQuality().judge(of_credit(credit, net_spread, underlying), REGISTRY[underlying])

    assert verdict.passed is passes
    assert verdict.reason == (None if passes else "spread_quality")


@pytest.mark.parametrize(
    ("underlying", "short", "long", "passes"),
    [
        ("SPX", ("0.40", "0.45"), ("0.20", "0.25"), True),  # 0.10 on 0.20, but no market can be tighter
        ("SPX", ("0.40", "0.50"), ("0.20", "0.25"), False),  # one leg is two ticks wide
        ("SPX", ("4.00", "4.10"), ("3.60", "3.70"), True),  # from 3.00 the tick is 0.10
        ("SPX", ("2.60", "2.70"), ("2.30", "2.35"), False),  # below 3.00 it is 0.05
        ("SPY", ("0.05", "0.06"), ("0.01", "0.02"), True),
        ("SPY", ("0.05", "0.07"), ("0.01", "0.02"), False),
    ],
)
def test_a_side_one_tick_wide_in_each_leg_passes_whatever_its_credit(
    underlying: str, short: Prices, long: Prices, passes: bool
) -> None:
    """CS-360: the tick floor."""
    quote = a_spread_quote(short, long, underlying)

    assert SpreadQuality().judge(quote, REGISTRY[underlying]).passed is passes


def test_quality_is_judged_side_by_side() -> None:
    """CS-330: a tight put side does not excuse a wide call side; the verdict names the side."""
    legs = {"C6980": ("2.00", "3.00"), "C6990": ("0.60", "0.70"), "P6880": ("2.20", "2.25"), "P6870": ("0.80", "0.85")}
    quote = SpreadQuote.of(a_condor(), quotes_of(legs))

    assert quote is not None
    assert str(SpreadQuality().judge(quote, SPX)) == "skip spread_quality: C side 1.10 > 20% of credit 1.85 = 0.37"


# How much is enough ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "least"),
    [("10:00", ".40"), ("10:59:59", ".40"), ("11:00", ".50"), ("12:59:59", ".50"), ("13:00", ".65"), ("15:00", ".65")],
)
@pytest.mark.parametrize(("underlying", "s"), [("SPX", "1"), ("NDX", "6"), ("SPY", "0.2")])
def test_the_later_the_more_it_must_pay(time: str, least: str, underlying: str, s: str) -> None:
    """CS-331: NDX 2.40 / 3.00 / 3.90."""
    enough = Decimal(least) * Decimal(s)
    cent = Decimal("0.001")

    assert HourlyCredit().judge(enough, at(time), REGISTRY[underlying]).passed
    assert HourlyCredit().judge(enough - cent, at(time), REGISTRY[underlying]).reason == "hourly_credit"


@pytest.mark.parametrize("date", [DAY, dt.date(2026, 7, 15)])
def test_the_hours_are_new_yorks_summer_and_winter(date: dt.date) -> None:
    """CS-331, CS-351: by the clock; a half day's 11:00 is 11:00."""
    assert HourlyCredit().minimum(new_york(date, dt.time(10, 59, 59))) == Decimal("0.40")
    assert HourlyCredit().minimum(new_york(date, dt.time(11))) == Decimal("0.50")


@pytest.mark.parametrize(
    ("underlying", "credit", "passes"),
    [("SPX", "1.30", True), ("SPX", "1.29", False), ("NDX", "7.80", True), ("NDX", "7.79", False),
     ("SPY", "0.26", True), ("SPY", "0.25", False)],
)  # fmt: skip
def test_a_vertical_is_sold_for_its_minimum_or_not_at_all(underlying: str, credit: str, passes: bool) -> None:
    """CS-332: 1.30 s. *differs:* NDX was unscaled."""
    verdict = MinimumCredit().judge(of_credit(credit, "0.02", underlying), REGISTRY[underlying])

    assert verdict.passed is passes
    assert verdict.reason == (None if passes else "minimum_credit")


def test_a_condors_minimum_is_that_of_the_whole() -> None:
    """CS-332: its total, and its own figure."""
    legs = {"C6980": ("1.25", "1.25"), "C6990": ("0.60", "0.60"), "P6880": ("1.25", "1.25"), "P6870": ("0.60", "0.60")}
    quote = SpreadQuote.of(a_condor(), quotes_of(legs))

    assert quote is not None
    assert MinimumCredit().judge(quote, SPX).passed  # 0.65 + 0.65
    assert MinimumCredit(condor=Decimal("1.31")).judge(quote, SPX).reason == "minimum_credit"
    assert MinimumCredit(vertical=Decimal(9)).judge(quote, SPX).passed


# The limit ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("underlying", "credit", "limit"),
    [("SPX", "2.50", "2.35"), ("SPX", "2.00", "1.90"), ("SPX", "0.05", "0"), ("SPX", "0.06", "0.05"),
     ("NDX", "7.80", "7.40"), ("SPY", "0.26", "0.24"), ("SPY", "0.01", "0")],
)  # fmt: skip
def test_the_limit_is_95_percent_down_to_the_tick(underlying: str, credit: str, limit: str) -> None:
    """CS-403, CS-404: 0.95 x 2.50 = 2.375 → 2.35; below a tick nothing is left, and then there is no order."""
    assert EntryLimit().price(Decimal(credit), REGISTRY[underlying]) == Decimal(limit)


@given(st.decimals("0.01", "30", places=2), st.sampled_from(["SPX", "NDX", "SPY"]))
def test_a_limit_is_never_above_what_was_conceded(credit: Decimal, symbol: str) -> None:
    limit = EntryLimit().price(credit, REGISTRY[symbol])

    assert 0 <= limit <= Decimal("0.95") * credit
    assert limit % REGISTRY[symbol].ticks.complex_order == 0


@pytest.mark.parametrize(
    ("worst", "stop", "inside"),
    [
        ("2.74", "0.10", False),
        ("2.75", "0.10", True),  # at it is beyond it
        ("2.76", "0.10", True),
        ("2.75", "0.15", False),
        ("2.88", "0.15", True),
        ("2.40", "0.10", False),
    ],
)
def test_a_stop_that_bid_and_ask_alone_would_trigger_is_skipped_only_when_asked_for(
    worst: str, stop: str, inside: bool
) -> None:
    """CS-368: worst - C at or beyond stop x C, both figures named."""
    quoted = QuotedLoss(Decimal("2.50"), Decimal(worst), Decimal(stop))
    on, off = StopInsideQuotes(on=True).judge(quoted), StopInsideQuotes().judge(quoted)

    assert off.passed
    assert off.value.startswith("warned: ") is inside
    assert on.reason == ("stop_inside_quotes" if inside else None)
    assert str(Decimal(worst) - Decimal("2.50")) in on.value
    assert f"{(Decimal(stop) * Decimal('2.50')).normalize():f}" in on.limit


@pytest.mark.parametrize(
    ("credit", "minimum", "prices"),
    [
        ("2.50", "1.30", ["2.50", "2.45", "2.40", "2.35"]),  # 0.95 x 2.50 = 2.375, down to 2.35
        ("1.37", "1.30", ["1.35", "1.30"]),  # not 0.95 x 1.37 = 1.30
        ("1.35", "1.30", ["1.35", "1.30"]),  # nor 0.95 x 1.35 = 1.25: below the minimum
        ("1.30", "1.30", ["1.30"]),
        ("1.34", "1.32", ["1.35"]),  # the minimum up to its tick
    ],
)
def test_walking_goes_from_the_mid_to_the_concession_and_never_below_the_minimum(
    credit: str, minimum: str, prices: list[str]
) -> None:
    """CS-421."""
    rule = EntryLimit(walk=True)
    plan = evolve(a_plan(), expected_credit=Decimal(credit), limit=rule.lowest(Decimal(credit), SPX, Fraction(minimum)))
    asked = [rule.first(plan, SPX)]
    while (lower := rule.next(plan, asked[-1], SPX)) is not None:
        asked.append(lower)

    assert [f"{price:.2f}" for price in asked] == prices


def test_without_walking_one_price_is_asked_whatever_the_minimum() -> None:
    rule = EntryLimit()
    plan = evolve(a_plan(), expected_credit=Decimal("1.35"), limit=rule.lowest(Decimal("1.35"), SPX, Fraction("1.30")))

    assert rule.first(plan, SPX) == plan.limit == Decimal("1.25")
    assert rule.next(plan, plan.limit, SPX) is None
