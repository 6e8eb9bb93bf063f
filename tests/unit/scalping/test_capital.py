"""The capital each scalping strategy asks for: the table, and what the cap needs at a price. SC-606, SC-616."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders_gex import TODAY, Row, a_chain
from gammacore.domain.market import OptionChain
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.capital import ADVICE, Asked, advice_for, need_of, straddle_shown
from gammacore.domain.scalping.gamma import GammaRules
from gammacore.domain.scalping.st0cka import St0ckaRules

AT_590 = Decimal(590)
STANDARD = RiskLimits()


def needed(strategy: str, price: Decimal | None = AT_590, limits: RiskLimits = STANDARD) -> str:
    return need_of(strategy, Asked(limits=limits, price=price)).words


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
        "4 x premium x 100, as $11,760 for a straddle of 16.00 + 13.40; $8,850 of buying power for hedges besides"
    )
    assert needed("hybrid") == "the larger of st0cka and gamma-scalping"


def test_it_follows_the_price_the_sizes_and_the_limits() -> None:
    assert needed("st0cka", Decimal("590.01")).startswith("$2,361 / $4,721 / $7,081")
    assert needed("st0cka", AT_590, RiskLimits(position_share=Decimal("0.5"))).startswith("$1,180 / $2,360")
    one = need_of("st0cka", Asked(St0ckaRules(position_size_max=1), price=AT_590))
    assert (one.words, one.least) == ("$2,360 for 1 share", Decimal(2360))
    assert "12% heat: $417" in needed("st0ckg", AT_590, RiskLimits(heat=Decimal("0.12")))


def test_without_a_price_no_figure_is_made_up() -> None:
    assert needed("st0cka", None) == "4 x price x shares"
    assert need_of("st0cka", Asked()).least is None
    assert "buying power" not in needed("gamma-scalping", None)


def shown_of(*rows: tuple[int, bool, float, float]) -> OptionChain:
    """Contracts of (days to expiry, is a call, strike, ask)."""
    return a_chain(
        [
            Row(strike, is_call, bid=ask - 0.1, ask=ask, expiry=TODAY + dt.timedelta(days=days))
            for days, is_call, strike, ask in rows
        ]
    )


def test_a_straddle_that_is_shown_is_the_one_that_is_counted() -> None:
    """SC-616: 16.00 + 13.40 needs 11,760, as the table says; the first expiry from 30 days on, the nearest strike."""
    rows = [(29, 589.0, 9.0), (30, 580.0, 20.0), (30, 589.0, 16.0), (30, 600.0, 8.0), (60, 590.0, 30.0)]
    puts = {580.0: 9.0, 589.0: 13.4, 600.0: 20.0, 590.0: 28.0}
    calls = [(days, True, strike, ask) for days, strike, ask in rows]
    chain = shown_of(*calls, *((days, False, strike, puts[strike]) for days, strike, _ in rows))

    shown = straddle_shown(chain, AT_590, TODAY, GammaRules())

    assert shown == (Decimal("16.0"), Decimal("13.4"))
    need = need_of("gamma-scalping", Asked(price=AT_590, straddle=shown))
    assert need.least == Decimal(11_760)
    assert need.words == "$11,760 for a straddle of 16.0 + 13.4; $8,850 of buying power for hedges besides"
    both = need_of("hybrid", Asked(price=AT_590, straddle=shown))
    assert (both.words, both.least) == ("the larger of st0cka and gamma-scalping: $11,760", Decimal(2_360))


def test_without_both_legs_there_is_none() -> None:
    assert straddle_shown(shown_of((30, True, 590.0, 5.0)), AT_590, TODAY, GammaRules()) is None
    assert straddle_shown(None, AT_590, TODAY, GammaRules()) is None
