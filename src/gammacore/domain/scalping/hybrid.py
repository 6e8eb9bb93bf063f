"""Which of the two desks the hybrid trades: by volatility, with hysteresis and a least stay. Rules: SC-501..503."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from attrs import frozen

from gammacore.domain.ledger import DeskSwitched
from gammacore.domain.parameters import parameter
from gammacore.domain.volatility import VolatilityReading
from gammacore.domain.words import DeskState, SwitchStep
from gammacore.errors import InvalidInput


class OnGammaRefused(StrEnum):
    """stand: no share is bought either while volatility is high; st0cka: the share scalp goes on. Rule: SC-505."""

    STAND = "stand"
    ST0CKA = "st0cka"


@frozen
class HybridRules:
    """When the hybrid scalps shares and when gamma. Rules: SC-501..507.

    >>> from gammacore.domain.volatility import VolatilitySource
    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> at = lambda value: VolatilityReading(value, VolatilitySource.INTRADAY, 20, noon)
    >>> [HybridRules().wants_gamma(at(value)) for value in (0.20, 0.2000001)]
    [False, True]
    >>> [HybridRules().leaves_gamma(at(value)) for value in (0.1800001, 0.18)]
    [False, True]
    """

    hybrid_threshold: float = parameter(0.20, "Gamma is scalped above this volatility, a fraction a year.", above=0)
    hysteresis: float = parameter(0.02, "It is left only so far below it.", at_least=0)
    min_dwell: int = parameter(1800, "Least stay after a change of desks, seconds.", at_least=0)
    on_gamma_refused: OnGammaRefused = parameter(
        OnGammaRefused.STAND, "Where no straddle may be bought: stand, or scalp shares all the same (st0cka)."
    )
    transition_timeout: int = parameter(60, "A step of a change that takes longer is alarmed, seconds.", above=0)

    def __attrs_post_init__(self) -> None:
        if self.hysteresis >= self.hybrid_threshold:
            raise InvalidInput(
                "hysteresis", self.hysteresis, f"give less than hybrid_threshold, {self.hybrid_threshold}"
            )

    def wants_gamma(self, reading: VolatilityReading) -> bool:
        """Strictly above the threshold; an assumed reading never. Rule: SC-501."""
        return not reading.is_assumed and reading.value > self.hybrid_threshold

    def leaves_gamma(self, reading: VolatilityReading) -> bool:
        """At or below threshold less hysteresis (to nine digits); an assumed reading changes nothing. SC-502."""
        return not reading.is_assumed and reading.value <= round(self.hybrid_threshold - self.hysteresis, 9)

    def chosen(self, reading: VolatilityReading) -> DeskState:
        """The desk of the first reading of a day. Rule: SC-503."""
        return DeskState.GAMMA if self.wants_gamma(reading) else DeskState.ST0CKA

    def must_stay(self, last: DeskSwitched | None, now: dt.datetime) -> bool:
        """Whether it came into its state by a change of desks too short a time ago. Rule: SC-502."""
        came = last is not None and last.step is SwitchStep.DONE
        return came and last is not None and (now - last.at).total_seconds() < self.min_dwell
