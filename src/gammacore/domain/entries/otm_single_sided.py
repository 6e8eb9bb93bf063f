"""OTM single-sided spread: the fallback where the price is too far from the pin. Rules: CS-221..228."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.entries.setup import Refinement, require_vix, rounded_price
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.words import Confidence, Direction, Setup, StrategyTag
from gammacore.errors import InvalidInput

SESSIONS_A_YEAR = 252
HOURS_A_SESSION = 6.5


@frozen
class OtmRules:
    """When and how far out a single side is sold; points and credits are SPX's. Rules: CS-222..228."""

    from_open_minutes: float = parameter(30.0, "First minute after the open (inclusive).", at_least=0)
    until_open_minutes: float = parameter(270.0, "Last minute after the open (inclusive).", at_least=0)
    least_hours: float = parameter(2.0, "Least hours to the close (inclusive).", at_least=0)
    most_hours: float = parameter(6.0, "Most hours to the close (inclusive).", above=0)
    otm_sigma: float = parameter(1.0, "Short strike, in standard deviations to the close.", above=0)
    least_distance: Decimal = parameter(Decimal(50), "Short at least this far from the price, SPX points.", above=0)
    width: Decimal = parameter(Decimal(20), "Width of the side, SPX points.", above=0)
    credit: Decimal = parameter(Decimal("0.30"), "Least natural credit, $ per share of SPX (CS-226).", at_least=0)
    otm_per_day: int = parameter(1, "Entries a day and account (CS-227).", at_least=0)
    otm_alongside: bool = parameter(False, "Stays off: beside a GEX position it is an ordinary entry (CS-228).")

    def __attrs_post_init__(self) -> None:
        if self.otm_alongside:
            why = "an OTM position beside a GEX one passes every filter like any entry (CS-228)"
            raise InvalidInput("otm_alongside", True, f"leave it off: {why}")

    def minimum_credit(self, underlying: Underlying) -> Fraction:
        """Least natural credit (short bid - long ask), dollars per share: 0.30 × s. Rule: CS-226."""
        return underlying.dollars(self.credit)


DEFAULT_OTM_RULES = OtmRules()


def expected_move(price: Decimal, vix: Decimal, hours_to_close: float) -> float:
    """One standard deviation to the close, points, on a year of 252 sessions of 6.5 hours. Rule: CS-224.

    >>> round(expected_move(Decimal(6900), Decimal(15), 5.0), 1)
    57.2
    """
    return float(price) * float(vix) / 100 * math.sqrt(hours_to_close / (SESSIONS_A_YEAR * HOURS_A_SESSION))


def select_otm_single_sided(
    setup: Setup,
    underlying: Underlying,
    price: Decimal,
    vix: Decimal | None,
    *,
    minutes_since_open: float,
    hours_to_close: float,
    rules: OtmRules = DEFAULT_OTM_RULES,
) -> Refinement:
    """A far put spread below the pin, a far call spread above it, where the setup is `too_far`; else why not.

    The side follows the setup's distance, price - pin: below the pin bullish, else bearish. Rules: CS-221..225.
    """
    if setup.reason != "too_far":
        return Refinement(setup, "not_too_far")
    if vix is None:
        return Refinement(setup, "vix_missing")
    if not rules.from_open_minutes <= minutes_since_open <= rules.until_open_minutes:
        return Refinement(setup, "otm_window")
    if not rules.least_hours <= hours_to_close <= rules.most_hours:
        return Refinement(setup, "otm_hours_to_close")
    price = rounded_price("price", price, underlying)
    move = underlying.strike(Fraction(rules.otm_sigma * expected_move(price, require_vix(vix), hours_to_close)))
    away = max(underlying.points(rules.least_distance), Fraction(move))
    width = max(underlying.strike_increment, underlying.strike(underlying.points(rules.width)))
    return Refinement(_single_side(setup, underlying, price, away, width))


def _single_side(setup: Setup, underlying: Underlying, price: Decimal, away: Fraction, width: Decimal) -> Setup:
    tag, confidence, distance = StrategyTag.OTM_SINGLE_SIDED, Confidence.MEDIUM, setup.distance
    if distance < 0:
        short = underlying.strike(Fraction(price) - away)
        return Setup(tag, Direction.BULLISH, confidence, distance, width, put_short=short, put_long=short - width)
    short = underlying.strike(Fraction(price) + away)
    return Setup(tag, Direction.BEARISH, confidence, distance, width, call_short=short, call_long=short + width)
