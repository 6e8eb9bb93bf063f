"""Broken-wing condor: one wing narrower, the other wider, leaning with the gamma polarity.

There is no evidence of an edge; it is a variant for those who ask for it. Rules: CS-211..215.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.entries.setup import Refinement, require_vix, rounded_price
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import from_float
from gammacore.domain.parameters import parameter
from gammacore.domain.words import Setup, StrategyTag
from gammacore.errors import InvalidInput


@frozen
class BrokenWingRules:
    """When and how far the wings of a condor differ; distances in SPX points. Rules: CS-211..213."""

    least_polarity: Decimal = parameter(Decimal("0.20"), "Least |GPI| (inclusive).", at_least=0, at_most=1)
    least_magnitude: float = parameter(5e9, "Least magnitude, $ per 100 % move a strike.", at_least=0)
    vix_limit: Decimal = parameter(Decimal(25), "Highest VIX (inclusive).", above=0)
    centre_limit: Decimal = parameter(Decimal(10), "Furthest from the pin (inclusive), SPX points.", at_least=0)
    lean: Decimal = parameter(Decimal("0.5"), "Share of the width moved between wings at |GPI| = 1.", above=0, below=1)
    least_offset: Decimal = parameter(Decimal(1), "Least move of a wing, SPX points.", at_least=0)
    least_wing: Decimal = parameter(Decimal(2), "Narrowest wing before rounding, SPX points.", above=0)
    most_ratio: int = parameter(2, "Wider over narrower wing at most.", at_least=1)


DEFAULT_BROKEN_WING_RULES = BrokenWingRules()


@frozen
class Wings:
    """Widths of the narrow and the wide wing, points."""

    narrow: Decimal
    wide: Decimal


def break_wings(
    setup: Setup,
    underlying: Underlying,
    price: Decimal,
    vix: Decimal,
    *,
    gpi: float,
    magnitude: float,
    rules: BrokenWingRules = DEFAULT_BROKEN_WING_RULES,
) -> Refinement:
    """The condor with unequal wings, or the symmetric one and why it stayed so. Rules: CS-211, CS-214, CS-215.

    `gpi` is the polarity in -1..+1, `magnitude` the exposure a strike in $ per 100 % move (CS-109). Shorts never move;
    the cap of CS-213 already keeps the ratio of the wings that CS-215 asks for.
    """
    if setup.tag is not StrategyTag.IRON_CONDOR or setup.width is None:
        return Refinement(setup, "no_condor")
    defect = _exposure_defect(gpi, magnitude, rules) or _market_defect(setup, underlying, vix, rules)
    if defect is not None:
        return Refinement(setup, defect)
    wings = broken_wings(setup.width, gpi, underlying, rules)
    if wings.narrow == wings.wide:
        return Refinement(setup, "wings_equal")
    return _with_wings(setup, wings, rounded_price("price", price, underlying), gpi)


def broken_wings(
    width: Decimal, gpi: float, underlying: Underlying, rules: BrokenWingRules = DEFAULT_BROKEN_WING_RULES
) -> Wings:
    """The two wing widths on strikes, points, the wide one capped by the narrow. Rules: CS-212, CS-213.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> broken_wings(Decimal(60), 0.45, REGISTRY["NDX"])
    Wings(narrow=Decimal('50'), wide=Decimal('70'))
    """
    narrow, wide = unrounded_wings(width, gpi, underlying, rules)
    increment = underlying.strike_increment
    narrow_strike = max(increment, underlying.strike(narrow))
    wide_strike = max(increment, underlying.strike(wide))
    return Wings(narrow_strike, min(wide_strike, rules.most_ratio * narrow_strike))


def unrounded_wings(
    width: Decimal, gpi: float, underlying: Underlying, rules: BrokenWingRules = DEFAULT_BROKEN_WING_RULES
) -> tuple[Fraction, Fraction]:
    """Narrow and wide wing before strikes and cap are applied, points. Rule: CS-212.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> [int(wing) for wing in unrounded_wings(Decimal(10), -0.7, REGISTRY["SPX"])]
    [7, 13]
    """
    unit = Fraction(underlying.unit)
    leaning = Fraction(width) * Fraction(rules.lean) * Fraction(_polarity(gpi))
    offset = max(underlying.points(rules.least_offset), leaning // unit * unit)
    return max(underlying.points(rules.least_wing), Fraction(width) - offset), Fraction(width) + offset


def _polarity(gpi: float) -> Decimal:
    if not -1 <= gpi <= 1:
        raise InvalidInput("gpi", gpi, "give the gamma polarity in -1..+1")
    return from_float(abs(gpi))


def _exposure_defect(gpi: float, magnitude: float, rules: BrokenWingRules) -> str | None:
    if not math.isfinite(magnitude):
        raise InvalidInput("magnitude", magnitude, "give $ per 100 % move")
    if _polarity(gpi) < rules.least_polarity:
        return "polarity_weak"
    if magnitude < rules.least_magnitude:
        return "magnitude_weak"
    return None


def _market_defect(setup: Setup, underlying: Underlying, vix: Decimal, rules: BrokenWingRules) -> str | None:
    if setup.competing:
        return "competing"
    if require_vix(vix) > rules.vix_limit:
        return "vix_high"
    if abs(setup.distance) > underlying.points(rules.centre_limit):
        return "off_centre"
    return None


def _with_wings(setup: Setup, wings: Wings, price: Decimal, gpi: float) -> Refinement:
    call_short, put_short = setup.call_short, setup.put_short
    if call_short is None or put_short is None or not put_short < price < call_short:
        return Refinement(setup, "short_in_the_money")
    call_wing, put_wing = (wings.narrow, wings.wide) if gpi > 0 else (wings.wide, wings.narrow)
    return Refinement(
        evolve(
            setup,
            tag=StrategyTag.BROKEN_WING_CONDOR,
            width=wings.wide,
            call_long=call_short + call_wing,
            put_long=put_short - put_wing,
        )
    )
