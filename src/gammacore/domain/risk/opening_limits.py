"""When nothing may be opened: limits on what is held, and on what the account has lost, or lost too fast.

All are off by default, and none blocks a hedge or an exit. What the guards remember is `EquityWatch`, a value folded
from equity marks and closed trades. Rules: DH-1003, DH-1009.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york_time
from gammacore.domain.verdicts import Verdict

Figure = Decimal | int | None


@frozen
class ExposureSnapshot:
    """What the limits bound, as it is or as an opening would leave it; None is unknown.

    `contracts` of the symbol, signed; `net_delta` of its book, contract-deltas; `gamma` and `vega` of its book,
    Σ greek × contracts × multiplier; `day_loss` and `drawdown` from the high-water mark, dollars, positive when money
    was lost; `trades` opened today.
    """

    contracts: int | None = None
    net_delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    day_loss: Decimal | None = None
    drawdown: Decimal | None = None
    trades: int | None = None


@frozen
class OpeningLimits:
    """The largest an opening may leave things, each in the unit of what it bounds; none = off. Rule: DH-1003.

    What is bounded on both sides is compared without its sign, and only an opening that raises it is refused; what
    only time can change (losses, trades) refuses from the limit on.

    >>> limits = OpeningLimits(max_contracts_per_symbol=10)
    >>> print(limits.judge(ExposureSnapshot(contracts=8), ExposureSnapshot(contracts=11)))
    skip position_limit: 11 > 10
    >>> limits.judge(ExposureSnapshot(contracts=-12), ExposureSnapshot(contracts=-11)).passed
    True
    """

    max_contracts_per_symbol: int | None = parameter(None, "Contracts of one option; none = off.", at_least=0)
    max_net_delta: Decimal | None = parameter(None, "Net delta of a book, contract-deltas; none = off.", at_least=0)
    gamma_limit: Decimal | None = parameter(None, "Gamma of a book, shares a point; none = off.", at_least=0)
    vega_limit: Decimal | None = parameter(None, "Vega of a book, dollars a vol point; none = off.", at_least=0)
    max_daily_loss: Decimal | None = parameter(None, "Today's loss that stops openings, dollars; none = off.", above=0)
    max_drawdown: Decimal | None = parameter(None, "Loss from the high-water mark, dollars; none = off.", above=0)
    max_trades_per_day: int | None = parameter(None, "Opening trades a day; none = off.", at_least=0)

    def judge(self, now: ExposureSnapshot, then: ExposureSnapshot) -> Verdict:
        """The first limit that refuses an opening which turns `now` into `then`, else ok."""
        return next((no for no in self.breaches(now, then)), Verdict.ok("within limits"))

    def breaches(self, now: ExposureSnapshot, then: ExposureSnapshot) -> Iterator[Verdict]:
        """Every refusal; a limit that is on and lacks its input refuses too."""
        bounded: tuple[tuple[str, Figure, Figure, Figure], ...] = (
            ("position_limit", self.max_contracts_per_symbol, now.contracts, then.contracts),
            ("net_delta_limit", self.max_net_delta, now.net_delta, then.net_delta),
            ("gamma_limit", self.gamma_limit, now.gamma, then.gamma),
            ("vega_limit", self.vega_limit, now.vega, then.vega),
        )
        for code, bound, before, after in bounded:
            if bound is None:
                continue
            if after is None:
                yield Verdict.unknown(code, "unknown", f"<= {bound}")
            elif is_beyond(after, bound) and (before is None or _size(after) > _size(before)):
                yield Verdict.skip(code, _size(after), f"> {bound}")
        spent: tuple[tuple[str, Figure, Figure], ...] = (
            ("daily_loss", self.max_daily_loss, now.day_loss),
            ("drawdown", self.max_drawdown, now.drawdown),
            ("trades_per_day", self.max_trades_per_day, now.trades),
        )
        for code, limit, used in spent:
            if limit is None:
                continue
            if used is None:
                yield Verdict.unknown(code, "unknown", f"< {limit}")
            elif Decimal(used) >= limit:
                yield Verdict.skip(code, used, f">= {limit}")


def is_beyond(figure: Decimal | int, limit: Decimal | int | None) -> bool:
    """Whether a figure of either sign is larger than its limit; never where there is none.

    >>> is_beyond(-11, 10), is_beyond(10, 10), is_beyond(99, None)
    (True, False, False)
    """
    return limit is not None and _size(figure) > limit


def _size(figure: Decimal | int) -> Decimal:
    return abs(Decimal(figure))


ONE = Decimal(1)
HUNDRED = Decimal(100)


@frozen
class EquityPoint:
    """The account's equity at an instant, dollars."""

    at: dt.datetime
    equity: Decimal


@frozen
class EquityWatch:
    """What the guards remember of the account; `points` and `losses` reach back no further than their windows.

    `day_start` is the last equity of an earlier day, or the first one seen.
    """

    date: dt.date | None = None
    day_start: Decimal | None = None
    high_water: Decimal | None = None
    points: tuple[EquityPoint, ...] = ()
    losses: tuple[dt.datetime, ...] = ()
    paused_until: dt.datetime | None = None

    @property
    def equity(self) -> Decimal | None:
        """The newest mark, dollars."""
        return self.points[-1].equity if self.points else None

    @property
    def drawdown(self) -> Decimal | None:
        """Loss from the high-water mark, part of it."""
        return None if self.high_water is None or self.equity is None else _lost(self.high_water, self.equity)

    @property
    def day_loss(self) -> Decimal | None:
        """Loss of the day, part of the equity it began with; negative is a gain."""
        return None if self.day_start is None or self.equity is None else _lost(self.day_start, self.equity)


@frozen
class OpeningGuards:
    """Which losses stop openings; none = off, the figure when on stands in its sentence. Rule: DH-1009.

    A guard that is on and lacks its input refuses. Parts of equity are 0.05 for 5 %; speeds are percent a minute.

    >>> guards = OpeningGuards(drawdown=Decimal("0.05"))
    >>> noon, today = dt.datetime(2026, 1, 5, 17, tzinfo=dt.UTC), dt.date(2026, 1, 5)
    >>> watch = guards.marked(EquityWatch(), today, EquityPoint(noon, Decimal(100_000)))
    >>> print(guards.judge_halt(guards.marked(watch, today, EquityPoint(noon, Decimal(95_000)))))
    skip drawdown_halt: 0.05 >= 0.05
    """

    drawdown: Decimal | None = parameter(None, "Halt at this loss from the high-water mark; 0.05.", above=0)
    daily_loss: Decimal | None = parameter(None, "Halt at this loss of the day; 0.02.", above=0)
    vix_halves_above: Decimal | None = parameter(None, "Halve openings above this VIX; 30.", above=0)
    symbol_share: Decimal | None = parameter(None, "No opening above this part of equity in one symbol; 0.20.", above=0)
    losses: int | None = parameter(None, "Halt at so many losses within their window; 5.", at_least=1)
    loss_size: Decimal = parameter(Decimal("0.005"), "What counts as one of them, part of equity.", above=0)
    losses_window_seconds: int = parameter(600, "Their window, seconds.", above=0)
    slow_speed: Decimal | None = parameter(None, "Space openings from this loss speed, %/min; 0.10.", above=0)
    slow_spacing_seconds: int = parameter(120, "Then one opening in so many seconds.", above=0)
    stop_speed: Decimal | None = parameter(None, "Pause openings from this loss speed, %/min; 0.25.", above=0)
    stop_seconds: int = parameter(1800, "How long that pause is, seconds.", above=0)
    speed_window_seconds: int = parameter(600, "Speed is measured over so many seconds.", above=0)
    speed_points: int = parameter(3, "Fewer marks than this have no speed.", at_least=2)
    speed_drawdown: Decimal = parameter(Decimal("0.005"), "Nor has a smaller drawdown, part of equity.", at_least=0)

    # -- remembering ---------------------------------------------------------------------------------------------------

    def marked(self, watch: EquityWatch, date: dt.date, point: EquityPoint) -> EquityWatch:
        """The watch after a mark of the account's equity on a New York date."""
        fresh = watch.date != date
        day_start = (watch.equity or point.equity) if fresh or watch.day_start is None else watch.day_start
        high = point.equity if watch.high_water is None else max(watch.high_water, point.equity)
        oldest = point.at - dt.timedelta(seconds=self.speed_window_seconds)
        points = (*(known for known in watch.points if known.at >= oldest), point)
        recent = point.at - dt.timedelta(seconds=self.losses_window_seconds)
        losses = tuple(known for known in watch.losses if known >= recent)
        after = evolve(watch, date=date, day_start=day_start, high_water=high, points=points, losses=losses)
        speed = self.speed(after)
        if self.stop_speed is not None and speed is not None and speed >= self.stop_speed:
            return evolve(after, paused_until=point.at + dt.timedelta(seconds=self.stop_seconds))
        return after

    def closed(self, watch: EquityWatch, at: dt.datetime, profit: Decimal) -> EquityWatch:
        """The watch after a trade was closed with a profit, dollars; only a loss of size is remembered."""
        equity = watch.equity
        if equity is None or profit >= 0 or _part(-profit, equity) < self.loss_size:
            return watch
        oldest = at - dt.timedelta(seconds=self.losses_window_seconds)
        return evolve(watch, losses=(*(known for known in watch.losses if known >= oldest), at))

    def speed(self, watch: EquityWatch) -> Decimal | None:
        """How fast the window lost, percent a minute, first to last mark; None: too few marks, or too small a loss."""
        points = watch.points
        if len(points) < self.speed_points:
            return None
        minutes = Decimal(str((points[-1].at - points[0].at).total_seconds())) / 60
        peak = max(point.equity for point in points)
        if minutes <= 0 or _lost(peak, points[-1].equity) < self.speed_drawdown:
            return None
        return _lost(points[0].equity, points[-1].equity) * HUNDRED / minutes

    # -- judging -------------------------------------------------------------------------------------------------------

    def judge_halt(self, watch: EquityWatch) -> Verdict:
        """Whether the account must halt: drawdown, daily loss, losses in a row of minutes."""
        for code, limit, lost in (
            ("drawdown_halt", self.drawdown, watch.drawdown),
            ("daily_loss_halt", self.daily_loss, watch.day_loss),
        ):
            if limit is None:
                continue
            if lost is None:
                return Verdict.unknown(code, "equity unknown", f"< {limit}")
            if lost >= limit:
                return Verdict.skip(code, lost, f">= {limit}")
        if self.losses is not None and len(watch.losses) >= self.losses:
            return Verdict.skip("losses_halt", f"{len(watch.losses)} losses", f">= {self.losses}")
        return Verdict.ok("no halt")

    def judge_opening(
        self, watch: EquityWatch, now: dt.datetime, symbol_value: Decimal | None, last_opening: dt.datetime | None
    ) -> Verdict:
        """Whether one more opening may be made; `symbol_value` is what its symbol would be worth then, dollars."""
        if not (halt := self.judge_halt(watch)).passed:
            return halt
        if self.stop_speed is not None and watch.paused_until is not None and now < watch.paused_until:
            return Verdict.skip("loss_speed_pause", new_york_time(now), f"< {new_york_time(watch.paused_until)}")
        if (no := self._judge_spacing(watch, now, last_opening)) is not None:
            return no
        if self.symbol_share is None:
            return Verdict.ok("within guards")
        if symbol_value is None or watch.equity is None:
            return Verdict.unknown("symbol_share", "unknown", f"<= {self.symbol_share}")
        share = _part(abs(symbol_value), watch.equity)
        if share > self.symbol_share:
            return Verdict.skip("symbol_share", share, f"> {self.symbol_share}")
        return Verdict.ok("within guards")

    def contracts(self, wanted: int, vix: Decimal | None) -> int:
        """How many of the contracts wanted may be opened: half of them, floored, in a wild market; none blind.

        >>> wild = OpeningGuards(vix_halves_above=Decimal(30))
        >>> wild.contracts(5, Decimal(30)), wild.contracts(5, Decimal("30.01")), wild.contracts(5, None)
        (5, 2, 0)
        """
        if self.vix_halves_above is None:
            return wanted
        if vix is None:
            return 0
        return wanted // 2 if vix > self.vix_halves_above else wanted

    def _judge_spacing(self, watch: EquityWatch, now: dt.datetime, last_opening: dt.datetime | None) -> Verdict | None:
        speed = self.speed(watch)
        if self.slow_speed is None or speed is None or speed < self.slow_speed or last_opening is None:
            return None
        seconds = (now - last_opening).total_seconds()
        if seconds >= self.slow_spacing_seconds:
            return None
        return Verdict.skip("loss_speed_spacing", f"{seconds:g} s since the last", f"< {self.slow_spacing_seconds} s")


def _lost(before: Decimal, after: Decimal) -> Decimal:
    return _part(before - after, before)


def _part(amount: Decimal, whole: Decimal) -> Decimal:
    """A part of the equity; of nothing left everything is the whole."""
    return amount / whole if whole > 0 else ONE
