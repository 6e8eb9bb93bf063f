"""Paths in columns are those of a plain loop in exact arithmetic that asks the policies themselves. ST-401..407."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from builders_paths import GUIDE, a_record, assert_equal_to_the_loop, averages_of_source_000, one_year
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.on_paths import Codes, PathSizing, TradeTerms, Windows
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.drawdowns import drawdowns_of
from gammacore.domain.study.draws import Drawing, DrawMode
from gammacore.domain.study.paths import DrawnTrade, Outcomes, Stress, drawdowns, walk
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import CostGiven, MonteCarloTerms, drawn_trades
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput
from gammacore.wiring.study.monte_carlo import drawing_from

POLICIES = ("rolling", "bootstrap-stats", "study", "off", "fixed:4")
START = Decimal(20_000)


def drawn(record: Sequence[ClosedTrade], mode: str, paths: int, steps: int | None = None) -> Codes:
    """The first paths of seed 1."""
    drawing = Drawing.of(DrawMode.parse(mode), record, steps or len(record))
    numbers, _ = drawing_from(1)(0, drawing.columns, drawing.below, 0)
    return drawing.trades(numbers[:paths])


@pytest.mark.parametrize(
    ("mode", "first_end"),
    [("trade", 63_834.757720), ("block:10", 65_442.699306), ("regime", 68_860.919764), ("day", 65_601.640225)],
)
def test_every_mode_of_the_one_year_record_equals_the_loop(shared_data: Path, mode: str, first_end: float) -> None:
    """Check 5 of the study; ST-404, ST-405."""
    record = one_year(shared_data)
    outcomes = Outcomes.of(drawn_trades(record, MonteCarloTerms(risk=GUIDE), CostGiven()))
    codes = drawn(record, mode, 5)

    paths = walk(outcomes, PathSizing(), codes, START)

    assert paths.balances[-1, 0] == pytest.approx(first_end, rel=1e-6)
    assert_equal_to_the_loop(outcomes, PathSizing(), codes, START, paths)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "rules",
    [
        SizingRules(starting_capital=Decimal(4_000), window=12, first_trades=3),
        SizingRules(starting_capital=Decimal(9_900), caps_by_account=True, max_contracts=6),
        SizingRules(starting_capital=Decimal(3_000), halt_below=Decimal("0.9"), max_contracts=25),
        SizingRules(starting_capital=Decimal(2_500), halt_below=Decimal(0), fraction=Decimal("0.07")),
        SizingRules(starting_capital=Decimal(5_000), sizing=False),
        SizingRules(starting_capital=Decimal(6_000), confidence_size=True, max_contracts=5),
    ],
    ids=["short window", "caps by account", "tight halt", "no halt", "sizing off", "by confidence"],
)
def test_every_policy_equals_the_loop_under_every_key(policy: str, rules: SizingRules) -> None:
    """ST-402: integer P/L and risks put many sizes on the very edge, which exact arithmetic settles."""
    marks = [Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW, None]
    trades = [
        DrawnTrade(Decimal(profit), TradeTerms(Decimal(risk), REGISTRY[symbol], marks[n % 4]), Decimal(n % 3))
        for n, (profit, risk, symbol) in enumerate(
            [(100, 250, "SPX"), (-60, 500, "SPX"), (40, 250, "NDX"), (-140, 250, "SPX"), (0, 800, "SPX"),
             (90, 250, "SPX"), (120, 400, "NDX"), (-50, 250, "SPX"), (-20, 250, "SPX"), (75, 125, "SPX")]
        )
    ]  # fmt: skip
    outcomes, sizing = Outcomes.of(trades), PathSizing.parse(policy, rules)
    codes = np.random.Generator(np.random.PCG64(3)).integers(0, len(trades), (90, 10)).astype(np.intp)

    paths = walk(outcomes, sizing, codes, rules.starting_capital)

    assert_equal_to_the_loop(outcomes, sizing, codes, rules.starting_capital, paths)


def test_a_size_on_the_edge_is_settled_exactly_and_floats_alone_would_have_it_wrong() -> None:
    """ST-405: 0.1 × 3 is not 0.3 in floats; these sums stand on whole contracts and beside them."""
    rules = SizingRules(starting_capital=Decimal(3_000), first_trades=2, window=4, max_contracts=9)
    trades = [DrawnTrade(Decimal(p), TradeTerms(Decimal(r))) for p, r in (("0.1", 50), ("0.3", 125), ("-0.2", 75))]
    outcomes = Outcomes.of(trades)
    codes = np.random.Generator(np.random.PCG64(7)).integers(0, 3, (60, 60)).astype(np.intp)

    paths = walk(outcomes, PathSizing(rules=rules), codes, rules.starting_capital)

    assert paths.settled > 0
    assert_equal_to_the_loop(outcomes, PathSizing(rules=rules), codes, rules.starting_capital, paths)


PROFIT = st.decimals(-400, 400, places=2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(PROFIT, st.sampled_from([100, 250, 800])), min_size=1, max_size=12),
    st.sampled_from(POLICIES),
    st.integers(0, 2**32),
    st.sampled_from([2_000, 10_000, 20_000]),
)
def test_any_record_equals_the_loop(
    rows: list[tuple[Decimal, int]], policy: str, seed: int, capital: int
) -> None:  # fmt: skip
    rules = SizingRules(starting_capital=Decimal(capital), window=10, first_trades=4)
    outcomes = Outcomes.of([DrawnTrade(profit, TradeTerms(Decimal(risk))) for profit, risk in rows])
    codes = np.random.Generator(np.random.PCG64(seed)).integers(0, len(rows), (40, 4)).astype(np.intp)
    sizing = PathSizing.parse(policy, rules)

    paths = walk(outcomes, sizing, codes, rules.starting_capital)

    assert_equal_to_the_loop(outcomes, sizing, codes, rules.starting_capital, paths)


def test_running_sums_do_not_drift_over_a_long_path() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    profits = generator.normal(0, 1e6, (3_000, 3)) * (generator.random((3_000, 3)) < 0.2) + 0.01

    windows = Windows(profits, 50)
    for step in range(3_000):
        known, wins, won, total = windows.before(step)

    last = profits[2_949:2_999]
    assert known == 50
    assert wins.tolist() == (last > 0).sum(axis=0).tolist()
    assert np.allclose(won, np.maximum(last, 0).sum(axis=0), rtol=1e-12)
    assert np.allclose(total, last.sum(axis=0), rtol=0, atol=1e-7)


# -- the halt ----------------------------------------------------------------------------------------------------------


def test_a_path_at_exactly_half_its_capital_trades_and_below_it_stays_where_it_is() -> None:
    """CS-601, ST-401."""
    outcomes = Outcomes.of([DrawnTrade(Decimal(p), TradeTerms(Decimal(250))) for p in (-10_000, "-0.01", 500)])
    codes = np.array([[0, 0], [2, 1], [2, 2], [2, 2]], dtype=np.intp)

    paths = walk(outcomes, PathSizing.parse("off"), codes, START)

    assert paths.sizes.T.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert paths.balances[-1].tolist() == pytest.approx([11_500, 9_999.99])
    assert paths.halted.tolist() == [False, True]


def test_a_fixed_size_knows_no_cap_and_halts_all_the_same() -> None:
    outcomes = Outcomes.of([DrawnTrade(Decimal(-500), TradeTerms(Decimal(250)))])
    codes = np.zeros((4, 1), dtype=np.intp)

    assert walk(outcomes, PathSizing.parse("fixed:12"), codes, START).sizes[:, 0].tolist() == [12, 12, 0, 0]


def test_a_low_setup_is_left_out_without_halting_the_path() -> None:
    """CS-607: it joins no history either."""
    rules = SizingRules(confidence_size=True)
    terms = [TradeTerms(Decimal(250), confidence=mark) for mark in (Confidence.LOW, Confidence.MEDIUM)]
    outcomes = Outcomes.of([DrawnTrade(Decimal(100), each) for each in terms])
    codes = np.array([[1], [0], [1], [0]], dtype=np.intp)

    paths = walk(outcomes, PathSizing(rules=rules), codes, START)

    assert paths.sizes[:, 0].tolist() == [1, 0, 1, 0]
    assert not paths.halted[0]


# -- costs and stress --------------------------------------------------------------------------------------------------


def test_costs_are_charged_to_the_balance_and_never_join_the_history() -> None:
    """ST-406: with costs in the history this record would have no edge and stay at one contract."""
    record = a_record(*[30, -20] * 6)
    cost = CostGiven(Decimal(12))
    trades = drawn_trades(record, MonteCarloTerms(), cost)
    codes = np.arange(12, dtype=np.intp)[:, None]
    sizing = PathSizing(rules=SizingRules(fraction=Decimal(1), first_trades=2))

    charged = walk(Outcomes.of(trades), sizing, codes, START)
    free = walk(Outcomes.of([evolve(trade, cost=Decimal(0)) for trade in trades]), sizing, codes, START)

    assert charged.sizes.tolist() == free.sizes.tolist()
    assert charged.sizes.max() == 3
    assert charged.balances[-1, 0] == pytest.approx(free.balances[-1, 0] - 12 * free.sizes.sum())


def test_stress_replaces_what_was_drawn_at_the_edges_of_its_shares() -> None:
    """ST-407: u < 0.02 is a gap, then u < 0.12 a forced stop."""
    trades = [DrawnTrade(Decimal(40), TradeTerms(Decimal(250))), DrawnTrade(Decimal(-900), TradeTerms(Decimal(700)))]
    outcomes = Outcomes.of(trades, Stress(gap_loss=None))
    luck = np.array([[0.0, 0.0199999], [0.02, 0.1199999], [0.12, 0.999]])
    indices = np.array([[0, 1], [0, 1], [0, 1]], dtype=np.intp)

    codes = outcomes.codes(indices, luck)

    assert [[int(outcomes.profits[code]) for code in row] for row in codes] == [[-250, -700], [-150, -150], [40, -900]]
    assert [[int(outcomes.terms[code].max_risk) for code in row] for row in codes] == [[250, 700]] * 3


@pytest.mark.parametrize(
    ("shares", "field"),
    [({"gap_share": "-0.01"}, "gap_share"), ({"stop_share": "1.01"}, "stop_share"),
     ({"gap_share": "0.6", "stop_share": "0.41"}, r"gap_share \+ stop_share")],
)  # fmt: skip
def test_shares_outside_0_to_1_or_adding_to_more_are_refused(shares: dict[str, str], field: str) -> None:
    """ST-803."""
    with pytest.raises(InvalidInput, match=field):
        Stress(**{name: Decimal(share) for name, share in shares.items()})


def test_drawdowns_in_columns_are_those_of_one_curve() -> None:
    """ST-303."""
    curves = np.random.Generator(np.random.PCG64(5)).normal(0, 100, (60, 8)).cumsum(axis=0) + 20_000

    deepest, part = drawdowns(curves)

    for path in range(8):
        falls = drawdowns_of([Decimal(value) for value in curves[:, path].tolist()])
        assert deepest[path] == pytest.approx(float(falls.dollars.dollars))
        assert part[path] == pytest.approx(falls.percent.part)


def test_a_policy_is_read_by_its_name() -> None:
    assert [str(PathSizing.parse(name)) for name in POLICIES] == list(POLICIES)
    for wrong in ("fixed", "fixed:0", "fixed:x", "off:2", "kelly", ""):
        with pytest.raises(InvalidInput, match="policy"):
            PathSizing.parse(wrong)


def test_sizes_of_source_000_equal_the_loop() -> None:
    record = averages_of_source_000()
    outcomes = Outcomes.of(drawn_trades(record, MonteCarloTerms(), CostGiven()))
    codes = drawn(record, "trade", 4, 150)

    for policy in ("rolling", "bootstrap-stats", "study"):
        sizing = PathSizing.parse(policy)
        assert_equal_to_the_loop(outcomes, sizing, codes, START, walk(outcomes, sizing, codes, START))
