"""What a list of trades amounts to: wins, losses, what is neither, and the fall from the peak."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_day
from builders import a_plan
from gammacore.domain.reports.trade_figures import TradeFigures, by_strategy, drawdown
from gammacore.domain.reports.trades import Trade, TradeResult


def a_trade(gross: str | None, position: str = "p1", credit: str = "2.50") -> Trade:
    """One contract; gross None is still open."""
    return builders_day.a_trade(a_plan(position=position), gross, credit=credit, fees="2.60")


@pytest.mark.parametrize(
    ("gross", "result"),
    [("0.01", TradeResult.WIN), ("0", TradeResult.BREAK_EVEN), ("-0.01", TradeResult.LOSS), (None, TradeResult.OPEN)],
)
def test_break_even_and_open_are_neither_won_nor_lost(gross: str | None, result: TradeResult) -> None:
    """CS-623, CS-703."""
    assert a_trade(gross).result is result


def test_the_win_rate_leaves_break_even_out() -> None:
    """CS-623: W/(W + L)."""
    figures = TradeFigures.of([a_trade("100"), a_trade("0"), a_trade("-50"), a_trade("-50"), a_trade(None)])

    assert (figures.trades, figures.open, figures.break_even) == (4, 1, 1)
    assert figures.win_rate == Fraction(1, 3)
    assert (figures.average_win, figures.average_loss) == (Decimal(100), Decimal(50))
    assert figures.profit_factor == 1


def test_without_a_decided_trade_there_is_no_rate_and_no_factor() -> None:
    figures = TradeFigures.of([a_trade("0"), a_trade(None)])

    assert (figures.win_rate, figures.profit_factor, figures.average_win, figures.average_loss) == (None,) * 4


@pytest.mark.parametrize(
    ("gross", "credit", "is_left_out"),
    [("10000", "2.50", False), ("10000.01", "2.50", True), ("5", "100", False), ("5", "100.01", True)],
)
def test_figures_no_trade_has_are_left_out_and_named(gross: str, credit: str, is_left_out: bool) -> None:
    """CS-623: a credit outside 0..100 or a P/L beyond 10,000."""
    figures = TradeFigures.of([a_trade(gross, credit=credit)])

    assert figures.left_out == (("p1",) if is_left_out else ())
    assert figures.trades == (0 if is_left_out else 1)


def test_strategies_are_distinguished() -> None:
    assert {tag: figures.wins for tag, figures in by_strategy([a_trade("5"), a_trade("6")]).items()} == {
        "PUT_SPREAD": 2
    }


@given(st.lists(st.integers(1, 100_000).map(Decimal), min_size=1))
def test_drawdown_is_the_worst_fall_from_any_earlier_balance(equity: list[Decimal]) -> None:
    """CS-705."""
    falls = [before - after for i, before in enumerate(equity) for after in equity[i:]]

    assert drawdown(equity).dollars == max(falls)
