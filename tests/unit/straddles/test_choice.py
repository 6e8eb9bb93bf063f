"""Which straddle a chain offers: the vectors of SC-412, every count of SC-405, ties, and the size."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import OptionChain
from gammacore.domain.pricing.rates import DividendYield, MarketRates, RateCurve
from gammacore.domain.straddles.choice import (
    ChoiceRules,
    CostScaling,
    Dropped,
    StraddleChoice,
    choose_straddle,
    expected_move,
    is_in_band,
    scores,
    straddles_bought,
)
from gammacore.domain.verdicts import Verdict

SPY, TODAY = REGISTRY["SPY"], dt.date(2026, 6, 1)
NOW = dt.datetime(2026, 6, 1, 14, tzinfo=dt.UTC)
RATES = MarketRates(RateCurve.constant(0.05), DividendYield(0.012))
AT_590_30 = ("590", 30, "12.60", "12.66", "10.70", "10.76")
AT_590_45 = ("590", 45, "15.95", "16.05", "13.35", "13.45")
AT_590_60 = ("590", 60, "18.80", "18.92", "15.45", "15.57")
AT_595_45 = ("595", 45, "13.20", "13.34", "15.60", "15.74")
TABLE = (AT_590_30, AT_590_45, AT_590_60, AT_595_45)
Pair = tuple[str, int, str, str, str, str]


def a_chain(*pairs: Pair, **more: Any) -> OptionChain:
    """A call and a put a pair: strike, days, bid and ask of the call, bid and ask of the put; 500 contracts open."""
    rows: list[tuple[Any, ...]] = [
        (float(strike), right, TODAY + dt.timedelta(days=days), *quote)
        for strike, days, *figures in pairs
        for right, quote in ((True, figures[:2]), (False, figures[2:]))
    ]
    count = len(rows)
    columns: dict[str, Any] = {
        "strike": [row[0] for row in rows],
        "is_call": [row[1] for row in rows],
        "expiry": np.array([row[2] for row in rows], dtype="datetime64[D]"),
        "root": [0] * count,
        "bid": [float(row[3]) for row in rows],
        "ask": [float(row[4]) for row in rows],
        "open_interest": [500.0] * count,
        "iv": [np.nan] * count,
        "gamma": [np.nan] * count,
        "quoted_at": [NOW.timestamp()] * count,
    }
    return OptionChain("SPY", NOW, ("SPY",), **{**columns, **more})


def days_only(expiry: dt.date) -> float:
    """As the tables count: whole days."""
    return (expiry - TODAY).days * 86_400.0


def chosen(
    chain: OptionChain, rules: ChoiceRules | None = None, price: str = "590", oldest: float = 5.0
) -> StraddleChoice:
    return choose_straddle(rules or ChoiceRules(), SPY, chain, Decimal(price), TODAY, days_only, RATES, oldest)


def only(pair: Pair, rules: ChoiceRules | None = None, price: str = "590") -> Any:
    """The one pair of a chain, as it was scored."""
    best = chosen(a_chain(pair), rules, price).best
    assert best is not None
    return best


# -- the table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "theta", "gamma", "spread", "once", "five", "legacy", "theta_only", "tenth"),
    [
        (AT_590_30, -0.39538, 0.027810, "0.12", 18.5321, 75.4006, 445.712, 14.2171, 5.7367),
        (AT_590_45, -0.33205, 0.022155, "0.20", 24.0145, 83.9637, 917.702, 14.9873, 10.5259),
        (AT_590_60, -0.29137, 0.018998, "0.24", 27.9696, 89.3168, 1278.616, 15.3368, 14.1665),
        (AT_595_45, -0.31844, 0.022820, "0.28", 26.2242, 82.0418, 1240.930, 13.9544, 13.6652),
    ],
)
def test_the_table_of_scores(
    pair: Pair, theta: float, gamma: float, spread: str, once: float, five: float, legacy: float, theta_only: float,
    tenth: float,
) -> None:  # fmt: skip
    """SC-412, to 1e-4 relative."""
    best = only(pair)
    kinds = {
        once: ChoiceRules(),
        five: ChoiceRules(theta_weight=5.0),
        legacy: ChoiceRules(cost_scaling=CostScaling.LEGACY),
        theta_only: ChoiceRules(cost_scaling=CostScaling.NONE),
        tenth: ChoiceRules(theta_weight=0.1),
    }

    assert best.theta == pytest.approx(theta, rel=1e-4)
    assert best.gamma == pytest.approx(gamma, rel=1e-4)
    assert best.spread == Decimal(spread)
    for expected, rules in kinds.items():
        assert only(pair, rules).score == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        (ChoiceRules(), ("590", 30)),
        (ChoiceRules(theta_weight=5.0), ("590", 30)),
        (ChoiceRules(cost_scaling=CostScaling.LEGACY), ("590", 30)),
        (ChoiceRules(cost_scaling=CostScaling.NONE), ("595", 45)),
    ],
)
def test_the_winners_of_the_table(rules: ChoiceRules, winner: tuple[str, int]) -> None:
    """SC-413, through all steps of the selection."""
    choice = chosen(a_chain(*TABLE), rules)

    assert choice.best is not None
    assert (str(choice.best.straddle.call.strike), choice.best.days) == winner
    assert choice.candidates == 4
    assert choice.best.straddle.call.right is Right.CALL
    assert choice.best.straddle.put.strike == choice.best.straddle.call.strike
    assert choice.judge().passed


def test_the_two_of_45_days_change_places_with_the_weight_of_theta() -> None:
    """SC-413."""
    pairs = a_chain(AT_590_45, AT_595_45)
    light, heavy = chosen(pairs).best, chosen(pairs, ChoiceRules(theta_weight=5.0)).best

    assert light is not None
    assert heavy is not None
    assert [one.straddle.call.strike for one in (light, heavy)] == [Decimal(590), Decimal(595)]


def test_the_legacy_ranking_depends_on_the_size() -> None:
    """SC-411: the spread of two straddles weighs twice."""
    legacy = ChoiceRules(cost_scaling=CostScaling.LEGACY)
    one, two = scores(legacy, -0.4, 0.02, 0.1), scores(evolve(legacy, straddles=2), -0.4, 0.02, 0.1)

    assert float(two - one) == pytest.approx(100 * 0.1 / 0.02)


def test_the_bands_of_the_table_are_inclusive() -> None:
    """SC-409."""
    moves = expected_move(590, [0.177, 0.20], [45, 30])

    assert moves.round(4).tolist() == [36.6553, 33.8180]
    assert is_in_band(np.array([590 - 36.5, 590 - 36.6, 626.5, 626.6]), 590, np.array(36.5)).tolist() == [
        True, False, True, False,
    ]  # fmt: skip


# -- what is dropped ---------------------------------------------------------------------------------------------------


def counts(choice: StraddleChoice) -> dict[Dropped, int]:
    return {step: count for step, count in choice.dropped.items() if count}


@pytest.mark.parametrize("days", [30, 90])
def test_both_ends_of_the_expiries_are_candidates(days: int) -> None:
    """SC-404, step 2."""
    choice = chosen(a_chain(("590", days, "15.95", "16.05", "13.35", "13.45")))

    assert choice.best is not None


@pytest.mark.parametrize(
    ("chain", "dropped"),
    [
        (a_chain(("590", 29, "15.95", "16.05", "13.35", "13.45")), {Dropped.EXPIRY: 2}),
        (a_chain(("590", 91, "15.95", "16.05", "13.35", "13.45")), {Dropped.EXPIRY: 2}),
        (a_chain(AT_590_45, open_interest=[100.0, 101.0]), {Dropped.OPEN_INTEREST: 1, Dropped.UNPAIRED: 1}),
        (a_chain(AT_590_45, open_interest=[np.nan, 101.0]), {Dropped.OPEN_INTEREST: 1, Dropped.UNPAIRED: 1}),
        (a_chain(("590", 45, "0", "16.05", "13.35", "13.45")), {Dropped.QUOTE: 1, Dropped.UNPAIRED: 1}),
        (a_chain(("590", 45, "16.05", "16.05", "13.35", "13.45")), {Dropped.QUOTE: 1, Dropped.UNPAIRED: 1}),
        (a_chain(("590", 45, "nan", "nan", "13.35", "13.45")), {Dropped.QUOTE: 1, Dropped.UNPAIRED: 1}),
        (a_chain(AT_590_45, quoted_at=[NOW.timestamp() - 5.5, NOW.timestamp() - 5]),
         {Dropped.QUOTE: 1, Dropped.UNPAIRED: 1}),
        (a_chain(AT_590_45, strike=[590, 595]), {Dropped.UNPAIRED: 2}),
        (a_chain(("570", 45, "0.40", "0.50", "1.35", "1.45")), {Dropped.NO_ATM_IV: 1}),
        (a_chain(AT_590_45, ("627", 45, "2.10", "2.20", "37.00", "37.40")), {Dropped.OUTSIDE_MOVE: 1}),
        (a_chain(AT_590_45, ("600", 45, "10.10", "10.20", "9.00", "9.40")), {Dropped.NO_GAMMA: 1}),
    ],
)  # fmt: skip
def test_each_step_counts_what_it_drops(chain: OptionChain, dropped: dict[Dropped, int]) -> None:
    """SC-404, SC-405: contracts until they are paired, pairs from there on; an unknown open interest is not enough."""
    assert counts(chosen(chain)) == dropped


def test_nothing_left_says_where_everything_went() -> None:
    """SC-405."""
    verdict = chosen(a_chain(("590", 29, "15.95", "16.05", "13.35", "13.45"))).judge()

    assert (verdict.reason, verdict.value) == ("no_straddle", "expiry 2")


def test_an_empty_chain_offers_nothing() -> None:
    assert chosen(a_chain()).judge().reason == "no_straddle"


def test_the_volatility_of_an_expiry_is_that_of_the_lower_strike_of_two_as_near() -> None:
    """SC-404, step 6: at 592.50 the strike 590, whose call has no volatility here, drops the expiry."""
    pairs = (("590", 45, "0.50", "0.60", "13.35", "13.45"), ("595", 45, "13.20", "13.34", "15.60", "15.74"))

    assert counts(chosen(a_chain(*pairs), price="592.50")) == {Dropped.NO_ATM_IV: 2}
    assert counts(chosen(a_chain(*pairs), price="592.51")) == {Dropped.NO_GAMMA: 1}


def test_contracts_of_two_roots_are_no_pair() -> None:
    chain = a_chain(AT_590_45)
    other = OptionChain(
        "SPY", NOW, ("SPY", "SPY1"), chain.strike, chain.is_call, chain.expiry, [0, 1], chain.bid, chain.ask,
        chain.open_interest, chain.iv, chain.gamma, chain.quoted_at,
    )  # fmt: skip

    assert counts(chosen(other)) == {Dropped.UNPAIRED: 2}


# -- ties --------------------------------------------------------------------------------------------------------------


def free_ride() -> ChoiceRules:
    """Theta and spread weigh nothing: every score is 0."""
    return ChoiceRules(theta_weight=0.0, cost_scaling=CostScaling.NONE)


def winner(pairs: Iterable[Pair], price: str = "590") -> tuple[int, int]:
    best = chosen(a_chain(*pairs), free_ride(), price).best
    assert best is not None
    return int(best.straddle.call.strike), best.days


def test_ties_go_to_the_smaller_spread_the_nearer_strike_the_earlier_expiry_the_lower_strike() -> None:
    """SC-406, in this order."""
    wide_near = ("590", 45, "15.90", "16.10", "13.35", "13.45")
    tight_far = ("595", 45, "13.20", "13.26", "15.60", "15.66")
    same_595 = ("595", 45, "13.22", "13.32", "15.62", "15.72")
    same_585 = ("585", 45, "18.80", "18.90", "11.30", "11.40")
    later = ("590", 60, "18.81", "18.91", "15.46", "15.56")

    assert winner([wide_near, tight_far]) == (595, 45)
    assert winner([same_595, AT_590_45]) == (590, 45)
    assert winner([later, AT_590_45]) == (590, 45)
    assert winner([same_595, same_585]) == (585, 45)


# -- the size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "equity", "power", "size"),
    [
        (ChoiceRules(), 11_760, None, 1),
        (ChoiceRules(straddles=3), 23_520, None, 2),
        (ChoiceRules(straddles=3), 100_000, None, 3),
        (ChoiceRules(straddles=3, max_contracts=2), 100_000, None, 2),
        (ChoiceRules(straddles=3, max_position_value=Decimal(5880)), 100_000, None, 2),
        (ChoiceRules(straddles=3, buying_power_fraction=Decimal("0.10")), 100_000, 58_800, 2),
    ],
)
def test_the_size_is_what_a_quarter_of_the_equity_pays(
    rules: ChoiceRules, equity: int, power: int | None, size: int
) -> None:
    """SC-458: 2,940 is 25 % of 11,760; the options only lower it."""
    bought = straddles_bought(
        rules, Decimal("29.40"), Decimal(equity), Decimal("0.25"), None if power is None else Decimal(power)
    )

    assert bought == size


@pytest.mark.parametrize(
    ("rules", "equity"),
    [
        (ChoiceRules(), 11_759),
        (ChoiceRules(max_position_value=Decimal(2939)), 100_000),
        (ChoiceRules(buying_power_fraction=Decimal("0.10")), 100_000),
    ],
)
def test_a_size_of_0_is_the_position_cap(rules: ChoiceRules, equity: int) -> None:
    """SC-458; a buying power that is not known pays nothing where a part of it is the limit."""
    refused = straddles_bought(rules, Decimal("29.40"), Decimal(equity), Decimal("0.25"), None)

    assert isinstance(refused, Verdict)
    assert refused.reason == "position_cap"
