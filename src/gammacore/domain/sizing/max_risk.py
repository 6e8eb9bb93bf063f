"""What one contract can lose, in dollars: the amount a size is divided by. Rules: CS-006, CS-606."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from gammacore.domain.legs import maximum_loss
from gammacore.domain.words import StrategyTag

UNKNOWN_RISK = Decimal(800)
"""Dollars per contract where nothing is known of the trade."""

FIVE_WIDE_RISK = Decimal(250)
"""Dollars per contract of a 5-wide call, put or condor sold for about half its width."""

OTM_RISK_LIMIT = Decimal(900)
"""Dollars per contract at most of a single-sided spread in the table."""

OTM_TABLE_WIDTH = Decimal(10)
"""Width in points the table assumes of a single-sided spread."""


class RiskBasis(StrEnum):
    """Where the maximum risk comes from: the trade's own width and credit, or the sizing guide's table."""

    ACTUAL = "actual"
    TABLE = "table"


def table_max_risk(tag: StrategyTag, credit: Decimal | None = None) -> Decimal:
    """Dollars one contract can lose by the sizing guide: 250 for a side or condor, OTM min((10 - C) × 100, 900).

    A strategy the guide does not name is 800. A credit no 10-wide spread can bring (NDX) is taken at the limit.
    Rule: CS-606.

    >>> print(table_max_risk(StrategyTag.OTM_SINGLE_SIDED, Decimal("1.50")))
    850.00
    """
    if tag in (StrategyTag.CALL_SPREAD, StrategyTag.PUT_SPREAD, StrategyTag.IRON_CONDOR):
        return FIVE_WIDE_RISK
    if tag is not StrategyTag.OTM_SINGLE_SIDED:
        return UNKNOWN_RISK
    if credit is None or credit >= OTM_TABLE_WIDTH:
        return OTM_RISK_LIMIT
    return min(maximum_loss(OTM_TABLE_WIDTH, credit), OTM_RISK_LIMIT)


def max_risk(basis: RiskBasis, tag: StrategyTag, width: Decimal, credit: Decimal) -> Decimal:
    """Dollars one contract can lose, on the chosen basis. Rule: CS-606."""
    return maximum_loss(width, credit) if basis is RiskBasis.ACTUAL else table_max_risk(tag, credit)


def max_risk_by_strategy() -> dict[str, Decimal]:
    """The table, dollars per contract for each strategy that can be sold, and for an unknown one. Rule: CS-610."""
    table = {tag.value: table_max_risk(tag) for tag in StrategyTag if tag is not StrategyTag.SKIP}
    return {**table, "unknown": UNKNOWN_RISK}
