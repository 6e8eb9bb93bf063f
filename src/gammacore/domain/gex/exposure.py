"""Gamma exposure per strike and in total, as a value that says what it is."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from attrs import evolve, frozen

from gammacore.domain.briefly import briefly, html_table
from gammacore.domain.columns import Bools, Floats
from gammacore.domain.dollars import exact_decimal
from gammacore.domain.gex.contracts import (
    LiveContracts,
    PricedContracts,
    gamma_of_strikes,
    live_contracts,
    price_contracts,
)
from gammacore.domain.gex.units import (
    ALL,
    CLOCK,
    IMPLIED_FORWARD,
    ExposureUnit,
    GreeksSource,
    Rates,
    Scope,
    SettlesAt,
    SignModel,
    regular_settlement,
)
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.market import OptionChain
from gammacore.domain.pricing.black_scholes import gamma
from gammacore.errors import InvalidInput
from gammacore.frames import Framed
from gammacore.plots import figure_of


@frozen(eq=False)
class GammaExposure(Framed):
    """Dealer gamma exposure at one instant, per strike and in total, in `unit`, signed by `sign`.

    `strikes` (k,) points, ascending, each once; `call`, `put` (k,) in `unit`. `used` contracts count; `skipped` says
    why the others of the scope do not. `implied_forwards` of `series` took their forward from their own quotes (0 of
    them with greeks from the feed, which need none).
    """

    underlying: str
    as_of: dt.datetime
    spot: Decimal
    unit: ExposureUnit
    sign: SignModel
    scope: Scope
    greeks: GreeksSource
    rates: Rates
    strikes: Floats
    call: Floats
    put: Floats
    used: int
    skipped: dict[str, int]
    implied_forwards: int = 0
    series: int = 0
    clock: str = CLOCK

    def __repr__(self) -> str:
        return briefly(
            self, self.underlying, self.as_of.isoformat(), f"net {self.net_total:.4g} {self.unit}", f"sign {self.sign}",
            f"{len(self.strikes)} strikes", f"{self.used} contracts",
        )  # fmt: skip

    def _repr_html_(self) -> str:
        columns = self.columns()
        return html_table(repr(self), list(columns), list(zip(*columns.values(), strict=True)))

    def columns(self) -> dict[str, list[float]]:
        """strike (points), call, put, net (in `unit`), a row a strike."""
        parts = {"strike": self.strikes, "call": self.call, "put": self.put, "net": self.net}
        return {name: values.tolist() for name, values in parts.items()}

    def plot(self) -> Any:
        """Net exposure by strike around the price, as a matplotlib figure. Rule: OP-802."""
        return figure_of(self, "exposure_figure")

    @cached_property
    def net(self) -> Floats:
        return np.asarray(self.call + self.put)

    @property
    def call_total(self) -> float:
        return float(self.call.sum())

    @property
    def put_total(self) -> float:
        return float(self.put.sum())

    @property
    def net_total(self) -> float:
        return self.call_total + self.put_total

    @cached_property
    def per_100pct(self) -> GammaExposure:
        """The same exposure per 100 % move, by which pins are found and polarity is measured."""
        return self.converted(ExposureUnit.PER_100PCT)

    def converted(self, unit: ExposureUnit) -> GammaExposure:
        """The same exposure in another unit."""
        ratio = float(unit.factor(self.spot) / self.unit.factor(self.spot))
        return evolve(self, unit=unit, call=self.call * ratio, put=self.put * ratio)


def measure_exposure(
    chain: OptionChain,
    spot: Decimal | int,
    *,
    sign: SignModel = SignModel.NAIVE,
    scope: Scope = ALL,
    unit: ExposureUnit = ExposureUnit.PER_1PCT,
    greeks: GreeksSource = GreeksSource.MODEL,
    rates: Rates = IMPLIED_FORWARD,
    settles_at: SettlesAt = regular_settlement,
    multiplier: int = EQUITY_OPTION_MULTIPLIER,
) -> GammaExposure:
    """Sum the exposure of every contract in the scope by strike, at the chain's own instant.

    Raises:
        InvalidInput: a spot that is not a price above 0.
    """
    live = live_contracts(chain, scope, settles_at)
    if greeks is GreeksSource.MODEL:
        priced = price_contracts(live, require_spot(spot), rates)
        return exposure_of(chain.underlying, priced, sign=sign, unit=unit, multiplier=multiplier)
    return _from_feed(live, require_spot(spot), sign, unit, rates, multiplier)


def exposure_of(
    underlying: str,
    priced: PricedContracts,
    *,
    sign: SignModel = SignModel.NAIVE,
    unit: ExposureUnit = ExposureUnit.PER_1PCT,
    multiplier: int = EQUITY_OPTION_MULTIPLIER,
) -> GammaExposure:
    """The exposure of contracts that are priced already."""
    share_gamma = gamma(priced.terms, priced.volatility) * priced.open_interest * multiplier
    strikes, call, put = _by_strike(priced.terms.strike, priced.terms.is_call, share_gamma, sign, unit, priced.spot)
    return GammaExposure(
        underlying, priced.as_of, priced.spot, unit, sign, priced.scope, GreeksSource.MODEL, priced.rates,
        strikes, call, put, len(priced), priced.skipped, priced.implied_forwards, priced.series,
    )  # fmt: skip


def require_spot(spot: Decimal | int) -> Decimal:
    """Refuse a spot that is no price."""
    spot = exact_decimal("spot", spot)
    if not (spot.is_finite() and spot > 0):
        raise InvalidInput("spot", spot, "give a price above 0")
    return spot


def _from_feed(
    live: LiveContracts, spot: Decimal, sign: SignModel, unit: ExposureUnit, rates: Rates, multiplier: int
) -> GammaExposure:
    """By the gamma in the data: what is not given (NaN) is that of its strike's other contract, by put-call parity.

    Reason: no_gamma, where neither has one, or where 0 is given.
    """
    held = live.counting()
    given = gamma_of_strikes(live, held)
    known = given > 0
    used = held.keep(known, no_gamma=int((~known).sum()))
    share_gamma = given[known] * used.open_interest * multiplier
    strikes, call, put = _by_strike(used.strike, used.is_call, share_gamma, sign, unit, spot)
    return GammaExposure(
        used.chain.underlying, used.chain.as_of, spot, unit, sign, used.scope, GreeksSource.FEED, rates,
        strikes, call, put, len(used.rows), used.skipped,
    )  # fmt: skip


def _by_strike(
    strike: Floats, is_call: Bools, share_gamma: Floats, sign: SignModel, unit: ExposureUnit, spot: Decimal
) -> tuple[Floats, Floats, Floats]:
    strikes, place = np.unique(strike, return_inverse=True)
    factor = float(unit.factor(spot))
    call = np.bincount(place, np.where(is_call, share_gamma, 0.0), len(strikes)) * (sign.call * factor)
    put = np.bincount(place, np.where(is_call, 0.0, share_gamma), len(strikes)) * (sign.put * factor)
    return strikes, np.asarray(call), np.asarray(put)
