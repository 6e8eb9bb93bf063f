"""The par curve between its nodes, and the dividend yield of the last year."""

import datetime as dt
from decimal import Decimal

import pytest

from gammacore.domain.pricing.rates import NODES, CashDividend, MarketRates, RateCurve, dividend_yield, newest_curve
from gammacore.errors import InvalidInput

TODAY = dt.date(2026, 6, 1)
ROW = {"1m": Decimal("4.31"), "1.5m": None, "2m": Decimal("4.33"), "3m": Decimal("4.40"), "30y": Decimal("4.90")}


@pytest.mark.parametrize(
    ("days", "rate"),
    [(1, 0.0431), (30, 0.0431), (45, 0.0432), (60, 0.0433), (75, 0.0436), (90, 0.044), (20_000, 0.049)],
)
def test_the_rate_is_linear_between_nodes_and_flat_outside(days: float, rate: float) -> None:
    """SC-424: an empty node is skipped, so 45 days lie between one month and two; four places."""
    assert newest_curve({TODAY: ROW}, 0.05).rate(days) == pytest.approx(rate, abs=1e-12)


def test_the_newest_date_rules() -> None:
    """SC-424."""
    older = {"1m": Decimal(1), "2m": Decimal(1)}
    curve = newest_curve({dt.date(2026, 5, 29): older, TODAY: ROW}, 0.05)

    assert (curve.date, curve.assumed) == (TODAY, False)


@pytest.mark.parametrize("rows", [{}, {TODAY: {}}, {TODAY: {"1m": Decimal("4.31"), "2m": None, "1w": Decimal(1)}}])
def test_fewer_than_two_nodes_are_the_fallback_marked_assumed(rows: dict[dt.date, dict[str, Decimal | None]]) -> None:
    """SC-424."""
    curve = newest_curve(rows, 0.05)

    assert (curve.rate(45).item(), curve.assumed, curve.date) == (0.05, True, None)


def test_every_maturity_of_the_rule_has_its_days() -> None:
    """SC-424."""
    assert list(NODES.values()) == [30, 45, 60, 90, 120, 180, 365, 730, 1095, 1825, 2555, 3650, 7300, 10950]


def test_a_curve_without_a_node_is_none() -> None:
    with pytest.raises(InvalidInput):
        RateCurve({}, TODAY)


@pytest.mark.parametrize(("days_ago", "counts"), [(0, True), (364, True), (365, False), (-1, False)])
def test_the_dividends_of_365_days_count(days_ago: int, counts: bool) -> None:
    """SC-425: what goes ex tomorrow was not paid yet."""
    paid = [CashDividend(TODAY - dt.timedelta(days=days_ago), Decimal("5.90"))]
    found = dividend_yield(paid, TODAY, Decimal(590))

    assert (found.value, found.assumed) == ((0.01, False) if counts else (0.0, True))


@pytest.mark.parametrize("paid", [None, []])
def test_no_answer_is_no_dividend_marked_assumed(paid: list[CashDividend] | None) -> None:
    """SC-425."""
    assert dividend_yield(paid, TODAY, Decimal(590)).assumed


def test_each_expiry_has_the_rate_of_its_days_and_one_dividend_yield() -> None:
    """SC-406."""
    rates = MarketRates(newest_curve({TODAY: ROW}, 0.05))
    carry = rates.carry([30, 45, 90])

    assert carry.rate.tolist() == pytest.approx([0.0431, 0.0432, 0.044])
    assert carry.dividend.item() == 0.0
    assert rates.assumed == ("dividend",)
