"""Vanna and charm exposure: how dealers' delta drifts with volatility and with the hours."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.gex.contracts import PricedContracts
from gammacore.domain.gex.units import SignModel
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
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
