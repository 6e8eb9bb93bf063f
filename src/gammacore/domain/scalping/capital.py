"""What capital each scalping strategy asks for: the advice of its source, and what the limits need at a price. Pure.

The advice refuses nothing: the position cap does. Rules: SC-461, SC-606, SC-607, SC-616, SC-617.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from attrs import frozen

from gammacore.domain.dollars import dollars
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.risk.entry_limits import HEAT, POSITION_SHARE
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.option_size import PREMIUM_SHARE
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.straddles.straddle import hedge_reserve

HALF_THE_PREMIUM = Decimal("0.5")
"""What an option of ST0CKG has at risk, part of its premium. Rule: SC-605."""
HEDGE_MARGIN, HEDGE_DELTA = Decimal("0.30"), Decimal("0.5")
"""The reserve for the hedges of a straddle. Rule: SC-461."""
EXAMPLE = (Decimal("16.00"), Decimal("13.40"))
"""Call and put of the source's example at SPY 590, points."""


@frozen
class Advice:
    """A row of the source's table: what a strategy is, the capital it advises, dollars, and the risk it names."""

    strategy: str
    description: str
    level: str
    capital: Decimal
    risk: str
    remark: str = ""

    @property
    def advised(self) -> str:
        """
        >>> ADVICE[0].advised
        'low, $500'
        """
        return f"{self.level}, {dollars(self.capital)}"


WHERE_IT_IS_BEST = "best in volatile, range-bound markets, says its source: advice, not a rule"
ADVICE = (
    Advice("st0cka", "simple SPY scalping", "low", Decimal(500), "low"),
    Advice("st0ckg", "options signal trading", "medium", Decimal(2_000), "medium"),
    Advice("gamma-scalping", "delta-neutral options", "high", Decimal(10_000), "medium", WHERE_IT_IS_BEST),
    Advice("hybrid", "adaptive switching", "medium", Decimal(5_000), "medium"),
)
"""The source's table, by the names of the command line. Rule: SC-616."""


@frozen
class Need:
    """What the limits ask for at a price: in words, and the least equity with which anything is bought, dollars.

    `least` is None where it depends on a premium that is not known before the entry.
    """

    words: str
    least: Decimal | None = None


def advice_for(strategy: str) -> Advice | None:
    """The row of a strategy; None for one that is no scalping strategy."""
    return next((row for row in ADVICE if row.strategy == strategy), None)


def need_of(strategy: str, price: Decimal | None, rules: St0ckaRules, limits: RiskLimits) -> Need:
    """What a strategy needs with the underlying at `price`, dollars; None: not known yet.

    >>> need_of("st0cka", Decimal(590), St0ckaRules(), RiskLimits()).words
    '$2,360 / $4,720 / $7,080 for 1 / 2 / 3 shares'
    """
    share = POSITION_SHARE if limits.position_share is None else limits.position_share
    heat = HEAT if limits.heat is None else limits.heat
    match strategy:
        case "st0cka":
            return _of_shares(price, rules, share)
        case "st0ckg":
            return _of_an_option(share, heat)
        case "gamma-scalping":
            return _of_a_straddle(price, share)
        case _:
            shares = _of_shares(price, rules, share)
            return Need("the larger of st0cka and gamma-scalping", shares.least)


def _of_shares(price: Decimal | None, rules: St0ckaRules, share: Decimal) -> Need:
    sizes = range(rules.position_size_min, rules.position_size_max + 1)
    if price is None:
        return Need(f"{1 / share:.4g} x price x shares")
    needs = [_up(price * size / share) for size in sizes]
    amounts, counts = " / ".join(map(dollars, needs)), " / ".join(map(str, sizes))
    return Need(f"{amounts} for {counts} share{'s' if counts != '1' else ''}", needs[0])


def _of_an_option(share: Decimal, heat: Decimal) -> Need:
    """For each dollar of premium: one contract under the cap, under the heat, and the second by the size rule."""
    cap = _up(EQUITY_OPTION_MULTIPLIER / share)
    under_heat = _up(HALF_THE_PREMIUM * EQUITY_OPTION_MULTIPLIER / heat)
    second = dollars(Decimal(2 * EQUITY_OPTION_MULTIPLIER * PREMIUM_SHARE.denominator) / PREMIUM_SHARE.numerator)
    return Need(
        f"{dollars(cap)} for each $1 of premium ({heat:.0%} heat: {dollars(under_heat)}; a second contract from "
        f"{second})"
    )


def _of_a_straddle(price: Decimal | None, share: Decimal) -> Need:
    premium = sum(EXAMPLE, Decimal(0))
    example = f"{dollars(_up(premium * EQUITY_OPTION_MULTIPLIER / share))} for {EXAMPLE[0]} + {EXAMPLE[1]}"
    words = f"{1 / share:.4g} x premium x {EQUITY_OPTION_MULTIPLIER}, as {example}"
    if price is None:
        return Need(words)
    reserve = hedge_reserve(price, 1, HEDGE_MARGIN, HEDGE_DELTA)
    return Need(f"{words}; {dollars(_up(reserve))} of buying power for hedges besides")


def _up(amount: Decimal) -> Decimal:
    return amount.to_integral_value(ROUND_CEILING)
