"""The settings of the scalping desks: what all of them read, and the rules of each. Rule: SC-702."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.loop_limits import RunnerLimits
from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.gamma import GammaRules
from gammacore.domain.scalping.hybrid import HybridRules
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.scalping.st0ckg import St0ckgRules
from gammacore.domain.tape import TapeRules
from gammacore.domain.volatility import VolatilityRules


@frozen
class ScalpingSettings:
    """How the scalping desks read quotes and volatility, and what each of them does; how their runner ends."""

    track_performance: bool = parameter(True, "The journal as CSV beside the ledger, every minute of a run.")
    quotes: TapeRules = TapeRules()
    volatility: VolatilityRules = VolatilityRules()
    st0cka: St0ckaRules = St0ckaRules()
    st0ckg: St0ckgRules = St0ckgRules()
    runner: RunnerLimits = RunnerLimits()
    gamma: GammaRules = GammaRules()
    hybrid: HybridRules = HybridRules()
