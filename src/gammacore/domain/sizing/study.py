"""Version C of the sizing rule, kept for study: nothing that trades uses it. Rule: CS-608."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sizing.kelly import exact
from gammacore.domain.sizing.statistics import TradeStatistics
from gammacore.errors import InvalidInput


@frozen
class StudySizing:
    """Half of (p R - q)/R with R = W/L, held in 1..25 % of the balance, over 300 dollars a contract. Rule: CS-608.

    >>> StudySizing().contracts(Decimal(9_000), [Decimal(100), Decimal(-100), Decimal(100)])
    3
    """

    fraction: Decimal = parameter(Decimal("0.5"), "Part of the Kelly fraction.", above=0, at_most=1)
    least_share: Decimal = parameter(Decimal("0.01"), "Least part of the balance.", at_least=0, at_most=1)
    most_share: Decimal = parameter(Decimal("0.25"), "Most part of the balance.", above=0, at_most=1)
    risk: Decimal = parameter(Decimal(300), "Dollars a contract.", above=0)
    max_contracts: int = parameter(3, "Contracts at most.", at_least=1)

    def share(self, record: TradeStatistics) -> Fraction:
        """The part of the balance to risk. (p R - q)/R is p - q L/W: the Kelly fraction of CS-602."""
        half = record.kelly * exact("fraction", self.fraction)
        return min(max(half, exact("least_share", self.least_share)), exact("most_share", self.most_share))

    def contracts(self, balance: Decimal, history: Sequence[Decimal]) -> int:
        if (funds := exact("balance", balance)) < 0:
            raise InvalidInput("balance", balance, "give dollars, 0 or above")
        raw = funds * self.share(TradeStatistics.of(history)) / exact("risk", self.risk)
        return min(max(math.floor(raw), 1), self.max_contracts)
