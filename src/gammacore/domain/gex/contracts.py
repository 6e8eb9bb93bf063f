"""The contracts of a chain that count towards an exposure, with time, forward and volatility; the rest by reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.gex.units import Rates, Scope, SettlesAt
from gammacore.domain.instruments import settlement_time
from gammacore.domain.market import Bools, Codes, Floats, OptionChain
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds
from gammacore.domain.pricing.forward import ParityRule
from gammacore.domain.pricing.implied_volatility import implied_volatility
from gammacore.domain.sessions import new_york_date

Rows = NDArray[np.int64]

TOO_MANY_UNKNOWN = "too_many_unknown_oi"
"""Reason code: so much open interest is unknown that nothing of the scope counts."""


def too_many_unknown(unknown: int, contracts: int) -> bool:
    """Whether more than one contract in twenty has no readable open interest: then there is no exposure.

    >>> too_many_unknown(5, 100), too_many_unknown(6, 100), too_many_unknown(0, 0)
    (False, True, False)
    """
    return 20 * unknown > contracts


@frozen(eq=False)
class LiveContracts:
    """The contracts of a chain inside the scope that have not settled: n rows of it.

    `rows` (n,) into the chain; `series` (n,) numbers root and expiry together, 0..; `years` (n,) to settlement > 0;
    `skipped` counts what the scope held but does not count, by reason.
    """

    chain: OptionChain
    scope: Scope
    rows: Rows
    series: Codes
    years: Floats
    skipped: dict[str, int]

    @property
    def strike(self) -> Floats:
        return self.chain.strike[self.rows]

    @property
    def is_call(self) -> Bools:
        return self.chain.is_call[self.rows]

    @property
    def open_interest(self) -> Floats:
        return self.chain.open_interest[self.rows]

    def keep(self, wanted: Bools, **skipped: int) -> LiveContracts:
        """The rows where the mask is true, with what was left out added to the count."""
        return LiveContracts(
            self.chain, self.scope, self.rows[wanted], self.series[wanted], self.years[wanted],
            self.skipped | _counted(**skipped),
        )  # fmt: skip

    def counting(self) -> LiveContracts:
        """Those with open interest: the others carry no exposure. Reason: zero_oi. Rule: CS-102.

        A strike of which one contract's open interest is unknown is left out whole (unknown_oi): what is known of it
        would be another figure. Where more than one contract in twenty is unknown, none counts (too_many_unknown_oi).
        """
        interest = self.open_interest
        unknown = np.isnan(interest)
        if not unknown.any():
            held = interest > 0
            return self.keep(held, zero_oi=int((~held).sum()))
        if too_many_unknown(int(unknown.sum()), len(interest)):
            return self.keep(np.zeros(len(interest), dtype=bool), **{TOO_MANY_UNKNOWN: len(interest)})
        strike = self.strike
        known = ~np.isin(strike, strike[unknown])
        return self.keep(known, unknown_oi=int((~known).sum())).counting()


@frozen(eq=False)
class PricedContracts:
    """The contracts the model can price, all with open interest; arrays are (n,).

    `volatility` a fraction a year; `implied_forwards` of `series` (root and expiry together) took their forward from
    their own quotes.
    """

    spot: Decimal
    as_of: dt.datetime
    scope: Scope
    rates: Rates
    terms: Terms
    volatility: Floats
    open_interest: Floats
    skipped: dict[str, int]
    implied_forwards: int
    series: int

    def __len__(self) -> int:
        return len(self.volatility)


def live_contracts(chain: OptionChain, scope: Scope, settles_at: SettlesAt) -> LiveContracts:
    """What the scope holds and has not settled. Reason: expired, from the very settlement instant on."""
    last = scope.until(new_york_date(chain.as_of))
    inside = np.arange(len(chain)) if last is None else np.flatnonzero(chain.expiry <= np.datetime64(last, "D"))
    stride = len(chain.roots) + 1
    keys, series = np.unique(chain.expiry[inside].astype(np.int64) * stride + chain.root[inside], return_inverse=True)
    seconds = np.array([_seconds_left(chain, *divmod(int(key), stride), settles_at) for key in keys])[series]
    inside_scope = LiveContracts(chain, scope, inside, series, years_from_seconds(seconds), {})
    return inside_scope.keep(seconds > 0, expired=int((seconds <= 0).sum()))


def price_contracts(
    live: LiveContracts, spot: Decimal, rates: Rates, parity: ParityRule | None = None
) -> PricedContracts:
    """Give every contract with open interest its forward and its volatility; what has none is counted.

    The row's own volatility is used. 0 or NaN means missing: then the mid of an out-of-the-money row tells it, while
    an in-the-money row is skipped. Reasons: no_iv, bad_quote (a row that was asked has no usable quote).
    """
    forwards = _forwards(live, float(spot), rates, parity or ParityRule())
    held = live.counting()
    terms = forwards.terms(held, float(spot))
    volatility = held.chain.iv[held.rows].copy()
    missing = ~(volatility > 0)
    outside = np.where(terms.is_call, terms.strike >= terms.forward, terms.strike <= terms.forward)
    asked = np.flatnonzero(missing & outside)
    mids = 0.5 * (live.chain.bid + live.chain.ask)[held.rows[asked]]
    volatility[missing] = np.nan
    volatility[asked] = implied_volatility(mids, _some(terms, asked))
    known = np.flatnonzero(volatility > 0)
    unquoted = int(np.isnan(mids).sum())
    return PricedContracts(
        spot,
        live.chain.as_of,
        live.scope,
        rates,
        _some(terms, known),
        volatility[known],
        held.open_interest[known],
        held.skipped | _counted(no_iv=len(volatility) - len(known) - unquoted, bad_quote=unquoted),
        forwards.implied,
        len(np.unique(live.series)),
    )


@frozen(eq=False)
class _Forwards:
    """Forward (points) and discount of each series, indexed by its number; `implied` of them from quotes."""

    forward: Floats
    discount: Floats
    implied: int

    def terms(self, live: LiveContracts, spot: float) -> Terms:
        rows = live.series
        return Terms(spot, live.strike, live.is_call, live.years, self.forward[rows], self.discount[rows])


def _forwards(live: LiveContracts, spot: float, rates: Rates, parity: ParityRule) -> _Forwards:
    count = int(live.series.max(initial=-1)) + 1
    years = np.ones(count)
    years[live.series] = live.years
    rate, dividend = rates.figures
    forward, discount = spot * np.exp((rate - dividend) * years), np.exp(-rate * years)
    if not rates.implied:
        return _Forwards(forward, discount, 0)
    implied = 0
    series, strike, call, put = _pairs(live, spot, parity.discount_reach)
    bounds = np.searchsorted(series, np.arange(count + 1))
    for code in range(count):
        pairs = slice(bounds[code], bounds[code + 1])
        if (found := parity.imply(spot, float(years[code]), strike[pairs], call[pairs], put[pairs])) is not None:
            forward[code], discount[code] = found.forward, found.discount
            implied += 1
    return _Forwards(forward, discount, implied)


def _pairs(live: LiveContracts, spot: float, reach: float) -> tuple[Codes, Floats, Floats, Floats]:
    """Series, strike and mids of the calls and puts that share both, ordered by series; two-sided quotes only."""
    chain = live.chain
    near = np.flatnonzero((np.abs(live.strike - spot) <= reach * spot) & (chain.bid[live.rows] > 0))
    order = near[np.lexsort((live.is_call[near], live.strike[near], live.series[near]))]
    rows, series, strike, is_call = live.rows[order], live.series[order], live.strike[order], live.is_call[order]
    put = np.flatnonzero((series[:-1] == series[1:]) & (strike[:-1] == strike[1:]) & ~is_call[:-1] & is_call[1:])
    mids = 0.5 * (chain.bid[rows] + chain.ask[rows])
    return series[put], strike[put], mids[put + 1], mids[put]


def _seconds_left(chain: OptionChain, day: int, code: int, settles_at: SettlesAt) -> float:
    expiry = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    return (settles_at(expiry, settlement_time(chain.roots[code])) - chain.as_of).total_seconds()


def _counted(**reasons: int) -> dict[str, int]:
    return {reason: count for reason, count in reasons.items() if count}


def _some(terms: Terms, rows: Rows) -> Terms:
    return Terms(
        terms.spot,
        terms.strike[rows],
        terms.is_call[rows],
        terms.years[rows],
        terms.forward[rows],
        terms.discount[rows],
    )
