"""What an advisor is asked before an entry or an exit, and what it may answer. Rules: CS-335, CS-544, CS-545."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.domain.spreads import CreditSpread
from gammacore.domain.words import Setup
from gammacore.errors import InvalidInput


@frozen
class EntryProposal:
    """What an advisor is asked about: prices, pin and credit in points, VIX in VIX points."""

    at: dt.datetime
    underlying: str
    setup: Setup
    price: Decimal
    pin: Decimal
    vix: Decimal
    credit: Decimal


@frozen
class EntryOpinion:
    """An advisor's answer: whether it forbids, and why."""

    veto: bool
    why: str = ""


@frozen
class NoOpinion:
    """An advisor that was asked and did not answer: `detail` is its error."""

    detail: str


@frozen
class ExitQuestion:
    """One exit that is about to act, put to an advisor: the position, the rule and its numbers, the market, the odds.

    `credit`, `value` (the mark that triggered) and `price` in points; `odds` is the chance to end out of the money.
    """

    position: str
    spread: CreditSpread
    credit: Decimal
    reason: str
    detail: str
    value: Decimal | None
    now: dt.datetime
    price: Decimal
    vix: Decimal
    hours_to_close: float
    odds: float


@frozen
class AdvisorOpinion:
    """Hold the position or let the exit act, how sure in percent, and why."""

    hold: bool
    confidence: Decimal
    reason: str

    def __attrs_post_init__(self) -> None:
        if not (self.confidence.is_finite() and 0 <= self.confidence <= 100):
            raise InvalidInput("confidence", self.confidence, "give percent, 0 to 100")
