"""What the desk would sell around the GEX pin, and what it would not: tag, direction, strikes, confidence.

The broken-wing condor is a variant for those who ask for it: there is no evidence of an edge. Rules: CS-211..215.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.dollars import exact_decimal
from gammacore.domain.instruments import Right, Underlying, tick_ceiling
from gammacore.domain.market import from_float
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Confidence, Direction, Setup, StrategyTag, skip_setup
from gammacore.errors import InvalidInput


@frozen
class SetupRules:
    """Bands, offsets and widths of setup selection, in SPX points (scaled by k). Rules: CS-021, CS-201..207."""

    vix_ceiling: Decimal = parameter(Decimal("20.0"), "No premium is sold from this VIX on (CS-201).", above=0)
    condor_limit: Decimal = parameter(Decimal(6), "Up to this far from the pin: iron condor, SPX points.", at_least=0)
    near_limit: Decimal = parameter(Decimal(15), "Up to this far: vertical, HIGH confidence, SPX points.", at_least=0)
    far_limit: Decimal = parameter(Decimal(50), "Up to this far: vertical, MEDIUM confidence, SPX points.", at_least=0)
    condor_offset: Decimal = parameter(Decimal(20), "Condor shorts from the pin, SPX points.", above=0)
    near_pin_offset: Decimal = parameter(Decimal(15), "HIGH vertical's short from the pin, SPX points.", at_least=0)
    near_price_offset: Decimal = parameter(Decimal(8), "HIGH vertical's short from the price, SPX points.", at_least=0)
    far_pin_offset: Decimal = parameter(Decimal(25), "MEDIUM vertical's short from the pin, SPX points.", at_least=0)
    far_price_offset: Decimal = parameter(Decimal(12), "MEDIUM vertical's short from price, SPX points.", at_least=0)
    short_clearance: int = parameter(1, "Each short is this many strikes out of the money (CS-326).", at_least=1)
    calm_vix: Decimal = parameter(Decimal(15), "Below this VIX the calm width applies (CS-021).", above=0)
    usual_vix: Decimal = parameter(Decimal(20), "Below this VIX the usual width applies.", above=0)
    tense_vix: Decimal = parameter(Decimal(25), "Below this VIX the tense width applies, then the wild.", above=0)
    calm_width: Decimal = parameter(Decimal(1), "Width in calm markets, in base widths.", above=0)
    usual_width: Decimal = parameter(Decimal(2), "Width in usual markets, in base widths.", above=0)
    tense_width: Decimal = parameter(Decimal(3), "Width in tense markets, in base widths.", above=0)
    wild_width: Decimal = parameter(Decimal(4), "Width in wild markets, in base widths.", above=0)

    def __attrs_post_init__(self) -> None:
        if not self.condor_limit <= self.near_limit <= self.far_limit:
            raise InvalidInput("near_limit", self.near_limit, "give condor_limit <= near_limit <= far_limit")
        if not self.calm_vix <= self.usual_vix <= self.tense_vix:
            raise InvalidInput("usual_vix", self.usual_vix, "give calm_vix <= usual_vix <= tense_vix")


DEFAULT_RULES = SetupRules()


@frozen
class VerticalBand:
    """How far out a vertical is sold in one band of distance, SPX points, and its label. Rule: CS-202."""

    from_pin: Decimal
    from_price: Decimal
    confidence: Confidence


@frozen
class Refinement:
    """A setup after another form of it was tried; `kept_because` says why it stayed as it was, None when it changed."""

    setup: Setup
    kept_because: str | None = None


def width_for(vix: Decimal, underlying: Underlying, rules: SetupRules = DEFAULT_RULES) -> Decimal:
    """The width of a vertical side at this VIX, points: more base widths in wilder markets. Rule: CS-021.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> [int(width_for(Decimal(vix), REGISTRY["NDX"])) for vix in ("14.99", "15", "20", "25")]
    [30, 60, 90, 120]
    """
    if vix < rules.calm_vix:
        return underlying.base_width * rules.calm_width
    if vix < rules.usual_vix:
        return underlying.base_width * rules.usual_width
    if vix < rules.tense_vix:
        return underlying.base_width * rules.tense_width
    return underlying.base_width * rules.wild_width


def is_valid_width(width: Decimal, underlying: Underlying) -> bool:
    """Whether a width is a positive multiple of the strike increment; another one is `bad_width`. Rule: CS-022."""
    return width > 0 and width % underlying.strike_increment == 0


def rounded_price(field: str, price: Decimal | int, underlying: Underlying) -> Decimal:
    """A price or pin checked and rounded to the underlying's unit, points. Rule: CS-010."""
    price = exact_decimal(field, price)
    if not (price.is_finite() and underlying.unit <= price < 100_000):
        raise InvalidInput(field, price, f"give a price from {underlying.unit} to below 100000 points")
    return underlying.round_price(price)


def require_vix(vix: Decimal | int) -> Decimal:
    """Refuse what no VIX can be: not finite, 0 or less, 1000 or more."""
    vix = exact_decimal("vix", vix)
    if not (vix.is_finite() and 0 < vix < 1000):
        raise InvalidInput("vix", vix, "give VIX points above 0 and below 1000")
    return vix


def shorts_out_of_the_money(setup: Setup, price: Decimal, underlying: Underlying) -> dict[Right, Decimal]:
    """How far each short strike is out of the money, points; negative in the money. Rule: CS-326.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> spx = REGISTRY["SPX"]
    >>> setup = select_setup(spx, Decimal(6050), Decimal(6056), Decimal(16), DEFAULT_RULES)
    >>> [int(gap) for gap in shorts_out_of_the_money(setup, Decimal("6056"), spx).values()]
    [14, 26]
    """
    price = rounded_price("price", price, underlying)
    gaps: dict[Right, Decimal] = {}
    if setup.call_short is not None:
        gaps[Right.CALL] = setup.call_short - price
    if setup.put_short is not None:
        gaps[Right.PUT] = price - setup.put_short
    return gaps


def judge_strikes(setup: Setup, price: Decimal, part: Decimal) -> Verdict:
    """Every strike is above 0 and at most this part of the price away; another one is `bad_strike`. Rule: CS-016.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> setup = select_setup(REGISTRY["SPX"], Decimal(200), Decimal(200), Decimal(16))
    >>> print(judge_strikes(setup, Decimal(200), Decimal("0.10")))
    skip bad_strike: call 230 > 10% from 200
    """
    for leg in setup.legs:
        if leg.strike <= 0 or abs(leg.strike - price) > part * price:
            return Verdict.skip("bad_strike", f"{leg.right.name.lower()} {leg.strike}", f"> {part:.0%} from {price}")
    return Verdict.ok()


def select_setup(
    underlying: Underlying,
    pin: Decimal | int,
    price: Decimal | int,
    vix: Decimal | int | None,
    rules: SetupRules = DEFAULT_RULES,
    *,
    competing: bool = False,
) -> Setup:
    """What to sell with the price this far from the pin; VIX is tested first and has no fallback. Rules: CS-201..207.

    With `competing` peaks the pin is their midpoint and only a condor around it is sold (CS-206).

    Raises:
        InvalidInput: pin, price or VIX is no price at all, or a float, which is not exact.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> setup = select_setup(REGISTRY["SPX"], Decimal(6050), Decimal(6066), Decimal(16), DEFAULT_RULES)
    >>> print(setup.tag, setup.call_short, setup.call_long, setup.confidence)
    CALL_SPREAD 6080 6090 MEDIUM
    """
    pin = rounded_price("pin", pin, underlying)
    price = rounded_price("price", price, underlying)
    distance = price - pin
    if vix is None:
        return skip_setup("vix_missing", "VIX is not known", distance, None, competing)
    vix = require_vix(vix)
    width = width_for(vix, underlying, rules)
    if vix >= rules.vix_ceiling:
        return skip_setup("vix_ceiling", f"VIX {vix} >= {rules.vix_ceiling}", distance, width, competing)
    if not is_valid_width(width, underlying):
        detail = f"width {width} is no multiple of {underlying.strike_increment}"
        return skip_setup("bad_width", detail, distance, width, competing)
    if competing:
        return _competing_condor(underlying, pin, price, width, rules)
    return _by_band(underlying, pin, price, width, rules)


def _by_band(underlying: Underlying, pin: Decimal, price: Decimal, width: Decimal, rules: SetupRules) -> Setup:
    distance = price - pin
    if abs(distance) <= underlying.points(rules.condor_limit):
        return _condor(underlying, pin, price, width, rules)
    if abs(distance) <= underlying.points(rules.near_limit):
        near = VerticalBand(rules.near_pin_offset, rules.near_price_offset, Confidence.HIGH)
        return _vertical(underlying, pin, price, width, near)
    if abs(distance) <= underlying.points(rules.far_limit):
        far = VerticalBand(rules.far_pin_offset, rules.far_price_offset, Confidence.MEDIUM)
        return _vertical(underlying, pin, price, width, far)
    limit = float(underlying.points(rules.far_limit))
    return skip_setup("too_far", f"price {abs(distance)} points from the pin > {limit:g}", distance, width)


def _condor(underlying: Underlying, pin: Decimal, price: Decimal, width: Decimal, rules: SetupRules) -> Setup:
    distance = price - pin
    offset = underlying.points(rules.condor_offset)
    call_short = underlying.strike(Fraction(pin) + offset)
    put_short = underlying.strike(Fraction(pin) - offset)
    centred = abs(distance) <= underlying.points(rules.condor_limit)
    return Setup(
        StrategyTag.IRON_CONDOR, Direction.NEUTRAL, Confidence.HIGH if centred else Confidence.MEDIUM, distance, width,
        call_short, call_short + width, put_short, put_short - width,
    )  # fmt: skip


def _competing_condor(underlying: Underlying, pin: Decimal, price: Decimal, width: Decimal, rules: SetupRules) -> Setup:
    condor = evolve(_condor(underlying, pin, price, width, rules), competing=True)
    nearest = min(shorts_out_of_the_money(condor, price, underlying).values())
    least = rules.short_clearance * underlying.strike_increment
    if nearest >= least:
        return condor
    detail = f"nearest short {nearest} points out of the money < {least}"
    return skip_setup("competing_off_centre", detail, price - pin, width, competing=True)


def _vertical(underlying: Underlying, pin: Decimal, price: Decimal, width: Decimal, band: VerticalBand) -> Setup:
    from_pin, from_price = underlying.points(band.from_pin), underlying.points(band.from_price)
    # Puts are calls seen in a mirror: with every price times `outward`, further out of the money is always up.
    outward = 1 if price > pin else -1
    wanted = underlying.strike(max(Fraction(outward * pin) + from_pin, Fraction(outward * price) + from_price))
    # CS-207: where rounding ate the distance, the first strike far enough out (often on SPY, never on SPX and NDX).
    clear = tick_ceiling(outward * price + underlying.strike_increment, underlying.strike_increment)
    short = outward * max(wanted, clear)
    long = short + outward * width
    distance = price - pin
    if outward > 0:
        return Setup(StrategyTag.CALL_SPREAD, Direction.BEARISH, band.confidence, distance, width, short, long)
    return Setup(
        StrategyTag.PUT_SPREAD, Direction.BULLISH, band.confidence, distance, width, put_short=short, put_long=long
    )


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
