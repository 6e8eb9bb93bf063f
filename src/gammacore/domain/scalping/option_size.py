"""How many options a signal buys: a hundredth of equity in premium, less where the feed or the day says so.

Rules: SC-331, SC-332, SC-605.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.option_choice import StockFeed
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.volatility import VolatilityRegime

PREMIUM_SHARE = Fraction(1, 100)
MOST_CONTRACTS = 10
FREE_FEED, FREE_FEED_VOLUME = Fraction(9, 10), Fraction(7, 10)
VOLUME_SIGNALS = frozenset({SignalName.LIQUIDITY_VACUUM, SignalName.DARK_POOL_FLOW})
"""Signals made of volume, of which the free feed shows one exchange's. Rule: SC-331."""
WILD, LATE, LEAST_AFTER_LOSSES, A_LOSS = Fraction(1, 2), Fraction(3, 4), Fraction(1, 2), Fraction(1, 4)
STOP_SHARE = Decimal("0.5")
"""Part of the premium that is lost at the option's stop. Rules: SC-335, SC-605."""


@frozen
class SizeOccasion:
    """What a size depends on besides money: the signal, the regime, losses in a row, whether it is after 10:30."""

    signal: SignalName
    regime: VolatilityRegime = VolatilityRegime.NORMAL
    losses_in_a_row: int = 0
    is_late: bool = False


@frozen
class OptionSize:
    """Contracts bought. Rules: SC-330..332."""

    feed: StockFeed = parameter(StockFeed.SIP, "Feed of share quotes: sip, or iex, the free one.")
    allow_min_one: bool = parameter(True, "One contract where the size would be none.")
    size_regime: bool = parameter(False, "Fewer contracts in a wild market, after losses and after 10:30.")
    capital: Decimal | None = parameter(
        None, "Equity used for sizing, at most the real one, dollars; none: all.", above=0
    )

    def contracts(self, equity: Decimal, limit: Decimal, occasion: SizeOccasion) -> int:
        """Contracts for this equity, dollars, at a limit, points; 0 is `size_zero`.

        >>> OptionSize().contracts(Decimal(25_000), Decimal("0.82"), SizeOccasion(SignalName.OPTIONS_PIN))
        3
        """
        used = equity if self.capital is None else min(equity, self.capital)
        affordable = PREMIUM_SHARE * Fraction(used) / Fraction(limit * EQUITY_OPTION_MULTIPLIER)
        if self.size_regime:
            affordable *= _day_factor(occasion)
        count = math.floor(min(MOST_CONTRACTS, math.floor(affordable)) * self._feed_factor(occasion.signal))
        return max(count, int(self.allow_min_one))

    def _feed_factor(self, signal: SignalName) -> Fraction:
        if self.feed is StockFeed.SIP:
            return Fraction(1)
        return FREE_FEED_VOLUME if signal in VOLUME_SIGNALS else FREE_FEED


def _day_factor(occasion: SizeOccasion) -> Fraction:
    """Rule: SC-332."""
    factor = max(LEAST_AFTER_LOSSES, 1 - A_LOSS * occasion.losses_in_a_row)
    if occasion.regime is VolatilityRegime.HIGH:
        factor *= WILD
    return factor * LATE if occasion.is_late else factor


def premium_at_risk(limit: Decimal, contracts: int) -> Decimal:
    """Dollars lost at the option's stop, half of the premium. Rule: SC-605.

    >>> premium_at_risk(Decimal("0.81"), 1)
    Decimal('40.500')
    """
    return STOP_SHARE * limit * EQUITY_OPTION_MULTIPLIER * contracts
