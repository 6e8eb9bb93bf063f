"""A trade record (win rate, average win and loss per contract) and its Kelly fraction, exactly: floors come last.

Version C of the sizing rule is kept for study: nothing that trades uses it. Rule: CS-608.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.dollars import exact_decimal
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


@frozen
class TradeStatistics:
    """Wins and losses of a record, averages in dollars per contract (gross), exact. Rules: CS-602, CS-603.

    A win is above 0; break-even counts as a loss. `average_loss` is positive. Of no trades every figure is 0.

    >>> record = TradeStatistics.of([Decimal(100), Decimal(-40), Decimal(0), Decimal(60)])
    >>> record.wins, record.losses, int(record.average_win), int(record.average_loss)
    (2, 2, 80, 20)
    """

    trades: int
    wins: int
    losses: int
    average_win: Fraction
    average_loss: Fraction

    @classmethod
    def of(cls, history: Sequence[Decimal | int], window: int | None = None) -> TradeStatistics:
        """The statistics of the last `window` P/Ls per contract (dollars, oldest first); all without a window."""
        if window is not None and window < 1:
            raise InvalidInput("window", window, "give 1 trade or more")
        recent = [exact("history", profit) for profit in (history if window is None else history[-window:])]
        wins = [profit for profit in recent if profit > 0]
        losses = [profit for profit in recent if profit <= 0]
        return cls(len(recent), len(wins), len(losses), _mean(wins), -_mean(losses))

    @property
    def win_rate(self) -> Fraction:
        return Fraction(self.wins, self.trades) if self.trades else Fraction(0)

    @property
    def kelly(self) -> Fraction:
        """The Kelly fraction of this record. Rule: CS-602."""
        return kelly_fraction(self.win_rate, self.average_win, self.average_loss)


def _mean(amounts: list[Fraction]) -> Fraction:
    return sum(amounts, Fraction(0)) / len(amounts) if amounts else Fraction(0)


def exact(field: str, value: Decimal | int) -> Fraction:
    """A figure as an exact fraction; refused when a float, not finite, beyond ±10¹² or finer than 10⁻³⁰.

    >>> exact("balance", Decimal("19995.50"))
    Fraction(39991, 2)
    """
    value = exact_decimal(field, value)
    if not value.is_finite() or value.adjusted() > 12 or int(value.as_tuple().exponent) < -30:
        raise InvalidInput(field, value, "give a finite figure of ordinary size")
    return Fraction(value)


def kelly_fraction(win_rate: Fraction, average_win: Fraction, average_loss: Fraction) -> Fraction:
    """The share of the balance that grows fastest: (p W - q L)/W, W and L per contract; 0 when W = 0. Rule: CS-602.

    Negative means no edge: the policies then trade their minimum, never a negative size.

    >>> round(float(kelly_fraction(Fraction(11, 45), Fraction(56), Fraction("34.62"))), 4)
    -0.2227
    >>> kelly_fraction(Fraction(0), Fraction(0), Fraction(109))
    Fraction(0, 1)
    """
    if not 0 <= win_rate <= 1:
        raise InvalidInput("win_rate", win_rate, "give a part of all trades, 0..1")
    for field, value in (("average_win", average_win), ("average_loss", average_loss)):
        if value < 0:
            raise InvalidInput(field, value, "give dollars per contract, 0 or above")
    if average_win == 0:
        return Fraction(0)
    return win_rate - (1 - win_rate) * average_loss / average_win


@frozen
class StudySizing:
    """Half of (p R - q)/R with R = W/L, held in 1..25 % of the balance, over 300 dollars a contract. Rule: CS-608.

    >>> StudySizing().contracts(Decimal(9_000), [Decimal(100), Decimal(-100), Decimal(100)])
    3
    """

    fraction: Decimal = parameter(Decimal("0.5"), "Part of the Kelly fraction.", above=0, at_most=1)
    least_share: Decimal = parameter(Decimal("0.01"), "Least part of the balance.", at_least=0, at_most=1)
    most_share: Decimal = parameter(Decimal("0.25"), "Most part of the balance.", above=0, at_most=1)
    risk: Decimal = parameter(Decimal(300), "Dollars a contract.", above=0)
    max_contracts: int = parameter(3, "Contracts at most.", at_least=1)

    def share(self, record: TradeStatistics) -> Fraction:
        """The part of the balance to risk. (p R - q)/R is p - q L/W: the Kelly fraction of CS-602."""
        half = record.kelly * exact("fraction", self.fraction)
        return min(max(half, exact("least_share", self.least_share)), exact("most_share", self.most_share))

    def contracts(self, balance: Decimal, history: Sequence[Decimal]) -> int:
        if (funds := exact("balance", balance)) < 0:
            raise InvalidInput("balance", balance, "give dollars, 0 or above")
        raw = funds * self.share(TradeStatistics.of(history)) / exact("risk", self.risk)
        return min(max(math.floor(raw), 1), self.max_contracts)
