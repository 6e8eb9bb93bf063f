"""The Kelly fraction and the record it is taken from, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.sizing.kelly import StudySizing, TradeStatistics, exact, kelly_fraction
from gammacore.errors import InvalidInput

PROFITS = st.lists(st.decimals(-1000, 1000, places=2), max_size=60)


def test_the_live_record_of_45_trades_has_no_edge() -> None:
    """CS-602: 11 × +56.00, 34 × −34.62; published as −22.26 %, exactly −22.265...%."""
    record = TradeStatistics.of([Decimal("56.00")] * 11 + [Decimal("-34.62")] * 34)

    assert record.kelly == Fraction(11, 45) - Fraction(34, 45) * Fraction("34.62") / 56
    assert float(record.kelly) * 100 == pytest.approx(-22.26, abs=0.006)


def test_a_win_is_above_zero_and_a_break_even_a_loss() -> None:
    """CS-602."""
    record = TradeStatistics.of([Decimal("0.01"), Decimal(0), Decimal("-0.01")])

    assert (record.trades, record.wins, record.losses) == (3, 1, 2)
    assert record.average_win == Fraction(1, 100)
    assert record.average_loss == Fraction(1, 200)


def test_without_wins_there_is_nothing_to_divide_by() -> None:
    """CS-602, must-not-regress 27: W = 0 is Kelly 0, not a fault."""
    assert TradeStatistics.of([Decimal(-50)] * 12).kelly == 0
    assert TradeStatistics.of([]).kelly == 0


def test_only_the_last_trades_of_the_window_count() -> None:
    """CS-603."""
    history = [Decimal(-100)] * 30 + [Decimal(100)] * 50

    assert TradeStatistics.of(history, 50) == TradeStatistics.of(history[30:])
    assert TradeStatistics.of(history, 51).losses == 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e13", "1e-31", "1e999999999", "1e-999999999"])
def test_a_figure_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="balance"):
        exact("balance", Decimal(text))
    with pytest.raises(InvalidInput, match="history"):
        TradeStatistics.of([Decimal(text)])


@pytest.mark.parametrize(
    ("field", "figures"),
    [("win_rate", ("1.01", "1", "1")), ("average_win", ("0.5", "-1", "1")), ("average_loss", ("0.5", "1", "-1"))],
)
def test_an_impossible_record_is_refused_by_name(field: str, figures: tuple[str, str, str]) -> None:
    rate, win, loss = (Fraction(figure) for figure in figures)
    with pytest.raises(InvalidInput, match=field):
        kelly_fraction(rate, win, loss)


def test_a_window_holds_a_trade_at_least() -> None:
    with pytest.raises(InvalidInput, match="window"):
        TradeStatistics.of([], 0)


@given(PROFITS)
def test_kelly_never_exceeds_the_win_rate(history: list[Decimal]) -> None:
    """CS-602: nothing is ever staked beyond the chance of winning; the record adds up."""
    record = TradeStatistics.of(history)

    assert record.kelly <= record.win_rate <= 1
    assert record.wins + record.losses == record.trades == len(history)
    total = record.wins * record.average_win - record.losses * record.average_loss
    assert total == sum((Fraction(profit) for profit in history), Fraction(0))


@given(PROFITS, st.decimals(0, 1_000_000, places=2))
def test_version_c_is_held_between_a_hundredth_and_a_quarter(history: list[Decimal], balance: Decimal) -> None:
    """CS-608."""
    study = StudySizing()

    assert Fraction(1, 100) <= study.share(TradeStatistics.of(history)) <= Fraction(1, 4)
    assert 1 <= study.contracts(balance, history) <= 3


def test_version_c_by_hand() -> None:
    """CS-608: p 2/3, R 1: f = 1/3, half 1/6; 6,000 / 6 / 300 = 3.3."""
    history = [Decimal(100), Decimal(-100), Decimal(100)]

    assert StudySizing().share(TradeStatistics.of(history)) == Fraction(1, 6)
    assert StudySizing().contracts(Decimal(3_600), history) == 2
    with pytest.raises(InvalidInput, match="balance"):
        StudySizing().contracts(Decimal(-1), history)
