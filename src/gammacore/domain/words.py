"""Words of a trade: what is sold, which way it leans, how sure the desk is, and the setup made of them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from attrs import frozen

from gammacore.domain.instruments import Right, Side
from gammacore.domain.verdicts import Verdict


class StrategyTag(StrEnum):
    """What is sold; the tag stays with the trade from setup to journal. Rules: CS-202, CS-221."""

    IRON_CONDOR = "IRON_CONDOR"
    CALL_SPREAD = "CALL_SPREAD"
    PUT_SPREAD = "PUT_SPREAD"
    BROKEN_WING_CONDOR = "BROKEN_WING_CONDOR"
    OTM_SINGLE_SIDED = "OTM_SINGLE_SIDED"
    SKIP = "SKIP"


class Direction(StrEnum):
    """Which way the position leans: above the pin we sell calls (bearish), below it puts (bullish). Rule: CS-203."""

    NEUTRAL = "NEUTRAL"
    BULLISH = "BULLISH"
    BEARISH = "BEARISH"


class Confidence(StrEnum):
    """A label of the distance to the pin, not a probability; LOW is never traded. Rule: CS-205."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class DeskState(StrEnum):
    """Which desk of the hybrid trades, or from which to which it is on the way. Rule: SC-504."""

    ST0CKA = "st0cka"
    TO_GAMMA = "st0cka_to_gamma"
    GAMMA = "gamma"
    TO_ST0CKA = "gamma_to_st0cka"


class SwitchStep(StrEnum):
    """How the state changed: by the first reading of a day, or a transition begun, done, refused. SC-503..506."""

    FIRST_READING = "first_reading"
    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"


class SetupLeg(NamedTuple):
    """One leg of a setup; the strike in points."""

    side: Side
    right: Right
    strike: Decimal


@frozen
class Setup:
    """What the desk would sell at one instant; strikes and distances in points.

    `distance` is price - pin after rounding to the underlying's unit; `width` is that of the wider wing (None only
    while VIX is unknown). Legs are named by role, never by position (CS-204). `reason` is the code of a SKIP and
    `detail` its numbers.
    """

    tag: StrategyTag
    direction: Direction
    confidence: Confidence
    distance: Decimal
    width: Decimal | None
    call_short: Decimal | None = None
    call_long: Decimal | None = None
    put_short: Decimal | None = None
    put_long: Decimal | None = None
    reason: str | None = None
    detail: str = ""
    competing: bool = False

    @property
    def is_skip(self) -> bool:
        return self.tag is StrategyTag.SKIP

    def refused(self, verdict: Verdict) -> Setup:
        """What is left of it after a rule refused it: a SKIP with the rule's reason, at the same distance."""
        detail = f"{verdict.value} {verdict.limit}"
        return skip_setup(verdict.reason or "setup", detail, self.distance, self.width, self.competing)

    @property
    def is_condor(self) -> bool:
        return self.tag in (StrategyTag.IRON_CONDOR, StrategyTag.BROKEN_WING_CONDOR)

    @property
    def legs(self) -> tuple[SetupLeg, ...]:
        """Condor: call short, call long, put short, put long; vertical: short, long. Rules: CS-204, CS-402."""
        roles = (
            (Side.SELL, Right.CALL, self.call_short),
            (Side.BUY, Right.CALL, self.call_long),
            (Side.SELL, Right.PUT, self.put_short),
            (Side.BUY, Right.PUT, self.put_long),
        )
        return tuple(SetupLeg(side, right, strike) for side, right, strike in roles if strike is not None)


def skip_setup(reason: str, detail: str, distance: Decimal, width: Decimal | None, competing: bool = False) -> Setup:
    """Nothing to sell: the code of the rule that says so, and its numbers."""
    return Setup(
        StrategyTag.SKIP, Direction.NEUTRAL, Confidence.LOW, distance, width,
        reason=reason, detail=detail, competing=competing,
    )  # fmt: skip
