"""What a trade record says: win rate, average win and average loss per contract."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.sizing.kelly import exact, kelly_fraction
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
