"""The figures of a record on one basis, net or gross: counts, means, profit factor, runs, holds. Rules: ST-301..307."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from statistics import median

from attrs import field, frozen

from gammacore.domain.dollars import exact
from gammacore.domain.study.daily import DailyFigures, daily_figures
from gammacore.domain.study.drawdowns import Drawdowns, drawdowns_of
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.undefined import Codes, Collected, Undefined

ZERO = Decimal(0)


class Basis(StrEnum):
    """What a figure is made of: net is after fees and is what is judged. Rule: ST-003."""

    NET = "net"
    GROSS = "gross"

    def of(self, trade: ClosedTrade) -> Decimal:
        """Dollars of a trade on this basis."""
        return trade.net if self is Basis.NET else trade.gross


@frozen
class Counted:
    """Trades counted and summed, dollars; a flat is neither a win nor a loss. `lost` is positive. ST-301, ST-302.

    >>> counted = Counted.of([Decimal(100), Decimal(-40), Decimal(0)])
    >>> counted.wins, counted.losses, counted.flats, counted.total, counted.win_rate, counted.profit_factor
    (1, 1, 1, Decimal('60'), 0.5, 2.5)
    """

    trades: int
    wins: int
    losses: int
    won: Decimal
    lost: Decimal

    @classmethod
    def of(cls, results: Sequence[Decimal]) -> Counted:
        return cls(
            trades=len(results),
            wins=sum(result > 0 for result in results),
            losses=sum(result < 0 for result in results),
            won=sum((result for result in results if result > 0), ZERO),
            lost=-sum((result for result in results if result < 0), ZERO),
        )

    @property
    def flats(self) -> int:
        return self.trades - self.wins - self.losses

    @property
    def total(self) -> Decimal:
        return self.won - self.lost

    @property
    def win_rate(self) -> float | None:
        """Wins as a part of wins and losses; None without either."""
        return self.wins / (self.wins + self.losses) if self.wins + self.losses else None

    @property
    def win_rate_of_all(self) -> float | None:
        return self.wins / self.trades if self.trades else None

    @property
    def profit_factor(self) -> float | None:
        """Dollars won for each dollar lost; None without a loss."""
        return float(Fraction(self.won) / Fraction(self.lost)) if self.lost else None

    @property
    def average_win(self) -> Decimal | None:
        return self.won / self.wins if self.wins else None

    @property
    def average_loss(self) -> Decimal | None:
        """A positive amount."""
        return self.lost / self.losses if self.losses else None

    @property
    def payoff(self) -> float | None:
        """The average win for each dollar of the average loss; None without a win or a loss."""
        if not self.wins or not self.losses:
            return None
        return float(Fraction(self.won) / self.wins / (Fraction(self.lost) / self.losses))

    @property
    def mean(self) -> Decimal | None:
        return exact(Fraction(self.total) / self.trades) if self.trades else None


@frozen
class Hold:
    """Minutes held, mean and median, also of winners and of losers; None where none has times. Rule: ST-307."""

    mean: float | None
    median: float | None
    mean_of_wins: float | None
    median_of_wins: float | None
    mean_of_losses: float | None
    median_of_losses: float | None


@frozen
class Figures:
    """All figures of one basis. `equity` is the balance at the start and after each close; `codes` why some are null.

    `mean_per_contract` is dollars for each contract traded; `longest_wins` and `longest_losses` are runs in order of
    closing.
    """

    basis: Basis
    start: Decimal
    counted: Counted
    contracts: int
    mean_per_contract: Decimal | None
    sd: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    break_even_win_rate: float | None
    longest_wins: int
    longest_losses: int
    hold: Hold
    equity: tuple[Decimal, ...]
    drawdown: Drawdowns
    daily: DailyFigures
    codes: Codes = field(factory=dict)

    @property
    def end(self) -> Decimal:
        """The balance after the last trade, dollars."""
        return self.equity[-1]


def figures_of(
    record: Sequence[ClosedTrade], basis: Basis, start: Decimal, sessions: Sequence[dt.date] | None, risk_free: float
) -> Figures:
    """The figures of a record in order of closing; `sessions` are the days of its range, None without dates."""
    results = [basis.of(trade) for trade in record]
    counted, contracts = Counted.of(results), sum(trade.contracts for trade in record)
    null = Collected()
    equity = [start]
    for result in results:
        equity.append(equity[-1] + result)
    falls = drawdowns_of(equity)
    daily = daily_figures(record, results, start, sessions, risk_free)
    figures = Figures(
        basis=basis,
        start=start,
        counted=counted,
        contracts=contracts,
        mean_per_contract=exact(Fraction(counted.total) / contracts) if contracts else None,
        sd=_deviation(results),
        largest_win=max((result for result in results if result > 0), default=None),
        largest_loss=min((result for result in results if result < 0), default=None),
        break_even_win_rate=_break_even(counted),
        longest_wins=_longest(results, 1),
        longest_losses=_longest(results, -1),
        hold=_hold(record, results, null),
        equity=tuple(equity),
        drawdown=falls,
        daily=daily,
        codes=null.codes,
    )
    _say_why(figures, null)
    return figures


def _say_why(figures: Figures, null: Collected) -> None:
    """The code of every figure that is None. Rule: ST-005."""
    counted = figures.counted
    empty = Undefined.NO_TRADES if not counted.trades else None
    if counted.win_rate is None:
        null.null("win_rate", empty or Undefined.NO_WINS)
    for name in ("win_rate_of_all", "mean", "mean_per_contract"):
        if empty:
            null.null(name, empty)
    if figures.sd is None:
        null.null("sd", empty or Undefined.ONE_TRADE)
    if not counted.losses:
        for name in ("profit_factor", "average_loss", "largest_loss", "payoff", "break_even_win_rate"):
            null.null(name, empty or Undefined.NO_LOSSES)
    if not counted.wins:
        for name in ("average_win", "largest_win", "payoff", "break_even_win_rate"):
            null.null(name, empty or Undefined.NO_WINS)
    for name, fall in (("dollars", figures.drawdown.dollars), ("percent", figures.drawdown.percent)):
        if fall.peak is None:
            for part in ("peak", "trough", "recovery"):
                null.null(f"drawdown.{name}_at.{part}", empty or Undefined.NO_DRAWDOWN)
        elif fall.recovery is None:
            null.null(f"drawdown.{name}_at.recovery", Undefined.NOT_RECOVERED)
    if not any(day.trades for day in figures.daily.days):
        for name in ("best_date", "worst_date"):
            null.null(name, empty or Undefined.DATES_UNKNOWN)
    for name, code in figures.daily.codes.items():
        null.null("drawdown.longest_under_water" if name == "longest_under_water" else name, code)


def _deviation(results: Sequence[Decimal]) -> Decimal | None:
    """Dollars, with n - 1: from the exact variance, rounded once."""
    if len(results) < 2:
        return None
    middle = Fraction(sum(results, ZERO)) / len(results)
    variance = sum(((Fraction(result) - middle) ** 2 for result in results), Fraction(0)) / (len(results) - 1)
    with localcontext() as context:
        context.prec = 40
        root = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
    return +root


def _break_even(counted: Counted) -> float | None:
    """The win rate at which average win and loss come to nothing: 1/(1 + payoff). Rule: ST-302."""
    payoff = counted.payoff
    return None if payoff is None else 1 / (1 + payoff)


def _longest(results: Sequence[Decimal], sign: int) -> int:
    """The longest run of one sign; a flat neither counts nor ends it. Rule: ST-307."""
    longest = run = 0
    for result in results:
        if result:
            run = run + 1 if result * sign > 0 else 0
            longest = max(longest, run)
    return longest


def _hold(record: Sequence[ClosedTrade], results: Sequence[Decimal], null: Collected) -> Hold:
    held = [(trade.minutes, result) for trade, result in zip(record, results, strict=True)]
    figures: list[float | None] = []
    for which, of in (("", 0), ("_of_wins", 1), ("_of_losses", -1)):
        minutes = [Fraction(time) for time, result in held if time is not None and (not of or result * of > 0)]
        if not minutes:
            code = _why_no_hold(record, results, of)
            null.null(f"hold.mean{which}", code)
            null.null(f"hold.median{which}", code)
        figures += [float(sum(minutes) / len(minutes)), float(median(minutes))] if minutes else [None, None]
    return Hold(*figures)


def _why_no_hold(record: Sequence[ClosedTrade], results: Sequence[Decimal], of: int) -> Undefined:
    if not record:
        return Undefined.NO_TRADES
    if of and not any(result * of > 0 for result in results):
        return Undefined.NO_WINS if of > 0 else Undefined.NO_LOSSES
    return Undefined.TIMES_UNKNOWN
