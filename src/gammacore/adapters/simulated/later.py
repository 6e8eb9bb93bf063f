"""Later expiries of a simulated chain: the next Friday and the monthlies, priced by the closed form.

At-the-money variance returns from VIX to its typical level; the smile is that of today's chain in deviations, so it is
flatter by strike with the root of time. European prices: the right to exercise early is left out, but no American
option is quoted below what exercising it brings.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.adapters.simulated.model import CALM_VIX, SimulationModel
from gammacore.adapters.simulated.quotes import TickRounding, round_factor, smile
from gammacore.adapters.simulated.shares import LATER, ShareModel
from gammacore.domain.columns import Floats
from gammacore.domain.gex.units import Scope
from gammacore.domain.instruments import Exercise, Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.pricing.black_scholes import normalised_black, years_from_seconds
from gammacore.domain.sessions import TradingSession
from gammacore.ports.clock import Calendar

FARTHEST = 90
"""Days: no later expiry is listed."""

FRIDAY = 4
_DENSE = 0.08
"""Within this part of the price every strike is listed, beyond it every fifth."""
_MONTH = 30 / 365
_NOISES = 4096


def later_expiries(date: dt.date, scope: Scope, calendar: Calendar | None) -> tuple[TradingSession, ...]:
    """The last sessions of the expiries after `date` within the scope: next Friday, and third Fridays to 90 days.

    An expiry on a day without a session falls on the one before.
    """
    until = scope.until(date)
    last = date + dt.timedelta(days=FARTHEST)
    last = last if until is None else min(until, last)
    friday = date + dt.timedelta(days=(FRIDAY - date.weekday() - 1) % 7 + 1)
    days = {friday, *(day for day in _fridays(friday, last) if 15 <= day.day <= 21)}
    sessions = {session.date: session for day in days if (session := _on_or_before(day, calendar)) is not None}
    return tuple(sessions[day] for day in sorted(sessions) if date < day <= last)


def _fridays(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(weeks=number) for number in range(max((last - first).days, 0) // 7 + 2)]


def _on_or_before(day: dt.date, calendar: Calendar | None) -> TradingSession | None:
    for back in range(5):
        date = day - dt.timedelta(days=back)
        if calendar is None:
            return TradingSession.of(date)
        if (session := calendar.session(date)) is not None:
            return session
    return None


@frozen(eq=False)
class LaterQuotes:
    """The contracts of later expiries as columns (n,), calls and puts of each; what stays the same all day."""

    model: SimulationModel
    share: ShareModel
    underlying: Underlying
    rounding: TickRounding
    strike: Floats
    is_call: NDArray[np.bool_]
    expiry: NDArray[np.datetime64]
    ends: Floats
    open_interest: Floats

    @classmethod
    def of(
        cls, model: SimulationModel, share: ShareModel, underlying: Underlying, seed: int, opened: float,
        today: dt.date, expiries: tuple[TradingSession, ...],
    ) -> LaterQuotes:  # fmt: skip
        increment = float(underlying.strike_increment)
        strikes, calls, days, ends, interest = [], [], [], [], []
        for session in expiries:
            distance = (session.date - today).days
            ladder = _ladder(opened, max(model.chain_reach, 0.5 * math.sqrt(distance / 365)), increment)
            for is_call in (True, False):
                strikes.append(ladder)
                calls.append(np.full(len(ladder), is_call))
                days.append(np.full(len(ladder), np.datetime64(session.date, "D")))
                ends.append(np.full(len(ladder), session.close.timestamp()))
                interest.append(_interest(model, seed, session.date, distance, ladder, opened, increment, is_call))
        return cls(
            model, share, underlying, TickRounding.of(underlying.ticks), np.concatenate(strikes),
            np.concatenate(calls), np.concatenate(days), np.concatenate(ends), np.concatenate(interest),
        )  # fmt: skip

    def listed_after(self, today: OptionChain) -> OptionChain:
        """These contracts behind those of today's chain, unquoted."""
        unknown = np.full(len(today) + len(self.strike), np.nan)
        return OptionChain(
            today.underlying, today.as_of, today.roots, np.concatenate((today.strike, self.strike)),
            np.concatenate((today.is_call, self.is_call)), np.concatenate((today.expiry, self.expiry)),
            np.zeros(len(unknown), dtype=np.int64), unknown, unknown,
            np.concatenate((today.open_interest, self.open_interest)), unknown, unknown, unknown,
        )  # fmt: skip

    def quotes(self, at: dt.datetime, spot: float, vix: float) -> tuple[Floats, Floats, Floats]:
        """Bid, ask and volatility of each contract."""
        years = years_from_seconds(self.ends - at.timestamp())
        root = np.sqrt(years)
        level = self._volatility(years, vix)
        forward = spot * np.exp((self.share.rate - self.share.dividend) * years)
        above = np.log(self.strike / forward)
        deviation = level * root * smile(self.model, above / (level * root))
        discount = np.exp(-self.share.rate * years)
        time_value = discount * np.sqrt(forward * self.strike) * normalised_black(-np.abs(above), deviation)
        sign = np.where(self.is_call, 1.0, -1.0)
        depth = discount * np.maximum(sign * (forward - self.strike), 0.0)
        fair = time_value + depth
        if self.underlying.exercise is Exercise.AMERICAN:
            fair = np.maximum(fair, sign * (spot - self.strike))
        model, least = self.model, self.model.half_spread_ticks * float(self.underlying.ticks.single_low)
        width = vix / CALM_VIX * (least + self.share.later_width * time_value) + model.half_spread_depth * depth
        return self.rounding.down(fair - width), self.rounding.up(fair + width), deviation / root

    def _volatility(self, years: Floats, vix: float) -> Floats:
        """At the money, a year: VIX at a month, from there to its typical level."""
        speed, typical = self.share.variance_reversion, (self.model.vix_typical / 100) ** 2
        seen = (vix / 100) ** 2

        def pull(time: Floats | float) -> Floats:
            return np.asarray((1 - np.exp(-speed * np.asarray(time))) / (speed * np.asarray(time)))

        variance = typical + (seen - typical) * pull(years) / pull(_MONTH)
        return np.asarray(np.sqrt(np.maximum(variance, seen / 4)))


def _ladder(price: float, reach: float, increment: float) -> Floats:
    first, last = math.ceil(price * (1 - reach) / increment), math.floor(price * (1 + reach) / increment)
    steps = np.arange(max(first, 1), last + 1)
    near = np.abs(steps * increment - price) <= _DENSE * price
    return np.asarray(steps[near | (steps % 5 == 0)] * increment)


def _interest(
    model: SimulationModel, seed: int, expiry: dt.date, distance: int, ladder: Floats, price: float, increment: float,
    is_call: bool,
) -> Floats:  # fmt: skip
    """Contracts: most near the money, the farther the expiry the wider; a strike keeps its own from day to day."""
    noise = np.random.default_rng([seed, LATER, expiry.toordinal(), int(is_call)]).standard_normal(_NOISES)
    steps = np.rint(ladder / increment).astype(np.int64)
    outward = (ladder - price) / price * (1 if is_call else -1)
    decay = model.open_interest_decay * math.sqrt(1 + distance / 2)
    contracts = (
        model.open_interest
        * round_factor(model, ladder, increment)
        * np.exp(-np.abs(outward) / decay)
        * np.exp(model.open_interest_noise * noise[steps % _NOISES])
    )
    return np.asarray(np.rint(contracts))
