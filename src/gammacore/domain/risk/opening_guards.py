"""When the account has lost too much, or too fast, to open anything; none of it blocks a hedge or an exit. DH-1009.

All are off by default. What they remember is `EquityWatch`, a value folded from equity marks and closed trades.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york_time
from gammacore.domain.verdicts import Verdict

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
        """How fast the window lost, percent a minute from its first to its last mark; None: no speed to speak of."""
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
