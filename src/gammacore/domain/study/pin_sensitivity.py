"""What the pin and the flip depend on: the same moment measured with other signs, greeks, rates and open interest.

Open interest is yesterday's, so half of what is traded today is not in it: draws of it show what that may change. The
draws are handed in. Rule: ST-706.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median

import numpy as np
from attrs import define, evolve, field, frozen

from gammacore.domain.columns import Floats
from gammacore.domain.entries.setup import DEFAULT_RULES, SetupRules, select_setup
from gammacore.domain.gex.contracts import LiveContracts, PricedContracts, live_contracts, price_contracts
from gammacore.domain.gex.exposure import GammaExposure, exposure_of, measure_exposure
from gammacore.domain.gex.flips import FlipGrid, find_flips
from gammacore.domain.gex.pin import STANDARD_PIN, PinRule, find_pin
from gammacore.domain.gex.units import IMPLIED_FORWARD, TODAY, ExposureUnit, GreeksSource, Rates, SignModel
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import OptionChain

RATES: tuple[Rates, ...] = (IMPLIED_FORWARD, Rates(rate=0.0), Rates(rate=0.01))
"""The carry of the model: what the quotes imply, none, and 1 % a year."""
INTEREST_SPREAD = 0.25
"""Open interest is multiplied by exp(0.25 z), z standard normal: ours."""
NEAR_FLIPS = FlipGrid(low=0.97, high=1.03, levels=200, finest=200)
"""Where flips are looked for in drawn open interest: 3 % either side of price, 200 levels."""


@frozen(eq=False)
class PinMoment:
    """What a pin was found from: today's expiry of the 0DTE root, price and VIX, and the instant it settles."""

    chain: OptionChain
    price: Decimal
    vix: Decimal | None
    underlying: Underlying
    settles: dt.datetime
    pin_rule: PinRule = STANDARD_PIN
    setup_rules: SetupRules = DEFAULT_RULES


@frozen
class PinVariant:
    """One way to measure. `rates` is None for greeks of the feed, which know no carry; `drawn`: open interest is."""

    sign: SignModel
    greeks: GreeksSource
    rates: Rates | None
    drawn: bool = False


@frozen
class PinReading:
    """What one measurement says, points; `setup` is what the desk would sell there, or why nothing."""

    pin: Decimal | None
    setup: tuple[object, ...]
    flip: float | None


@frozen
class PinSensitivity:
    """How far one way to measure differs from the configured one, over all moments (times draws).

    `same_pin`, `other_setup` and `no_pin` are shares 0..1, `flip_lost` that of the moments with a flip. Shifts are
    medians over the moments at which both ways have a pin (a flip): absolute, in strikes and in points; `moved_points`
    of those alone that moved.
    """

    variant: PinVariant
    moments: int
    same_pin: float
    no_pin: float
    shift_strikes: float | None
    shift_points: float | None
    moved_points: float | None
    other_setup: float
    flip_lost: float | None
    flip_shift_points: float | None


def variants() -> tuple[PinVariant, ...]:
    """Every sign with every greeks and rates, with yesterday's open interest and with drawn ones. Rule: ST-706.

    >>> len(variants())
    24
    """
    greeks = [(GreeksSource.FEED, None), *((GreeksSource.MODEL, rates) for rates in RATES)]
    return tuple(
        PinVariant(sign, source, rates, drawn)
        for drawn in (False, True)
        for sign in SignModel
        for source, rates in greeks
    )


def read_pins(
    moment: PinMoment, configured: PinVariant, draws: Floats
) -> tuple[PinReading, Iterator[tuple[PinVariant, PinReading]]]:
    """The configured reading, and those of every other way to measure; of drawn open interest one for each draw.

    `draws` (n, contracts of the chain) are standard normal.
    """
    rates = IMPLIED_FORWARD if configured.rates is None else configured.rates
    priced, _ = _priced(moment, rates)
    flip = find_flips(priced, SignModel.NAIVE, None, moment.underlying.multiplier).flip
    exposure = _exposure(moment, priced, moment.chain, configured)
    return _reading(moment, exposure, flip), _others(moment, configured, np.exp(INTEREST_SPREAD * draws))


def _others(moment: PinMoment, configured: PinVariant, weights: Floats) -> Iterator[tuple[PinVariant, PinReading]]:
    """Carry by carry, so that a chain is priced once for all signs and draws: open interest is in no price.

    Flips are always the model's, and the same for both signs of the dealers; mass without a sign has none. A chain
    without a gamma of its feed is not measured by it.
    """
    feeds = bool((moment.chain.gamma > 0).any())
    for rates in RATES:
        priced, live = _priced(moment, rates)
        some = [one for one in variants() if one.rates == rates or (one.rates is None and rates.implied and feeds)]
        for weight in [None, *weights]:
            held = (
                priced if weight is None else evolve(priced, open_interest=priced.open_interest * weight[: len(priced)])
            )
            chain = moment.chain if weight is None else _chain_with(moment.chain, live, weight)
            grid = None if weight is None else NEAR_FLIPS
            flip = find_flips(held, SignModel.NAIVE, grid, moment.underlying.multiplier).flip
            for variant in some:
                if variant.drawn is (weight is not None) and variant != configured:
                    signed = None if variant.sign is SignModel.UNSIGNED else flip
                    yield variant, _reading(moment, _exposure(moment, held, chain, variant), signed)


def _priced(moment: PinMoment, rates: Rates) -> tuple[PricedContracts, LiveContracts]:
    live = live_contracts(moment.chain, TODAY, lambda _expiry, _when: moment.settles)
    return price_contracts(live, moment.underlying.round_price(moment.price), rates), live


def _chain_with(chain: OptionChain, live: LiveContracts, weight: Floats) -> OptionChain:
    """The chain with the open interest of its live contracts multiplied."""
    interest = chain.open_interest.copy()
    interest[live.rows] *= weight[: len(live.rows)]
    return evolve(chain, open_interest=interest)


def _exposure(moment: PinMoment, priced: PricedContracts, chain: OptionChain, variant: PinVariant) -> GammaExposure:
    unit, multiplier = ExposureUnit.PER_100PCT, moment.underlying.multiplier
    if variant.greeks is GreeksSource.MODEL:
        return exposure_of(chain.underlying, priced, sign=variant.sign, unit=unit, multiplier=multiplier)
    return measure_exposure(
        chain, priced.spot, sign=variant.sign, scope=TODAY, unit=unit, greeks=variant.greeks,
        settles_at=lambda _expiry, _when: moment.settles, multiplier=multiplier,
    )  # fmt: skip


def _reading(moment: PinMoment, exposure: GammaExposure, flip: float | None) -> PinReading:
    """Pin and setup as the desk finds them, without its other filters."""
    pin = find_pin(exposure.strikes, exposure.net, moment.price, moment.underlying, moment.pin_rule)
    if pin is None:
        return PinReading(None, ("pin_missing",), flip)
    chosen = select_setup(
        moment.underlying, pin.strike, moment.price, moment.vix, moment.setup_rules, competing=pin.competing
    )
    legs = (chosen.call_short, chosen.call_long, chosen.put_short, chosen.put_long)
    return PinReading(pin.strike, (chosen.tag, chosen.reason, *legs), flip)


@define
class SensitivityTally:
    """Readings of many moments, counted by the way they were measured."""

    underlying: Underlying
    _rows: dict[PinVariant, _Row] = field(factory=dict, init=False)

    def count(self, variant: PinVariant, configured: PinReading, reading: PinReading) -> None:
        """One more reading, beside the configured one of the same moment."""
        row = self._rows.setdefault(variant, _Row())
        row.moments += 1
        row.same_pin += reading.pin == configured.pin
        row.no_pin += reading.pin is None
        row.other_setup += reading.setup != configured.setup
        if reading.pin is not None and configured.pin is not None:
            row.shifts.append(float(abs(reading.pin - configured.pin)))
        if configured.flip is not None:
            row.flips += 1
            if reading.flip is not None:
                row.flip_shifts.append(abs(reading.flip - configured.flip))

    def figures(self) -> tuple[PinSensitivity, ...]:
        """A row for each way to measure, in their order."""
        return tuple(
            self._rows[variant].figures(variant, float(self.underlying.strike_increment))
            for variant in variants()
            if variant in self._rows
        )


@define
class _Row:
    moments: int = 0
    same_pin: int = 0
    no_pin: int = 0
    other_setup: int = 0
    flips: int = 0
    shifts: list[float] = field(factory=list)
    flip_shifts: list[float] = field(factory=list)

    def figures(self, variant: PinVariant, increment: float) -> PinSensitivity:
        shift = _median(self.shifts)
        return PinSensitivity(
            variant,
            self.moments,
            self.same_pin / self.moments,
            self.no_pin / self.moments,
            None if shift is None else shift / increment,
            shift,
            _median([one for one in self.shifts if one]),
            self.other_setup / self.moments,
            None if not self.flips else 1 - len(self.flip_shifts) / self.flips,
            _median(self.flip_shifts),
        )


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
