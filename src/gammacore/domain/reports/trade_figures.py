"""What a list of trades amounts to: wins and losses, profit factor, drawdown. Rules: CS-623, CS-624, CS-703, CS-705."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.reports.trades import Trade, TradeResult

LARGEST_CREDIT = Decimal(100)
LARGEST_PL = Decimal(10_000)


@frozen
class TradeFigures:
    """Trades counted and summed, dollars gross of fees. Break-even is neither a win nor a loss, an open trade no trade
    yet. `average_loss` is positive. `left_out` names trades with figures no trade has: they count nowhere.
    `credits` are those of credit spreads.
    """

    trades: int
    open: int
    wins: int
    losses: int
    break_even: int
    credits: Decimal
    won: Decimal
    lost: Decimal
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, trades: Iterable[Trade]) -> TradeFigures:
        """The figures of these trades. Rule: CS-623."""
        reported = list(trades)
        sane = [trade for trade in reported if is_plausible(trade)]
        results = [trade.result for trade in sane]
        amounts = [trade.pnl for trade in sane if trade.pnl is not None]
        return cls(
            trades=len(amounts),
            open=results.count(TradeResult.OPEN),
            wins=results.count(TradeResult.WIN),
            losses=results.count(TradeResult.LOSS),
            break_even=results.count(TradeResult.BREAK_EVEN),
            credits=sum((trade.sold.premium for trade in sane if trade.sold is not None), Decimal(0)),
            won=sum((pnl for pnl in amounts if pnl > 0), Decimal(0)),
            lost=-sum((pnl for pnl in amounts if pnl < 0), Decimal(0)),
            left_out=tuple(trade.id for trade in reported if not is_plausible(trade)),
        )

    @property
    def pnl(self) -> Decimal:
        """Dollars, gross."""
        return self.won - self.lost

    @property
    def win_rate(self) -> Fraction | None:
        """Wins as a part of wins and losses; None without either. Rule: CS-623."""
        decided = self.wins + self.losses
        return Fraction(self.wins, decided) if decided else None

    @property
    def profit_factor(self) -> Fraction | None:
        """Dollars won for each dollar lost; None while nothing was lost."""
        return Fraction(self.won) / Fraction(self.lost) if self.lost else None

    @property
    def average_win(self) -> Decimal | None:
        return self.won / self.wins if self.wins else None

    @property
    def average_loss(self) -> Decimal | None:
        return self.lost / self.losses if self.losses else None


def trades_once(trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """Each trade once, in its newest state: reports of several days repeat what stays open."""
    return tuple({trade.id: trade for trade in trades}.values())


def by_strategy(trades: Iterable[Trade]) -> dict[str, TradeFigures]:
    """The figures of each strategy tag, in the order of its first trade. Rule: CS-623."""
    groups: dict[str, list[Trade]] = {}
    for trade in trades:
        groups.setdefault(trade.strategy, []).append(trade)
    return {tag: TradeFigures.of(group) for tag, group in groups.items()}


@frozen
class Drawdown:
    """The deepest fall of equity from the peak before it: dollars, and as a part of that peak."""

    dollars: Decimal
    part: Decimal


def drawdown(equity: Sequence[Decimal]) -> Drawdown:
    """The worst fall from the running peak, oldest first. Rule: CS-705.

    >>> fall = drawdown([Decimal(x) for x in (20000, 20450, 20300, 20500, 20090)])
    >>> fall.dollars, fall.part
    (Decimal('410'), Decimal('0.02'))
    """
    worst = Drawdown(Decimal(0), Decimal(0))
    peak: Decimal | None = None
    for balance in equity:
        peak = balance if peak is None else max(peak, balance)
        if peak - balance > worst.dollars:
            worst = Drawdown(peak - balance, (peak - balance) / peak)
    return worst


def is_plausible(trade: Trade) -> bool:
    """A spread has a credit in 0..100 points and a P/L within 10,000 dollars. Rule: CS-623."""
    if trade.sold is None:
        return True
    return 0 <= trade.sold.credit <= LARGEST_CREDIT and abs(trade.pnl or Decimal(0)) <= LARGEST_PL
