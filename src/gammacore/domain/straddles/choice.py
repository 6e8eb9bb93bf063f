"""Which straddle a chain offers that costs least a unit of gamma, and what was dropped on the way.

Rules: SC-404..406, SC-409..413, SC-458.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import assert_never

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

from gammacore.domain.columns import Bools, Floats
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Underlying
from gammacore.domain.market import OptionChain, Quote, from_float
from gammacore.domain.parameters import parameter
from gammacore.domain.pricing.option_model import ContractColumns, GreekColumns, greeks_of
from gammacore.domain.pricing.rates import MarketRates
from gammacore.domain.straddles.straddle import Straddle
from gammacore.domain.verdicts import Verdict

DAYS_OF_A_YEAR = 365.25
"""Of the expected move, not of the model. Rule: SC-404."""
PRICE_PLACES = 6
"""Distances and spreads of listed prices are equal when they are equal to so many places."""
Rows = NDArray[np.intp]
SecondsTo = Callable[[dt.date], float]
"""Seconds from now to the last trading instant of an expiry."""


class CostScaling(StrEnum):
    """What the spread weighs in the score: as it is, by the position's size, or nothing. Rule: SC-411."""

    SHARE = "share"
    LEGACY = "legacy"
    NONE = "none"


class Dropped(StrEnum):
    """At which step a contract left the choice; from `NO_ATM_IV` on, pairs are counted. Rules: SC-404, SC-405."""

    EXPIRY = "expiry"
    OPEN_INTEREST = "open_interest"
    QUOTE = "quote"
    UNPAIRED = "unpaired"
    NO_ATM_IV = "no_atm_iv"
    OUTSIDE_MOVE = "outside_move"
    NO_GAMMA = "no_gamma"


@frozen
class ChoiceRules:
    """Which straddles are candidates, what they are judged by, and how many are bought."""

    straddles: int = parameter(1, "Straddles bought at a time.", at_least=1)
    min_dte: int = parameter(30, "Nearest expiry bought, calendar days.", at_least=0)
    max_dte: int = parameter(90, "Furthest expiry bought, calendar days.", at_least=0)
    min_open_interest: int = parameter(100, "A contract must have more open interest than this.", at_least=0)
    theta_weight: float = parameter(1.0, "Weight of a day's theta against the spread in the score.", at_least=0)
    cost_scaling: CostScaling = parameter(
        CostScaling.SHARE, "Weight of the spread: share (1), legacy (100 x straddles) or none (theta only)."
    )
    tree_steps: int = parameter(100, "Steps of the tree that prices American options.", at_least=10)
    max_position_value: Decimal | None = parameter(None, "Dollars of premium bought at most; none = off.", above=0)
    max_contracts: int | None = parameter(None, "Contracts of each leg bought at most; none = off.", at_least=1)
    buying_power_fraction: Decimal | None = parameter(
        None, "Part of the buying power paid for premium at most; none = off (0.10 when on).", above=0, at_most=1
    )


@frozen
class ScoredStraddle:
    """A candidate: `theta` points a calendar day and `gamma` a point, both of call + put per share, `spread` points."""

    straddle: Straddle
    days: int
    theta: float
    gamma: float
    spread: Decimal
    score: float


@frozen
class StraddleChoice:
    """The best straddle of a chain, None where nothing is left; how many were dropped at each step, and why.

    `candidates` counts the pairs that were scored.
    """

    best: ScoredStraddle | None
    candidates: int
    dropped: Mapping[Dropped, int]

    def judge(self) -> Verdict:
        """`no_straddle` with every count. Rule: SC-405."""
        counts = ", ".join(f"{step} {count}" for step, count in self.dropped.items() if count)
        if self.best is None:
            return Verdict.skip("no_straddle", counts)
        return Verdict.ok(f"score {self.best.score:.4f} of {self.candidates}", counts)


def choose_straddle(
    rules: ChoiceRules, underlying: Underlying, chain: OptionChain, price: Decimal, today: dt.date,
    seconds_to: SecondsTo, rates: MarketRates, oldest: float,
) -> StraddleChoice:  # fmt: skip
    """The smallest score among the straddles of a chain; quotes older than `oldest` seconds are not used. SC-404."""
    dropped = dict.fromkeys(Dropped, 0)
    spot = float(price)
    days = (chain.expiry - np.datetime64(today, "D")).astype(np.int64)
    age = chain.as_of.timestamp() - chain.quoted_at
    rows = np.arange(len(chain))
    with np.errstate(invalid="ignore"):
        for step, kept in (
            (Dropped.EXPIRY, (days >= rules.min_dte) & (days <= rules.max_dte)),
            (Dropped.OPEN_INTEREST, chain.open_interest > rules.min_open_interest),
            (Dropped.QUOTE, (chain.bid > 0) & (chain.ask > chain.bid) & (age <= oldest)),
        ):
            dropped[step] = int(np.count_nonzero(~kept[rows]))
            rows = rows[kept[rows]]
    calls, puts = _paired(chain, rows)
    dropped[Dropped.UNPAIRED] = len(rows) - 2 * len(calls)
    pairs = _Pairs(chain, calls, puts, days[calls], rules.tree_steps, underlying, spot, seconds_to, rates)
    move = pairs.expected_moves()
    pairs, move = _kept(pairs, ~np.isnan(move), dropped, Dropped.NO_ATM_IV), move[~np.isnan(move)]
    pairs = _kept(pairs, is_in_band(pairs.strike, spot, move), dropped, Dropped.OUTSIDE_MOVE)
    theta, gamma = pairs.greeks()
    with np.errstate(invalid="ignore"):
        scorable = (gamma > 0) & ~np.isnan(theta)
    pairs = _kept(pairs, scorable, dropped, Dropped.NO_GAMMA)
    if not len(pairs.calls):
        return StraddleChoice(None, 0, dropped)
    theta, gamma = theta[scorable], gamma[scorable]
    score = scores(rules, theta, gamma, pairs.spread)
    first = int(np.lexsort((pairs.strike, pairs.days, pairs.distance, pairs.spread, score))[0])
    best = pairs.scored(first, float(theta[first]), float(gamma[first]), float(score[first]))
    return StraddleChoice(best, len(pairs.calls), dropped)


def scores(rules: ChoiceRules, theta: ArrayLike, gamma: ArrayLike, spread: ArrayLike) -> Floats:
    """What a unit of gamma costs: (theta_weight x |theta| + spread) / gamma, all per share. Rules: SC-410, SC-411.

    >>> scores(ChoiceRules(), -0.39538, 0.027810, 0.12).round(3).item()
    18.532
    """
    match rules.cost_scaling:
        case CostScaling.SHARE:
            weight = 1
        case CostScaling.LEGACY:
            weight = EQUITY_OPTION_MULTIPLIER * rules.straddles
        case CostScaling.NONE:
            weight = 0
        case _:
            assert_never(rules.cost_scaling)
    cost = rules.theta_weight * np.abs(np.asarray(theta)) + weight * np.asarray(spread)
    return np.asarray(cost / np.asarray(gamma))


def expected_move(spot: float, volatility: ArrayLike, days: ArrayLike) -> Floats:
    """One standard deviation until expiry, points. Rules: SC-404, SC-409.

    >>> expected_move(590, [0.177, 0.20], [45, 30]).round(4).tolist()
    [36.6553, 33.818]
    """
    return np.asarray(spot * np.asarray(volatility) * np.sqrt(np.asarray(days) / DAYS_OF_A_YEAR))


def is_in_band(strike: Floats, spot: float, move: Floats) -> Bools:
    """Whether a strike lies in [S - move, S + move]."""
    return np.asarray((strike >= spot - move) & (strike <= spot + move))


def straddles_bought(
    rules: ChoiceRules, premium: Decimal, equity: Decimal, position_share: Decimal, buying_power: Decimal | None
) -> int | Verdict:
    """How many straddles of `premium` points are bought; `position_cap` where not one. Rule: SC-458.

    `equity` and `buying_power` in dollars; `position_share` of the equity is what one position may cost.

    >>> straddles_bought(ChoiceRules(), Decimal("29.40"), Decimal(11_760), Decimal("0.25"), None)
    1
    >>> print(straddles_bought(ChoiceRules(), Decimal("29.40"), Decimal(11_759), Decimal("0.25"), None))
    skip position_cap: 2940.00 > 2939.75
    """
    cost = premium * EQUITY_OPTION_MULTIPLIER
    room = [position_share * equity]
    if rules.max_position_value is not None:
        room.append(rules.max_position_value)
    if rules.buying_power_fraction is not None:
        room.append(rules.buying_power_fraction * (buying_power or Decimal(0)))
    payable = int((min(room) / cost).to_integral_value(ROUND_FLOOR))
    wanted = rules.straddles if rules.max_contracts is None else min(rules.straddles, rules.max_contracts)
    if payable < 1:
        return Verdict.skip("position_cap", f"{cost:.2f}", f"> {min(room):.2f}")
    return min(wanted, payable)


@frozen(eq=False)
class _Pairs:
    """Calls and puts of equal expiry and strike, as rows of a chain; `days` to expiry (n,)."""

    chain: OptionChain
    calls: Rows
    puts: Rows
    days: NDArray[np.int64]
    steps: int
    underlying: Underlying
    spot: float
    seconds_to: SecondsTo
    rates: MarketRates

    @property
    def strike(self) -> Floats:
        return self.chain.strike[self.calls]

    @property
    def distance(self) -> Floats:
        return np.asarray(np.round(np.abs(self.strike - self.spot), PRICE_PLACES), dtype=np.float64)

    @property
    def spread(self) -> Floats:
        """Of both legs, points."""
        width = self.chain.ask - self.chain.bid
        return np.asarray(np.round(width[self.calls] + width[self.puts], PRICE_PLACES), dtype=np.float64)

    def only(self, kept: Bools | Rows) -> _Pairs:
        return _Pairs(
            self.chain, self.calls[kept], self.puts[kept], self.days[kept], self.steps, self.underlying, self.spot,
            self.seconds_to, self.rates,
        )  # fmt: skip

    def expected_moves(self) -> Floats:
        """Of each pair's expiry, by the call nearest to the price, the lower strike of two; NaN: no volatility."""
        order = np.lexsort((self.strike, self.distance, self.days))
        _, starts = np.unique(self.days[order], return_index=True)
        nearest = self.only(order[starts])
        move = expected_move(self.spot, nearest._volatility(), nearest.days)
        return np.asarray(move[np.searchsorted(nearest.days, self.days)])

    def _volatility(self) -> Floats:
        return self._model(self.calls, self.days).volatility

    def greeks(self) -> tuple[Floats, Floats]:
        """Theta and gamma of call + put per share, both legs at their own mids, in one go."""
        both = self._model(np.concatenate((self.calls, self.puts)), np.concatenate((self.days, self.days)))
        count = len(self.calls)
        return both.theta[:count] + both.theta[count:], both.gamma[:count] + both.gamma[count:]

    def _model(self, rows: Rows, days: NDArray[np.int64]) -> GreekColumns:
        chain = self.chain
        expiries, which = np.unique(chain.expiry[rows], return_inverse=True)
        seconds = np.array([self.seconds_to(one) for one in expiries.tolist()], dtype=np.float64)[which]
        columns = ContractColumns(chain.strike[rows], chain.is_call[rows], seconds)
        mid = 0.5 * (chain.bid[rows] + chain.ask[rows])
        return greeks_of(self.underlying.exercise, columns, mid, self.spot, self.rates.carry(days), self.steps)

    def scored(self, number: int, theta: float, gamma: float, score: float) -> ScoredStraddle:
        call, put = int(self.calls[number]), int(self.puts[number])
        straddle = Straddle(
            self.chain.contract(call, self.underlying), self.chain.contract(put, self.underlying), self._quote(call),
            self._quote(put),
        )  # fmt: skip
        spread = straddle.call_quote.width + straddle.put_quote.width
        return ScoredStraddle(straddle, int(self.days[number]), theta, gamma, spread, score)

    def _quote(self, row: int) -> Quote:
        bid, ask = (from_float(float(column[row])) for column in (self.chain.bid, self.chain.ask))
        return Quote(bid, ask, dt.datetime.fromtimestamp(float(self.chain.quoted_at[row]), dt.UTC))


def _kept(pairs: _Pairs, kept: Bools, dropped: dict[Dropped, int], step: Dropped) -> _Pairs:
    dropped[step] = int(np.count_nonzero(~kept))
    return pairs.only(kept)


def _paired(chain: OptionChain, rows: Rows) -> tuple[Rows, Rows]:
    """The rows of calls, and of the puts of the same root, expiry and strike."""
    puts = {
        (int(chain.root[row]), chain.expiry[row], float(chain.strike[row])): row
        for row in rows.tolist()
        if not chain.is_call[row]
    }
    pairs = [
        (row, puts[key])
        for row in rows.tolist()
        if chain.is_call[row] and (key := (int(chain.root[row]), chain.expiry[row], float(chain.strike[row]))) in puts
    ]
    calls, others = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(calls, dtype=np.intp), np.array(others, dtype=np.intp)
