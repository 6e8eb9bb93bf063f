"""One look at a chain: exposure, flips and walls, and dealers' vanna and charm, from one pricing of it."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.gex.contracts import PricedContracts, live_contracts, price_contracts
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
from gammacore.domain.pricing.black_scholes import charm, vanna


@frozen
class DriftExposure:
    """$ of delta a volatility point (`vanna`) and an hour (`charm`); a day's charm means nothing at 0DTE."""

    vanna: float
    charm: float
    sign: SignModel


def measure_drift(
    contracts: PricedContracts, sign: SignModel = SignModel.NAIVE, multiplier: int = EQUITY_OPTION_MULTIPLIER
) -> DriftExposure:
    """Vanna s·vanna·OI·M·S per volatility point and charm s·charm·OI·M·S per hour, over all contracts."""
    terms = contracts.terms
    dollars = contracts.open_interest * (multiplier * float(contracts.spot))
    dollars[terms.is_call] *= sign.call
    dollars[~terms.is_call] *= sign.put
    return DriftExposure(
        float(vanna(terms, contracts.volatility) @ dollars), float(charm(terms, contracts.volatility) @ dollars), sign
    )


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
