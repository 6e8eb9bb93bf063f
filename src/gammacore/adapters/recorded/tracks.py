"""What was known from when on: the guard against looking ahead, in one place."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Generic, TypeVar

from attrs import define, field, frozen

from gammacore.domain.market import OptionChain

T = TypeVar("T")

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
LONE_STEP_SECONDS = 60.0
"""The step of a recording too short to show one."""


@frozen
class Seen:
    """A price, points, with the instant it was seen."""

    price: Decimal
    at: dt.datetime | None


@frozen(eq=False)
class Track(Generic[T]):
    """A value over time: `values[i]` is known from `since[i]` on, until `since[i + 1]`. `since` is ascending.

    >>> noon = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
    >>> track = Track.of([(noon, "after")])
    >>> track.at(noon), track.at(noon - dt.timedelta(microseconds=1))
    ('after', None)
    """

    since: tuple[dt.datetime, ...] = ()
    values: tuple[T, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[tuple[dt.datetime, T]]) -> Track[T]:
        """A track of (known since, value) pairs in any order; of two at the same instant the later given holds."""
        ordered = sorted(dict(entries).items())
        return cls(tuple(since for since, _ in ordered), tuple(value for _, value in ordered))

    @classmethod
    def constant(cls, value: T) -> Track[T]:
        return cls((EVER,), (value,))

    def at(self, now: dt.datetime) -> T | None:
        """The value known at `now`; None before the first."""
        known = bisect_right(self.since, now)
        return self.values[known - 1] if known else None


@define(eq=False)
class ChainTape:
    """The instants at which something was recorded, ascending, and the chain of each, built when first asked for."""

    times: tuple[dt.datetime, ...]
    build: Callable[[int], OptionChain | None]
    _built: dict[int, OptionChain | None] = field(factory=dict, init=False)

    def at(self, now: dt.datetime) -> OptionChain | None:
        """The newest chain recorded at or before `now`; None before the first."""
        index = bisect_right(self.times, now) - 1
        if index < 0:
            return None
        if index not in self._built:
            self._built[index] = self.build(index)
        return self._built[index]

    def after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first recorded instant strictly after `instant`."""
        index = bisect_right(self.times, instant)
        return self.times[index] if index < len(self.times) else None

    def step_seconds(self) -> float:
        """The median distance between neighbouring instants, seconds."""
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(self.times)]
        return median(gaps) if gaps else LONE_STEP_SECONDS
