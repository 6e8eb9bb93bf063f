"""From which net delta the desk hedges. Rules: DH-301..303."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.hedging.settings import HedgingSettings, UnknownRegime
from gammacore.domain.regime.regime import Regime


def base_threshold(settings: HedgingSettings, regime: Regime) -> Decimal:
    """The threshold of a regime, contract-deltas, before any band by contracts. Rule: DH-301.

    Negative dealer gamma amplifies moves, so the band tightens; a macro event widens it, for fills are poor then.

    >>> from gammacore.domain.regime.regime import GexReading, GexStatus
    >>> negative = GexReading(GexStatus.OVERRIDE, Decimal(-15000))
    >>> base_threshold(HedgingSettings(), Regime(negative, macro_active=True))
    Decimal('0.1250')
    """
    sign = regime.gex.sign
    tight = sign == -1 or (sign is None and settings.unknown_regime_policy is UnknownRegime.TIGHT)
    threshold = settings.threshold_negative_gex if tight else settings.threshold
    return threshold * settings.macro_threshold_factor if regime.macro_active else threshold


def with_band(settings: HedgingSettings, threshold: Decimal, contracts: int) -> Decimal:
    """The threshold, or the band of the open contracts where that is wider. Rule: DH-303.

    >>> from attrs import evolve
    >>> with_band(evolve(HedgingSettings(), band_per_contract=Decimal("0.01")), Decimal("0.15"), 40)
    Decimal('0.40')
    """
    return max(threshold, settings.band_per_contract * contracts) if settings.band_per_contract else threshold
