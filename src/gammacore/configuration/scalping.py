"""The settings of the scalping desks: what all of them read, and the rules of each. Rule: SC-702."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.tape import TapeRules
from gammacore.domain.volatility import VolatilityRules


@frozen
class ScalpingSettings:
    """How the scalping desks read quotes and volatility, and what each of them does."""

    quotes: TapeRules = TapeRules()
    volatility: VolatilityRules = VolatilityRules()
    st0cka: St0ckaRules = St0ckaRules()
