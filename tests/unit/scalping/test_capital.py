"""The capital each scalping strategy asks for: the table, and what the cap needs at a price. SC-606, SC-616."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.capital import ADVICE, advice_for, need_of
from gammacore.domain.scalping.st0cka import St0ckaRules

AT_590 = Decimal(590)
STANDARD = RiskLimits()


def needed(strategy: str, price: Decimal | None = AT_590, limits: RiskLimits = STANDARD) -> str:
    return need_of(strategy, price, St0ckaRules(), limits).words


@pytest.mark.parametrize(
    ("strategy", "description", "advised", "risk"),
    [
        ("st0cka", "simple SPY scalping", "low, $500", "low"),
        ("st0ckg", "options signal trading", "medium, $2,000", "medium"),
        ("gamma-scalping", "delta-neutral options", "high, $10,000", "medium"),
        ("hybrid", "adaptive switching", "medium, $5,000", "medium"),
    ],
)
def test_the_table_is_the_sources(strategy: str, description: str, advised: str, risk: str) -> None:
    row = advice_for(strategy)

    assert row is not None
    assert (row.description, row.advised, row.risk) == (description, advised, risk)
    assert row in ADVICE


def test_other_strategies_have_no_row() -> None:
    assert advice_for("credit-spread") is None


def test_what_the_cap_needs_at_590_is_the_figure_of_the_table() -> None:
    """SC-616: 2,360 / 4,720 / 7,080; 4 x premium x 100, 8.34 x, 200 x; 11,760 and 8,850."""
    assert needed("st0cka") == "$2,360 / $4,720 / $7,080 for 1 / 2 / 3 shares"
    assert needed("st0ckg") == "$400 for each $1 of premium (6% heat: $834; a second contract from $20,000)"
    assert needed("gamma-scalping") == (
        "4 x premium x 100, as $11,760 for 16.00 + 13.40; $8,850 of buying power for hedges besides"
    )
    assert needed("hybrid") == "the larger of st0cka and gamma-scalping"


def test_it_follows_the_price_the_sizes_and_the_limits() -> None:
    assert needed("st0cka", Decimal("590.01")).startswith("$2,361 / $4,721 / $7,081")
    assert needed("st0cka", AT_590, RiskLimits(position_share=Decimal("0.5"))).startswith("$1,180 / $2,360")
    one = need_of("st0cka", AT_590, St0ckaRules(position_size_max=1), RiskLimits())
    assert (one.words, one.least) == ("$2,360 for 1 share", Decimal(2360))
    assert "12% heat: $417" in needed("st0ckg", AT_590, RiskLimits(heat=Decimal("0.12")))


def test_without_a_price_no_figure_is_made_up() -> None:
    assert needed("st0cka", None) == "4 x price x shares"
    assert need_of("st0cka", None, St0ckaRules(), RiskLimits()).least is None
    assert "buying power" not in needed("gamma-scalping", None)
