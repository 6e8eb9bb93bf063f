"""Paths of an account: drawn trades traded by a sizing policy, many at once. Rules: ST-401, ST-405, ST-406, ST-407.

Columns of float64, a row a step. A float may stand on the wrong side of a whole contract only where it is within a
billionth of it; there, and where a balance stands at the halt or at a cap, the size is settled by the policy itself in
exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.dollars import exact
from gammacore.domain.parameters import parameter
from gammacore.domain.sizing.on_paths import Codes, ColumnSizing, PathSizing, TradeTerms
from gammacore.errors import InvalidInput

NEAR = 1e-9
"""Contracts from a whole number within which float64 does not decide. Rule: ST-405."""

NEAR_DOLLARS = 1e-6
"""Dollars from the halt or an account's cap within which float64 does not decide."""


@frozen
class DrawnTrade:
    """What a draw brings: gross P/L and cost in dollars a contract, and what a size may depend on. ST-401, ST-406."""

    profit: Decimal
    terms: TradeTerms
    cost: Decimal = Decimal(0)


@frozen
class Stress:
    """Gaps and forced stops laid over the draws; they replace the P/L, also of losers. Rule: ST-407.

    >>> Stress().mean(Decimal("40"), Decimal(0))
    Decimal('10.20')
    """

    gap_share: Decimal = parameter(Decimal("0.02"), "Part of the trades that gap.", at_least=0, at_most=1)
    gap_loss: Decimal | None = parameter(
        Decimal(500), "Dollars a contract a gap loses; none: the maximum risk.", above=0
    )
    stop_share: Decimal = parameter(Decimal("0.10"), "Part of the trades stopped by force.", at_least=0, at_most=1)
    stop_loss: Decimal = parameter(Decimal(150), "Dollars a contract a forced stop loses.", above=0)

    def __attrs_post_init__(self) -> None:
        if (both := self.gap_share + self.stop_share) > 1:
            raise InvalidInput("gap_share + stop_share", both, "give parts of all trades that add up to at most 1")

    def mean(self, record_mean: Decimal, cost: Decimal, mean_risk: Decimal = Decimal(0)) -> Decimal:
        """The closed form of the mean P/L a contract, dollars, after this cost."""
        gap = mean_risk if self.gap_loss is None else self.gap_loss
        kept = 1 - self.gap_share - self.stop_share
        return kept * record_mean - self.gap_share * gap - self.stop_share * self.stop_loss - cost


@frozen(eq=False)
class Outcomes:
    """Every outcome a step can have, by code: the record's trades, then with stress each gapped, then each stopped."""

    profits: tuple[Decimal, ...]
    costs: tuple[Decimal, ...]
    terms: tuple[TradeTerms, ...]
    stress: Stress | None = None

    @classmethod
    def of(cls, trades: Sequence[DrawnTrade], stress: Stress | None = None) -> Outcomes:
        profits = [trade.profit for trade in trades]
        if stress is not None:
            lost = stress.gap_loss
            profits += [-(trade.terms.max_risk if lost is None else lost) for trade in trades]
            profits += [-stress.stop_loss] * len(trades)
        times = 1 if stress is None else 3
        costs, terms = [trade.cost for trade in trades], [trade.terms for trade in trades]
        return cls(tuple(profits), tuple(costs * times), tuple(terms * times), stress)

    def codes(self, indices: Codes, luck: Floats | None = None) -> Codes:
        """Outcomes of drawn trades, steps × paths; `luck` in 0..1 decides where the stress strikes. Rule: ST-407."""
        if self.stress is None:
            return indices
        assert luck is not None, "stress draws a second number for each step"
        trades = len(self.profits) // 3
        gap, stop = self.stress.gap_share, self.stress.stop_share
        gapped, stopped = luck < float(gap), luck < float(gap + stop)
        return np.where(gapped, indices + trades, np.where(stopped, indices + 2 * trades, indices))


@frozen(eq=False)
class Paths:
    """Balances before the first and after each step, contracts at each step: a row a step, a column a path."""

    balances: Floats
    sizes: Floats
    halted: NDArray[np.bool_]
    """Paths that came to size 0 by the halt, and stayed there."""
    settled: int
    """Sizes that were settled in exact arithmetic."""


def walk(outcomes: Outcomes, sizing: PathSizing, codes: Codes, start: Decimal) -> Paths:
    """Trade drawn outcomes (steps × paths) from `start` dollars by a policy. Rule: ST-401."""
    columns = sizing.over(outcomes.terms)
    floats = np.array([float(profit) for profit in outcomes.profits])
    profits = floats.take(codes)
    costs = np.array([float(cost) for cost in outcomes.costs])
    gains = (floats - costs).take(codes) if costs.any() else profits
    trading = _Trading(columns, codes, profits, gains, start, spread=_spread(floats))
    with np.errstate(divide="ignore", invalid="ignore"):
        paths, doubtful = trading.run()
    if not doubtful.size:
        return paths
    some = evolve(
        trading, codes=codes[:, doubtful], profits=profits[:, doubtful], gains=gains[:, doubtful]
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        careful, _ = some.run(_Settling(outcomes, sizing, start))
    paths.balances[:, doubtful], paths.sizes[:, doubtful] = careful.balances, careful.sizes
    paths.halted[doubtful] = careful.halted
    return Paths(paths.balances, paths.sizes, paths.halted, careful.settled)


@frozen(eq=False)
class _Trading:
    """One walk over columns: the policy, what was drawn, its P/L and its gain after costs, dollars a contract."""

    columns: ColumnSizing
    codes: Codes
    profits: Floats
    gains: Floats
    start: Decimal
    spread: float
    """The largest P/L over the smallest win: by so much a sum of wins may be less exact than its terms."""

    def run(self, settle: _Settling | None = None) -> tuple[Paths, NDArray[np.intp]]:
        """The paths, and those with a size that float64 may have wrong, unless each such size is settled."""
        steps, count = self.codes.shape
        columns, gains = self.columns, self.gains
        sizing = columns.steps(self.codes, self.profits)
        balances, sizes = np.empty((steps + 1, count)), np.empty((steps, count))
        balances[0] = float(self.start)
        if sizing is None:
            sizes[:] = columns.most
        least, greatest, part = np.full(count, 0.5), np.full(count, 0.5), np.full(count, 0.5)
        doubt, near, near_dollars, settled = np.zeros(count, dtype=bool), self._near, self._near_dollars, 0
        halt, look_again = columns.floor, 0
        worst = max(1e-12, -float(gains.min(initial=0.0)) * columns.most)
        for step in range(steps):
            size, balance = sizes[step], balances[step]
            if sizing is not None:
                raw = sizing.bought(step, balance)
                np.floor(raw, out=size)
                np.subtract(raw, size, out=part)
                np.minimum(least, part, out=least)
                np.maximum(greatest, part, out=greatest)
                sizing.limit(step, size, balance)
            at_edge = None
            if step >= look_again:  # else no path can have come to the halt since the last look
                lowest = float(balance.min(initial=np.inf))
                if lowest <= halt + near_dollars:
                    size[balance < halt] = 0.0
                    at_edge = np.abs(balance - halt) <= near_dollars
                else:
                    look_again = step + 1 + int(min((lowest - halt - near_dollars) / worst, steps))
            for edge in columns.account_edges:
                at_edge = (np.abs(balance - edge) <= near_dollars) | (False if at_edge is None else at_edge)
            if at_edge is not None:
                doubt |= at_edge
            if settle is not None:
                unsure = (part <= near) | (part >= 1 - near)
                for path in np.flatnonzero(unsure if at_edge is None else unsure | at_edge):
                    size[path] = settle(self.codes[: step + 1, path], sizes[:step, path])
                    settled += 1
            after = np.multiply(size, gains[step], out=balances[step + 1])
            after += balance
        doubt |= (least <= near) | (greatest >= 1 - near)
        last = min(1, steps)  # a size of 0 above the halt is a LOW setup that was left out
        halted = (sizes[steps - last :] == 0).all(axis=0) & (balances[steps - last] <= halt + near_dollars)
        return Paths(balances, sizes, halted, settled), np.flatnonzero(doubt)

    @property
    def _largest(self) -> float:
        """Dollars no balance of these paths exceeds."""
        return float(self.start) + len(self.gains) * self.columns.most * float(np.abs(self.gains).max(initial=0.0))

    @property
    def _near(self) -> float:
        """Contracts: wider than the rule's where balances or the spread of P/L let rounding reach further."""
        return min(max(NEAR, 1e-13 * self.spread * self._largest / float(self.columns.risk.min())), 0.25)

    @property
    def _near_dollars(self) -> float:
        return max(NEAR_DOLLARS, 1e-13 * self._largest)


def _spread(profits: Floats) -> float:
    won = profits[profits > 0]
    return float(np.abs(profits).max() / won.min()) if won.size else 1.0


class _Settling:
    """Sizes in exact arithmetic, by the policy itself; equal questions are answered once. Rule: ST-405."""

    def __init__(self, outcomes: Outcomes, sizing: PathSizing, start: Decimal) -> None:
        self._outcomes, self._sizing, self._start = outcomes, sizing, Fraction(start)
        pairs = zip(outcomes.profits, outcomes.costs, strict=True)
        self._gains = [Fraction(profit) - Fraction(cost) for profit, cost in pairs]
        self._known: dict[tuple[object, ...], int] = {}

    def __call__(self, codes: NDArray[np.intp], sizes: Floats) -> int:
        """Contracts for the last of `codes`, after the others were traded in these sizes."""
        past, taken = codes[:-1].tolist(), sizes.tolist()
        profits, code = self._outcomes.profits, int(codes[-1])
        traded = [(one, int(size)) for one, size in zip(past, taken, strict=True) if size]
        balance = self._start + sum(self._gains[one] * size for one, size in traded)
        history = tuple(profits[one] for one, _ in traded[-self._sizing.rules.window :])
        terms = self._outcomes.terms[code]
        question = (balance, history, terms)
        if (size := self._known.get(question)) is None:
            size = self._known[question] = self._sizing.contracts(exact(balance), history, terms)
        return size


def drawdowns(balances: Floats) -> tuple[Floats, Floats]:
    """The deepest fall below the running peak of each path: dollars, and part of the peak, each by itself. ST-303.

    >>> deepest, part = drawdowns(np.array([[100.0], [80.0], [300.0], [270.0]]))
    >>> float(deepest[0]), float(part[0])
    (30.0, 0.2)
    """
    peak = balances[0].copy()
    deepest, part, fall = np.zeros_like(peak), np.zeros_like(peak), np.empty_like(peak)
    for balance in balances:
        np.maximum(peak, balance, out=peak)
        np.subtract(peak, balance, out=fall)
        np.maximum(deepest, fall, out=deepest)
        np.divide(fall, peak, out=fall)
        np.maximum(part, fall, out=part)
    return deepest, part
