"""One look at a chain: exposure, flips and walls, from one pricing of it."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.gex.contracts import live_contracts, price_contracts
from gammacore.domain.gex.exposure import GammaExposure, exposure_of, measure_exposure, require_spot
from gammacore.domain.gex.flips import FlipGrid, Flips, find_flips
from gammacore.domain.gex.units import (
    ALL,
    IMPLIED_FORWARD,
    ExposureUnit,
    GreeksSource,
    Rates,
    Scope,
    SettlesAt,
    SignModel,
    regular_settlement,
)
from gammacore.domain.gex.walls import Walls, find_walls
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.market import OptionChain


@frozen(eq=False)
class GammaSurvey:
    """What `gammacore gex` shows. Flips are always the model's: a feed's gamma holds at one spot only."""

    exposure: GammaExposure
    flips: Flips
    walls: Walls


def survey_gamma(
    chain: OptionChain,
    spot: Decimal,
    *,
    sign: SignModel = SignModel.NAIVE,
    scope: Scope = ALL,
    unit: ExposureUnit = ExposureUnit.PER_1PCT,
    greeks: GreeksSource = GreeksSource.MODEL,
    rates: Rates = IMPLIED_FORWARD,
    settles_at: SettlesAt = regular_settlement,
    grid: FlipGrid | None = None,
    multiplier: int = EQUITY_OPTION_MULTIPLIER,
) -> GammaSurvey:
    """Exposure, flips and walls of a chain at its own instant.

    Raises:
        InvalidInput: a spot that is not a price above 0.
    """
    priced = price_contracts(live_contracts(chain, scope, settles_at), require_spot(spot), rates)
    if greeks is GreeksSource.MODEL:
        exposure = exposure_of(chain.underlying, priced, sign=sign, unit=unit, multiplier=multiplier)
    else:
        exposure = measure_exposure(
            chain, spot, sign=sign, scope=scope, unit=unit, greeks=greeks, rates=rates, settles_at=settles_at,
            multiplier=multiplier,
        )  # fmt: skip
    return GammaSurvey(exposure, find_flips(priced, sign, grid, multiplier), find_walls(exposure))
