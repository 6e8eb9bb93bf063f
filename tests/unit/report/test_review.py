"""The periodic review counts what is over, by regime, strategy and size, and holds it against the record before."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_day
from builders import a_plan, at
from gammacore.domain.reports.review import Period, Projection, VixRegime, reviews
from gammacore.domain.reports.trades import Trade, TradeResult
from gammacore.domain.words import StrategyTag

MONDAY = dt.date(2026, 1, 5)


def a_trade(
    number: int,
    gross: str | None,
    *,
    date: dt.date = MONDAY,
    contracts: int = 1,
    vix: str = "15.2",
    balance: str = "20000",
    strategy: StrategyTag = StrategyTag.PUT_SPREAD,
    closed_on: dt.date | None = None,
) -> Trade:
    """One trade for 2.50; open where there is no P/L."""
    plan = a_plan(contracts=contracts, vix=vix, strategy=strategy, position=f"p{number}")
    return builders_day.a_trade(
        plan, gross, opened=at("10:00", date), closed=at("11:00", closed_on or date), balance=balance
    )  # fmt: skip


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.DAY, dt.date(2026, 2, 28), dt.date(2026, 2, 28)),
        (Period.WEEK, dt.date(2026, 2, 23), dt.date(2026, 3, 1)),
        (Period.MONTH, dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
    ],
)
def test_a_period_has_a_first_and_a_last_date(period: Period, first: dt.date, last: dt.date) -> None:
    assert period.span(dt.date(2026, 2, 28)) == (first, last)


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        (Period.DAY, ["2026-01-09", "2026-01-12", "2026-02-02"]),
        (Period.WEEK, ["2026-01-05", "2026-01-12", "2026-02-02"]),
        (Period.MONTH, ["2026-01-01", "2026-02-01"]),
    ],
)
def test_trades_are_reviewed_in_the_period_of_their_close(period: Period, starts: list[str]) -> None:
    dates = (dt.date(2026, 1, 9), dt.date(2026, 1, 12), dt.date(2026, 2, 2))

    found = reviews([a_trade(number, "50", date=date) for number, date in enumerate(dates)], period)

    assert [str(review.first) for review in found] == starts


def test_a_trade_carried_over_counts_where_it_ended() -> None:
    carried = a_trade(1, "50", date=dt.date(2026, 1, 9), closed_on=dt.date(2026, 1, 12))

    (review,) = reviews([carried], Period.WEEK)

    assert review.first == dt.date(2026, 1, 12)


def test_an_open_trade_is_not_a_loss() -> None:
    """CS-624, CS-703; must-not-regress 37."""
    (review,) = reviews([a_trade(1, "125"), a_trade(2, None)], Period.WEEK)

    assert (review.figures.trades, review.figures.open, review.figures.losses) == (1, 1, 0)
    assert review.figures.win_rate == 1
    assert review.actual == 125


def test_a_trade_reported_on_two_days_counts_once_as_it_was_reported_last() -> None:
    (review,) = reviews([a_trade(1, None), a_trade(1, "-25")], Period.DAY)

    assert (review.figures.trades, review.figures.open) == (1, 0)


def test_figures_by_regime_of_vix_at_the_entry_and_by_strategy() -> None:
    """CS-624; bands of CS-021."""
    trades = [
        a_trade(1, "100", vix="14.99"),
        a_trade(2, "-40", vix="15"),
        a_trade(3, "60", vix="19.99", strategy=StrategyTag.OTM_SINGLE_SIDED),
        a_trade(4, "-10", vix="0"),
    ]

    (review,) = reviews(trades, Period.MONTH)

    assert {regime.name: figures.pnl for regime, figures in review.by_regime.items()} == {
        "CALM": 100, "USUAL": 20, "UNKNOWN": -10,
    }  # fmt: skip
    assert review.by_regime[VixRegime.USUAL].profit_factor == Fraction(3, 2)
    assert {tag: figures.trades for tag, figures in review.by_strategy.items()} == {
        "PUT_SPREAD": 3, "OTM_SINGLE_SIDED": 1,
    }  # fmt: skip


def test_sizing_is_held_against_one_contract_a_trade() -> None:
    trades = [a_trade(1, "100"), a_trade(2, "-90", contracts=3), a_trade(3, "150", contracts=3)]

    (review,) = reviews(trades, Period.WEEK)

    assert review.sizing.trades_by_contracts == {1: 1, 3: 2}
    assert review.sizing.average_contracts == Fraction(7, 3)
    assert (review.sizing.pnl, review.sizing.pnl_of_one_contract) == (Decimal(160), Decimal(120))
    assert review.sizing.gained_by_size == 40


def test_drawdown_is_from_the_running_peak_of_the_period() -> None:
    """CS-705; must-not-regress 34."""
    trades = [
        a_trade(1, "400", balance="20400"),
        a_trade(2, "-200", balance="20200"),
        a_trade(3, "-208", balance="19992"),
        a_trade(4, "900", balance="20892"),
    ]

    (review,) = reviews(trades, Period.DAY)

    assert review.drawdown.dollars == 408
    assert review.drawdown.part == Decimal("0.02")


def test_a_projection_comes_from_what_was_known_before_the_period() -> None:
    """Section 7.2: never from the trades it is held against."""
    first = [a_trade(1, "100"), a_trade(2, "-40")]
    second = [a_trade(3, "300", date=dt.date(2026, 1, 12), contracts=3)]

    before, after = reviews(first + second, Period.WEEK)

    assert before.projection is None
    assert after.projection is not None
    assert after.projection.mean == 90
    assert after.projection.deviation == pytest.approx(210)
    assert after.projection.surprise(after.actual) == pytest.approx(1)


def test_an_imported_record_projects_the_first_period() -> None:
    (review,) = reviews([a_trade(1, "125")], Period.WEEK, record=[Decimal(56), Decimal(56)])

    assert review.projection is not None
    assert review.projection.mean == 56
    assert review.projection.surprise(review.actual) is None


def test_the_closed_form_of_the_one_year_table(shared_data: Path) -> None:
    """Section 10: mean 20,000 + 1,291 × 37.323333 = 68,184.42; sd 3,239.2."""
    with (shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv").open() as table:
        record = [Decimal(row["pl_per_contract"]) for row in csv.DictReader(table)]

    projection = Projection.of(record, [1] * 10 + [3] * 427)

    assert projection is not None
    assert 20_000 + float(projection.mean) == pytest.approx(68_184.42, abs=0.005)
    assert projection.deviation == pytest.approx(3_239.2, abs=0.05)


@given(st.lists(st.sampled_from(["100", "-40", "0", None]), max_size=12), st.sampled_from(Period))
def test_every_trade_is_in_exactly_one_review(results: list[str | None], period: Period) -> None:
    trades = [
        a_trade(number, gross, date=MONDAY + dt.timedelta(days=3 * number)) for number, gross in enumerate(results)
    ]

    found = reviews(trades, period)

    assert sum(review.figures.trades + review.figures.open for review in found) == len(trades)
    assert sum(review.figures.losses for review in found) == sum(trade.result is TradeResult.LOSS for trade in trades)
