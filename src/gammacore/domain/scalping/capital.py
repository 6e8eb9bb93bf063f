"""What capital each scalping strategy asks for: the advice of its source, and what the limits need at a price. Pure.

The advice refuses nothing: the position cap does. Rules: SC-461, SC-606, SC-607, SC-616, SC-617.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_CEILING, Decimal

import numpy as np
from attrs import frozen

from gammacore.domain.dollars import dollars
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.market import OptionChain
from gammacore.domain.risk.entry_limits import HEAT, POSITION_SHARE
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import GammaRules
from gammacore.domain.scalping.option_size import PREMIUM_SHARE
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.straddles.choice import ChoiceRules
from gammacore.domain.straddles.straddle import hedge_reserve

HALF_THE_PREMIUM = Decimal("0.5")
"""What an option of ST0CKG has at risk, part of its premium. Rule: SC-605."""
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


@frozen
class Asked:
    """What a need is computed from: the rules, the limits, the underlying's price and a straddle's, points.

    `price` and `straddle` (the asks of call and put) are None where the market does not show them.
    """

    shares: St0ckaRules = St0ckaRules()
    gamma: GammaRules = GammaRules()
    limits: RiskLimits = RiskLimits()
    price: Decimal | None = None
    straddle: tuple[Decimal, Decimal] | None = None

    @property
    def share(self) -> Decimal:
        """The part of the equity that one position may be. Rule: SC-606."""
        return POSITION_SHARE if self.limits.position_share is None else self.limits.position_share


def need_of(strategy: str, asked: Asked) -> Need:
    """What a strategy needs.

    >>> need_of("st0cka", Asked(price=Decimal(590))).words
    '$2,360 / $4,720 / $7,080 for 1 / 2 / 3 shares'
    """
    match strategy:
        case "st0cka":
            return _of_shares(asked)
        case "st0ckg":
            return _of_an_option(asked)
        case "gamma-scalping":
            return _of_a_straddle(asked)
        case _:
            shares, straddle = _of_shares(asked).least, _of_a_straddle(asked).least
            larger = "" if shares is None or straddle is None else f": {dollars(max(shares, straddle))}"
            return Need(f"the larger of st0cka and gamma-scalping{larger}", shares)


def straddle_shown(
    chain: OptionChain | None, price: Decimal | None, today: dt.date, rules: ChoiceRules
) -> tuple[Decimal, Decimal] | None:
    """The asks, points, of call and put at the strike nearest to the price, of the first expiry the rules allow."""
    if chain is None or price is None:
        return None
    days = (chain.expiry - np.datetime64(today, "D")).astype(np.int64)
    usable = (days >= rules.min_dte) & (days <= rules.max_dte) & (chain.ask > 0)
    for expiry in np.unique(chain.expiry[usable]):
        rows = np.flatnonzero(usable & (chain.expiry == expiry))
        calls, puts = ({float(chain.strike[row]): row for row in rows if chain.is_call[row] == wanted}
                       for wanted in (True, False))  # fmt: skip
        if strikes := calls.keys() & puts.keys():
            nearest = min(strikes, key=lambda strike: (abs(strike - float(price)), strike))
            call, put = (Decimal(str(float(chain.ask[side[nearest]]))) for side in (calls, puts))
            return call, put
    return None


def _of_shares(asked: Asked) -> Need:
    rules, share = asked.shares, asked.share
    if asked.price is None:
        return Need(f"{1 / share:.4g} x price x shares")
    sizes = range(rules.position_size_min, rules.position_size_max + 1)
    needs = [_up(asked.price * size / share) for size in sizes]
    amounts, counts = " / ".join(map(dollars, needs)), " / ".join(map(str, sizes))
    return Need(f"{amounts} for {counts} share{'s' if counts != '1' else ''}", needs[0])


def _of_an_option(asked: Asked) -> Need:
    """For each dollar of premium: one contract under the cap, under the heat, and the second by the size rule."""
    heat = HEAT if asked.limits.heat is None else asked.limits.heat
    cap = _up(EQUITY_OPTION_MULTIPLIER / asked.share)
    under_heat = _up(HALF_THE_PREMIUM * EQUITY_OPTION_MULTIPLIER / heat)
    second = dollars(Decimal(2 * EQUITY_OPTION_MULTIPLIER * PREMIUM_SHARE.denominator) / PREMIUM_SHARE.numerator)
    return Need(
        f"{dollars(cap)} for each $1 of premium ({heat:.0%} heat: {dollars(under_heat)}; a second contract from "
        f"{second})"
    )


def _of_a_straddle(asked: Asked) -> Need:
    call, put = asked.straddle or EXAMPLE
    least = _up((call + put) * EQUITY_OPTION_MULTIPLIER / asked.share)
    words = f"{dollars(least)} for a straddle of {call} + {put}"
    if asked.straddle is None:
        words = f"{1 / asked.share:.4g} x premium x {EQUITY_OPTION_MULTIPLIER}, as {words}"
    if asked.price is not None:
        rules = asked.gamma
        reserve = hedge_reserve(asked.price, rules.straddles, rules.hedge_reserve, rules.reserve_delta)
        words = f"{words}; {dollars(_up(reserve))} of buying power for hedges besides"
    return Need(words, None if asked.straddle is None else least)


def _up(amount: Decimal) -> Decimal:
    return amount.to_integral_value(ROUND_CEILING)
