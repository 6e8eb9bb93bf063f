"""Watching the spread before it is sold: 90 seconds of marks, folded one by one. Rules: CS-334, CS-361.

Nothing waits here: each cycle adds one look, and the desk asks again until the watch is over.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.verdicts import Verdict


@frozen
class Observation:
    """What was seen of one spread since `began_at`; prices in points.

    `credit` is what we expect for it, `width` its wider wing. `turns` counts changes of the mid's direction, `way` is
    its present one (-1, 0, +1); `worst` the dearest it would have been to close; `speed` the fastest the underlying
    moved between two looks, points per second.
    """

    began_at: dt.datetime
    credit: Decimal
    width: Decimal
    looks: int = 0
    last_at: dt.datetime | None = None
    mid: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    way: int = 0
    turns: int = 0
    worst: Decimal = Decimal(0)
    price: Decimal | None = None
    price_at: dt.datetime | None = None
    speed: Fraction = Fraction(0)

    def seen(self, at: dt.datetime, mark: SpreadMark, price: Decimal | None) -> Observation:
        """The observation with one more look in it."""
        first = self.looks == 0
        way = 0 if first else (mark.mid > self.mid) - (mark.mid < self.mid)
        return evolve(
            self,
            looks=self.looks + 1,
            last_at=at,
            mid=mark.mid,
            low=mark.mid if first else min(self.low, mark.mid),
            high=mark.mid if first else max(self.high, mark.mid),
            way=way or self.way,
            turns=self.turns + (way * self.way < 0),
            worst=max(self.worst, mark.worst),
            price=self.price if price is None else price,
            price_at=self.price_at if price is None else at,
            speed=max(self.speed, self._speed(at, price)),
        )

    @property
    def worst_loss(self) -> Fraction:
        """(worst - C)/C: what closing at the worst look would have lost, part of the credit."""
        return Fraction(self.worst - self.credit) / Fraction(self.credit)

    def _speed(self, at: dt.datetime, price: Decimal | None) -> Fraction:
        if price is None or self.price is None or self.price_at is None or at <= self.price_at:
            return Fraction(0)
        microseconds = (at - self.price_at) // dt.timedelta(microseconds=1)
        return abs(Fraction(price) - Fraction(self.price)) / Fraction(microseconds, 1_000_000)


@frozen
class ObservationRule:
    """When on, a spread is watched before it is sold and must have kept still. Rules: CS-334, CS-361."""

    on: bool = parameter(False, "Watch the spread before it is sold.")
    seconds: int = parameter(90, "How long it is watched.", at_least=1)
    every_seconds: int = parameter(2, "Seconds between looks; nearer ones are passed over.", at_least=1)
    most_range: Decimal = parameter(Decimal("0.15"), "Largest range of its mid, part of the width.", at_least=0)
    most_turns: int = parameter(5, "Changes of its direction at most.", at_least=0)
    loss: Decimal = parameter(Decimal("0.40"), "Loss at the worst mark that ends it, part of the credit.", above=0)
    speed: Decimal = parameter(Decimal("0.5"), "Underlying at most this fast, SPX points a second.", at_least=0)

    def begin(self, at: dt.datetime, credit: Decimal, width: Decimal) -> Observation:
        """A watch with nothing seen yet; `credit` above 0, points."""
        return Observation(at, credit, width)

    def look(
        self, watched: Observation, at: dt.datetime, mark: SpreadMark | None, price: Decimal | None
    ) -> Observation:
        """One more look; without a usable mark, or sooner than `every_seconds`, nothing is added."""
        if mark is None:
            return watched
        if watched.last_at is not None and at - watched.last_at < dt.timedelta(seconds=self.every_seconds):
            return watched
        return watched.seen(at, mark, price)

    def is_over(self, watched: Observation, now: dt.datetime) -> bool:
        """Whether it was watched long enough to be judged."""
        return now - watched.began_at >= dt.timedelta(seconds=self.seconds)

    def judge(self, watched: Observation | None, now: dt.datetime, underlying: Underlying) -> Verdict:
        """A spread that moved too much is a no at once; one not watched to the end is unknown and passes."""
        if not self.on:
            return Verdict.ok("off")
        if watched is None or watched.looks < 2:
            return Verdict.unknown("observation_unknown", "not watched", blocks=False)
        for reading, limit, kept in self._findings(watched, underlying):
            if not kept:
                return Verdict.skip("observation", reading, limit)
        watched_for = f"{watched.looks} looks in {(now - watched.began_at).total_seconds():.0f} s"
        if not self.is_over(watched, now):
            return Verdict.unknown("observation_unknown", watched_for, f"{self.seconds} s needed", blocks=False)
        return Verdict.ok(f"{watched_for}, quiet")

    def _findings(self, watched: Observation, underlying: Underlying) -> tuple[tuple[str, str, bool], ...]:
        moved = Fraction(watched.high - watched.low) / Fraction(watched.width)
        limit = underlying.points(self.speed)
        return (
            (f"mid moved {float(moved):.1%} of the width", f"> {self.most_range:.0%}", moved <= self.most_range),
            (f"{watched.turns} changes of direction", f"> {self.most_turns}", watched.turns <= self.most_turns),
            (f"worst mark loses {float(watched.worst_loss):.0%}", f">= {self.loss:.0%}",
             watched.worst_loss < self.loss),
            (f"underlying {float(watched.speed):.3g} points/s", f"> {float(limit):.3g}", watched.speed <= limit),
        )  # fmt: skip
