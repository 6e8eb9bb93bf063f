"""Kinds of simulated day: presets over the model. `normal` is the model as it is, price by price."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


class Mood(StrEnum):
    """What kind of day it is."""

    CALM = "calm"  # VIX 12
    NORMAL = "normal"  # VIX wanders around 16
    VOLATILE = "volatile"  # VIX 45
    TRENDING = "trending"  # the close is far from the open, and bursts go one way
    GAPPING = "gapping"  # the open is far from the close before
    SPIKE = "spike"  # a quiet morning and an afternoon that is not


@frozen
class Temper:
    """What a mood does to the path of every day of a seed, so that its days still fit together.

    `spike_start` and `spike_end` are parts of the session: on a whole day the minutes 240 to 300.
    """

    trend: float = parameter(0.0, "Added to the move from bell to bell, in its direction, deviations.", at_least=0)
    gap: float = parameter(0.0, "Added to the overnight gap, in its direction, deviations of a gap.", at_least=0)
    spike: float = parameter(1.0, "Factor of variance while the spike lasts.", above=0)
    spike_start: float = parameter(240 / 390, "Part of the session after which the spike begins.", at_least=0, below=1)
    spike_end: float = parameter(300 / 390, "Part of the session after which it ends.", above=0, at_most=1)

    def __attrs_post_init__(self) -> None:
        if not self.spike_start < self.spike_end:
            raise InvalidInput("spike_end", self.spike_end, "let the spike end after it began")


EVEN = Temper()
"""Changes nothing."""


@frozen
class Preset:
    """The figures of a mood; `vix` None: it wanders."""

    vix: Decimal | None = None
    temper: Temper = EVEN


MOODS: dict[Mood, Preset] = {
    Mood.CALM: Preset(vix=Decimal(12)),
    Mood.NORMAL: Preset(),
    Mood.VOLATILE: Preset(vix=Decimal(45)),
    Mood.TRENDING: Preset(temper=Temper(trend=2.0)),
    Mood.GAPPING: Preset(temper=Temper(gap=2.0)),
    Mood.SPIKE: Preset(vix=Decimal(12), temper=Temper(spike=49.0)),
}
"""The spike is what it takes: at VIX 12 an hour at midday realises 0.04 a year, and seven times that is read as 0.28.

Nine times the variance would read 0.12: no rule of scalping would notice.
"""
