"""The sizing policies for many paths at once: columns of balances instead of one account, equal at every step.

What Kelly makes of a path's last trades depends on what the path drew, not on its balance: `per_dollar` is computed for
all steps before the first balance is known, and a step is left with a product, a floor and the caps. `contracts` is
the same size for one path, exactly, by the policies themselves. Rules: CS-601..608, ST-401, ST-402, ST-405.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import assert_never

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.instruments import Underlying
from gammacore.domain.sizing.kelly import StudySizing, exact
from gammacore.domain.sizing.policies import (
    ACCOUNT_CAPS,
    SPX,
    AssumedRecord,
    BootstrapStats,
    RollingHalfKelly,
    SizingRules,
    limited,
    multiple_for,
)
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput

Codes = NDArray[np.intp]
"""Which outcome each path drew at each step: steps × paths, numbers of rows in a table of outcomes."""
Counts = NDArray[np.int16] | NDArray[np.int32]
Known = int | NDArray[np.intp]


class PolicyKind(StrEnum):
    """Which rule sizes the trades of a path; the last three are for study only. Rule: ST-402."""

    ROLLING = "rolling"
    BOOTSTRAP_STATS = "bootstrap-stats"
    STUDY = "study"
    OFF = "off"
    FIXED = "fixed"


@frozen
class TradeTerms:
    """What a size may depend on of the trade to come, never its P/L; `max_risk` is dollars a contract."""

    max_risk: Decimal
    underlying: Underlying = SPX
    confidence: Confidence | None = None


@frozen
class PathSizing:
    """A policy under the figures of sizing: fixed sizes halt like the others, and know no other limit. Rule: ST-402.

    >>> PathSizing.parse("fixed:10").contracts(Decimal(20_000), [], TradeTerms(Decimal(250)))
    10
    >>> PathSizing.parse("study").contracts(Decimal(20_000), [Decimal(100), Decimal(-60)], TradeTerms(Decimal(250)))
    3
    """

    kind: PolicyKind = PolicyKind.ROLLING
    rules: SizingRules = SizingRules()
    fixed: int = 1

    @classmethod
    def parse(cls, text: str, rules: SizingRules | None = None) -> PathSizing:
        """`rolling`, `bootstrap-stats`, `study`, `off` or `fixed:N`."""
        name, colon, number = text.partition(":")
        try:
            kind, fixed = PolicyKind(name), int(number) if colon else 1
        except ValueError:
            kind, fixed = PolicyKind.FIXED, 0
        if fixed < 1 or (kind is PolicyKind.FIXED) is not bool(colon):
            raise InvalidInput("policy", text, "give rolling, bootstrap-stats, study, off or fixed:N, N at least 1")
        return cls(kind, rules or SizingRules(), fixed)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.fixed}" if self.kind is PolicyKind.FIXED else self.kind.value

    def contracts(self, balance: Decimal, history: Sequence[Decimal], trade: TradeTerms) -> int:
        """Contracts for one path, exactly; `history` is gross P/L a contract, dollars, oldest first. Rule: ST-401."""
        rules, terms = self.rules, (trade.max_risk, trade.underlying, trade.confidence)
        if rules.is_halted(balance):
            return 0
        match self.kind:
            case PolicyKind.ROLLING:
                return RollingHalfKelly(rules).size(balance, history, *terms).contracts
            case PolicyKind.BOOTSTRAP_STATS:
                return BootstrapStats(rules).size(balance, history, *terms).contracts
            case PolicyKind.STUDY:
                wanted = self._study.contracts(balance, history[-rules.window :])
                return limited(wanted, balance, trade.underlying, trade.confidence, rules)[0]
            case PolicyKind.OFF:
                return RollingHalfKelly(evolve(rules, sizing=False)).size(balance, history, *terms).contracts
            case PolicyKind.FIXED:
                return self.fixed
            case _:
                assert_never(self.kind)

    @property
    def _study(self) -> StudySizing:
        return StudySizing(fraction=self.rules.fraction, max_contracts=self.rules.max_contracts)

    @property
    def reads_record(self) -> bool:
        """Whether sizes follow the record and the balance; otherwise they are the same until a halt."""
        return self.rules.sizing and self.kind not in (PolicyKind.OFF, PolicyKind.FIXED)

    def over(self, trades: Sequence[TradeTerms]) -> ColumnSizing:
        """The same policy for paths of draws from these trades."""
        return ColumnSizing.of(self, trades)


@frozen(eq=False)
class ColumnSizing:
    """A policy with what it reads of each trade as columns, by code: risk in dollars, multiple and cap in contracts."""

    sizing: PathSizing
    risk: Floats
    multiple: Floats
    cap: Floats

    @classmethod
    def of(cls, sizing: PathSizing, trades: Sequence[TradeTerms]) -> ColumnSizing:
        rules, ones = sizing.rules, np.ones(len(trades))
        if not sizing.reads_record:
            return cls(sizing, ones, ones, ones * (sizing.fixed if sizing.kind is PolicyKind.FIXED else 1))
        match sizing.kind:
            case PolicyKind.BOOTSTRAP_STATS:
                risks = [AssumedRecord().stop_for(trade.underlying) for trade in trades]
            case PolicyKind.STUDY:
                risks = [StudySizing().risk] * len(trades)
            case _:
                risks = [trade.max_risk for trade in trades]
        return cls(
            sizing,
            np.array([float(risk) for risk in risks]),
            np.array([float(multiple_for(trade.confidence, rules)) for trade in trades]),
            np.array([float(min(rules.max_contracts, trade.underlying.max_contracts)) for trade in trades]),
        )

    @property
    def rules(self) -> SizingRules:
        return self.sizing.rules

    @property
    def floor(self) -> float:
        """Dollars below which a path halts. Rule: CS-601."""
        return float(
            exact("starting_capital", self.rules.starting_capital) * exact("halt_below", self.rules.halt_below)
        )

    @cached_property
    def most(self) -> int:
        """Contracts a trade at most."""
        return int(self.cap.max())

    @property
    def account_edges(self) -> tuple[float, ...]:
        """Balances at which the cap by account changes, where it counts. Rule: CS-607."""
        return tuple(float(edge) for edge, _ in ACCOUNT_CAPS) if self.rules.caps_by_account else ()

    def steps(self, codes: Codes, profits: Floats) -> ColumnSteps | None:
        """Sizes of drawn paths, a step at a time; None where sizes are the same until a halt.

        `profits` is gross P/L a contract, dollars, by step and path.
        """
        return ColumnSteps(self, codes, profits) if self.sizing.reads_record else None


class ColumnSteps:
    """The sizes of many paths step by step, in order: what the balances buy, then contracts."""

    def __init__(self, columns: ColumnSizing, codes: Codes, profits: Floats) -> None:
        rules, every = columns.rules, bool(columns.multiple.all())
        self._columns, self._codes, self._rules, self._kind = columns, codes, rules, columns.sizing.kind
        self._windows = Windows.of(profits, rules.window, None if every else columns.multiple.take(codes) > 0)
        self._per_risk = 1 / columns.risk
        self._fraction, self._assumed = (
            float(rules.fraction),
            float(AssumedRecord().kelly(SPX) * Fraction(rules.fraction)),
        )
        self._shares = (float(StudySizing().least_share), float(StudySizing().most_share))
        self._ceiling, self._raw = columns.most + 0.5, np.empty(codes.shape[1])
        self._has_multiples = bool((columns.multiple != 1).any())
        self._has_caps = bool(columns.cap.min() < columns.most)

    def bought(self, step: int, balance: Floats) -> Floats:
        """Contracts that half Kelly over the risk buys at this step, before floor and caps.

        Held between 1.5 and half a contract above the cap, where nothing depends on how much it is; 0 means one
        contract, and so does whatever buys less than one. The array is used again at the next step. Callers let
        numpy divide by 0.
        """
        raw, rules = self._raw, self._rules
        known, wins, won, total = self._windows.before(step)
        np.divide(total, won, out=raw)  # without a win this is no number, which means a Kelly fraction of 0
        np.multiply(raw, wins, out=raw)  # p - q L/W is p × sum/(sum of the wins): CS-602
        factor, per_risk = self._fraction / np.maximum(known, 1), self._per_risk
        match self._kind:
            case PolicyKind.ROLLING:
                if isinstance(known, int):  # the same for all paths: on the table of risks, not on every path
                    per_risk = per_risk * factor
                    doubted = known < rules.first_trades or np.maximum.reduce(wins) == known
                else:
                    np.multiply(raw, factor, out=raw)
                    doubted = True
                if doubted:
                    raw[_is_doubted(known, wins, rules)] = 0.0
            case PolicyKind.BOOTSTRAP_STATS:
                np.multiply(raw, factor, out=raw)
                raw[_is_assumed(known, wins, rules)] = self._assumed
            case PolicyKind.STUDY:
                np.multiply(raw, factor, out=raw)
                np.fmax(raw, self._shares[0], out=raw)
                np.fmin(raw, self._shares[1], out=raw)
            case PolicyKind.OFF | PolicyKind.FIXED as kind:
                raise AssertionError(f"{kind} reads no record")
            case kind:
                assert_never(kind)
        np.multiply(raw, per_risk.take(self._codes[step]), out=raw)
        np.multiply(raw, balance, out=raw)
        np.fmax(raw, 1.5, out=raw)
        return np.minimum(raw, self._ceiling, out=raw)

    def limit(self, step: int, whole: Floats, balance: Floats) -> None:
        """Put the options and the caps on whole contracts, in place; the halt comes after. Rule: CS-607."""
        columns = self._columns
        if self._has_multiples:
            whole *= columns.multiple.take(self._codes[step])
        if self._has_caps:
            np.minimum(whole, columns.cap.take(self._codes[step]), out=whole)
        elif self._has_multiples:
            np.minimum(whole, columns.most, out=whole)
        if columns.rules.caps_by_account:
            ascending = ACCOUNT_CAPS[::-1]
            reached = np.searchsorted([floor for floor, _ in ascending], balance, side="right")
            np.minimum(whole, np.array([1.0, *(cap for _, cap in ascending)])[reached], out=whole)


def _is_doubted(known: Known, wins: Counts, rules: SizingRules) -> NDArray[np.bool_]:
    """Where version B trades one contract whatever the figures; without a win they say so themselves. Rule: CS-604."""
    doubted: NDArray[np.bool_] = (wins == known) | (known < rules.first_trades)
    return doubted


def _is_assumed(known: Known, wins: Counts, rules: SizingRules) -> NDArray[np.bool_]:
    """Where version A's assumed record decides, as `BootstrapStats` has it. Rule: CS-605."""
    record = AssumedRecord()
    few = (wins < record.least_wins) | (known - wins < record.least_losses)
    return few | (known < rules.first_trades)


class Windows:
    """The last trades before each step of each path: how many are known, how many won, what they won, and their sum.

    Running sums, taken anew every so often: no error grows with the length of a path.
    """

    def __init__(self, profits: Floats, window: int) -> None:
        self._window, count = window, profits.shape[1]
        self._columns = (
            (profits > 0).astype(np.int16 if window < 2**15 else np.int32),
            np.maximum(profits, 0.0),
            profits,
        )
        self._sums = tuple(np.zeros(count, dtype=column.dtype) for column in self._columns)

    @classmethod
    def of(cls, profits: Floats, window: int, traded: NDArray[np.bool_] | None) -> Windows | UnevenWindows:
        """Windows of paths; `traded` (None: every trade) marks the steps that were traded: no other joins a history."""
        return cls(profits, window) if traded is None else UnevenWindows(profits, window, traded)

    def before(self, step: int) -> tuple[Known, Counts, Floats, Floats]:
        """Known trades, wins, sum of the wins and sum of all, dollars a contract; steps are asked for in order."""
        window = self._window
        if step % ANEW == 0:
            for column, total in zip(self._columns, self._sums, strict=True):
                np.sum(column[max(0, step - window) : step], axis=0, out=total)
        else:
            for column, total in zip(self._columns, self._sums, strict=True):
                np.add(total, column[step - 1], out=total)
                if step > window:
                    np.subtract(total, column[step - 1 - window], out=total)
        wins, won, total = self._sums
        return min(step, window), wins, won, total


ANEW = 512
"""Steps after which running sums are taken anew."""


class UnevenWindows:
    """The same where some steps are not traded, so that each path has another number of trades behind it."""

    def __init__(self, profits: Floats, window: int, traded: NDArray[np.bool_]) -> None:
        self._behind = np.zeros(profits.shape, dtype=np.intp)
        np.cumsum(traded[:-1], axis=0, out=self._behind[1:])
        first_the_traded = np.argsort(~traded, axis=0, kind="stable")
        windows = Windows(np.take_along_axis(profits, first_the_traded, axis=0), window)
        each = [tuple(part.copy() for part in windows.before(step)[1:]) for step in range(len(profits))]
        self._window, self._sums = window, [np.array(column) for column in zip(*each, strict=True)]

    def before(self, step: int) -> tuple[Known, Counts, Floats, Floats]:
        behind = self._behind[step]
        wins, won, total = (sums[behind, np.arange(len(behind))] for sums in self._sums)
        return np.minimum(behind, self._window), wins, won, total
