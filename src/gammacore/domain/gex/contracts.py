"""The contracts of a chain that count towards an exposure, with time, forward and volatility; the rest by reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Bools, Codes, Floats
from gammacore.domain.gex.units import Rates, Scope, SettlesAt
from gammacore.domain.instruments import settlement_time
from gammacore.domain.market import OptionChain
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

    def keep_rows(self, places: Rows) -> LiveContracts:
        """The rows at these places, of which the others are not counted as skipped."""
        return LiveContracts(self.chain, self.scope, self.rows[places], self.series[places], self.years[places], {})

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
    """What the scope holds and has not settled.

    Reasons: expired, from the very settlement instant on; adjusted, those the chain's source left out (of any expiry).
    """
    last = scope.until(new_york_date(chain.as_of))
    inside = np.arange(len(chain)) if last is None else np.flatnonzero(chain.expiry <= np.datetime64(last, "D"))
    stride = len(chain.roots) + 1
    keys, series = np.unique(chain.expiry[inside].astype(np.int64) * stride + chain.root[inside], return_inverse=True)
    seconds = np.array([_seconds_left(chain, *divmod(int(key), stride), settles_at) for key in keys])[series]
    adjusted = _counted(adjusted=chain.defects.get("adjusted", 0))
    inside_scope = LiveContracts(chain, scope, inside, series, years_from_seconds(seconds), adjusted)
    return inside_scope.keep(seconds > 0, expired=int((seconds <= 0).sum()))


def price_contracts(
    live: LiveContracts, spot: Decimal, rates: Rates, parity: ParityRule | None = None
) -> PricedContracts:
    """Give every contract with open interest its forward and its volatility; what has none is counted.

    A row's own volatility is used. 0 or NaN means missing, and then the row takes that of its strike, which by put-call
    parity is one for call and put: so a chain without volatility, or with some, is measured on both sides of every
    strike, whatever market it came from. With an explicit rate or dividend alone, a 0 beside a volatility in the data
    stays out, as in the reference figures, which were made so (decision 0017).

    Reasons: no_iv, bad_quote (an out-of-the-money row, whose quote was to be asked, has no usable one). Rule: CS-101.
    """
    forwards = _forwards(live, float(spot), rates, parity or ParityRule())
    held = live.counting()
    terms = forwards.terms(held, float(spot))
    volatility = held.chain.iv[held.rows].copy()
    missing = np.flatnonzero(~(volatility > 0))
    volatility[missing] = _implied_at_strikes(
        live, held.keep_rows(missing), forwards, float(spot), explicit_rates=not rates.implied
    )
    known = np.flatnonzero(volatility > 0)
    unknown = np.flatnonzero(~(volatility > 0))
    asked = unknown[_out_of_the_money(terms)[unknown]]
    unquoted = int(np.isnan(_mids(held.chain, held.rows[asked])).sum())
    return PricedContracts(
        spot,
        live.chain.as_of,
        live.scope,
        rates,
        _some(terms, known),
        volatility[known],
        held.open_interest[known],
        held.skipped | _counted(no_iv=len(unknown) - unquoted, bad_quote=unquoted),
        forwards.implied,
        len(np.unique(live.series)),
    )


def _implied_at_strikes(
    live: LiveContracts, wanting: LiveContracts, forwards: _Forwards, spot: float, *, explicit_rates: bool
) -> Floats:
    """The volatility of each row of `wanting`, which has none of its own; NaN where nothing implies it.

    Out of the money: what its mid implies, else that of the same strike's other contract in the data. In the money,
    where quotes are too wide to tell: that of the strike's out-of-the-money contract, in the data or else implied.
    Open interest has no say. `explicit_rates`: a 0 in the data (looked for at its price, and none found) then stands
    beside a volatility in the data.
    """
    if not len(wanting.rows):
        return np.empty(0)
    strikes = np.unique(wanting.strike)
    there = live.keep_rows(np.flatnonzero(np.isin(live.strike, strikes)))

    def keys(of: LiveContracts) -> Codes:
        """Root, expiry and strike together as a number."""
        return np.asarray(of.series * len(strikes) + np.searchsorted(strikes, of.strike))

    wanted, key = keys(wanting), keys(there)
    terms = forwards.terms(there, spot)
    given, outside = there.chain.iv[there.rows], _out_of_the_money(terms)
    asked = np.flatnonzero(outside & ~(given > 0) & np.isin(key, wanted))
    implied = np.full(len(key), np.nan)
    implied[asked] = implied_volatility(_mids(there.chain, there.rows[asked]), _some(terms, asked))
    given_or_implied = np.where(given > 0, given, implied)

    def by_key(volatility: Floats, rows: Bools) -> Floats:
        known, table = np.flatnonzero(rows & (volatility > 0)), np.full(int(key.max()) + 1, np.nan)
        table[key[known]] = volatility[known]
        return np.asarray(table[wanted])

    own = np.searchsorted(there.rows, wanting.rows)  # both ascending
    found = np.where(
        outside[own],
        np.where(implied[own] > 0, implied[own], by_key(given_or_implied, ~outside)),
        by_key(given_or_implied, outside),
    )
    if explicit_rates:
        stands = wanting.chain.iv[wanting.rows] == 0
        found[stands] = np.where(outside[own], implied[own], by_key(implied, outside))[stands]
    return found


def gamma_of_strikes(live: LiveContracts, held: LiveContracts) -> Floats:
    """The gamma in the data of each row of `held`; where it is not given, that of its strike's other contract."""
    gamma = held.chain.gamma[held.rows].copy()
    lacking = np.flatnonzero(np.isnan(gamma))
    if not len(lacking):
        return gamma
    there = zip(live.series.tolist(), live.strike.tolist(), live.is_call.tolist(), strict=True)
    given = dict(zip(there, live.chain.gamma[live.rows].tolist(), strict=True))
    for row in lacking.tolist():
        other = (int(held.series[row]), float(held.strike[row]), not held.is_call[row])
        gamma[row] = given.get(other, np.nan)
    return gamma


def _out_of_the_money(terms: Terms) -> Bools:
    """Calls at or above their forward, puts at or below it."""
    return np.where(terms.is_call, terms.strike >= terms.forward, terms.strike <= terms.forward)


def _mids(chain: OptionChain, rows: Rows) -> Floats:
    return np.asarray(0.5 * (chain.bid[rows] + chain.ask[rows]))


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
