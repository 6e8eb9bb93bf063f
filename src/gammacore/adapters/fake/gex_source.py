"""A GEX source that says what it was told, and what it was asked."""

from __future__ import annotations

from collections.abc import Iterable

from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.market import MarketSnapshot


class FakeGexSource:
    """Implements ports.gex_source: readings in the order they were told, the last one for good; None is "not known"."""

    def __init__(self, readings: Iterable[GammaExposure | None] = ()) -> None:
        self._readings = list(readings)
        self.asked: list[MarketSnapshot] = []

    def tell(self, reading: GammaExposure | None) -> None:
        """What the next question is answered with, after those told before."""
        self._readings.append(reading)

    def exposure(self, snapshot: MarketSnapshot) -> GammaExposure | None:
        self.asked.append(snapshot)
        if not self._readings:
            return None
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]
